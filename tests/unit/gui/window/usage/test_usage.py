"""The usage tab: what it shows, by mouse and keyboard; the foot of the list."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from gui.bridge.account_limits import LimitsOn
from gui.bridge.usage import ReadUsage, read_all
from gui.theme.tokens import SECONDARY_PX, font
from gui.window.sidebar.limits_foot import LimitsFoot, foot_lines
from gui.window.usage.amounts import Amounts
from gui.window.usage.tab import UsageTab, current_date
from gui.window.widgets.limits import LimitLine, LimitSaid, foot_columns, percent_px
from gui.wording import usage_texts
from session_host import paths
from session_host.client.chats.settings import load_chat_settings
from session_host.client.usage import AccountLimits
from session_host.protocol.events import NumberedEvent, TurnEnded
from session_host.protocol.turns import TurnWork
from session_host.protocol.usage import QUARTER_S, UsageSum
from session_host.structured.items import UsageLimit
from session_host.system.clock import as_text
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.machines import OtherMachine

Key = Qt.Key


def used(chat: str, days_ago: int = 0, **fields: object) -> UsageSum:
    """What a chat used on a day, at noon."""
    day = current_date() - timedelta(days=days_ago)
    at = datetime(day.year, day.month, day.day, 12).astimezone().timestamp()
    known: dict[str, object] = {"name": chat, "agent": "claude", "project": "/src/api", "turns": 1}
    return UsageSum(chat, quarter=int(at) // QUARTER_S, **(known | fields))  # type: ignore[arg-type]


def limit(used: float, hours: float, window_min: int = 300, name: str = "") -> UsageLimit:
    return UsageLimit("id", used, window_min, round((time.time() + hours * 3600) * 1000), name)


def account(agent: str, *limits: UsageLimit, name: str = "", machine: str = "") -> LimitsOn:
    return LimitsOn(machine, AccountLimits(agent, name, limits, ""))


def read(*sums: UsageSum, limits: list[LimitsOn] | None = None, since: date | None = None) -> ReadUsage:
    return ReadUsage(list(sums), limits or [], since or (current_date() if sums else None), [])


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[ReadUsage]:
    """What the next reading finds, the last one."""
    found = [read()]

    async def read_given(_sessions: object, _since_s: float) -> ReadUsage:
        return found[-1]

    monkeypatch.setattr("gui.bridge.usage.read_all", read_given)
    return found


async def opened(harness: WindowHarness) -> UsageTab:
    """Open the tab, and wait until it shows what was read."""
    harness.window.actions_["usage"].trigger()
    page = harness.window._windows.tab_pages.usage.page
    assert page is not None
    await harness.until(lambda: page._read is not None, "what was used")
    return page


def texts(page: QWidget) -> list[str]:
    return [each.text() for each in page.findChildren(QLabel) if each.isVisible() and each.text()]


def spoken(page: UsageTab) -> list[str]:
    model = page.table.view.items
    return [model.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]


async def test_turns_of_the_store_are_shown_with_their_names_and_numbers(harness: WindowHarness) -> None:
    chat = await harness.add("Bounded retries", agent="claude", runtime="structured", cwd="/src/api")
    work = TurnWork(read=100_000, cached=900_000, written=60_000, cost=1.25, currency="USD", known="exact")
    ended = TurnEnded(turn=1, outcome="done", ended=as_text(time.time()), work=work)
    await harness.storage.call(lambda store: store.ledger.add(chat, [NumberedEvent(1, as_text(time.time()), ended)]))
    harness.open_window()
    page = await opened(harness)
    shown = texts(page)
    for text in ("tokens today, 1 turn", "tokens in 30 days, 1 turn", "today, as the agents estimate"):
        assert text in shown
    assert [shown.count(text) for text in ("1.1M", "1.25 USD")] == [2, 2]
    page.by.choose("chat")
    page._show()
    [row] = spoken(page)
    assert row.startswith("Bounded retries CC: Turns 1, Tokens in 1.0M, of them cached 900k, Tokens out 60")
    opened_chats: list[str] = []
    page.chat_chosen.connect(opened_chats.append)
    QTest.keyClick(page.table.view, Key.Key_Down)
    QTest.keyClick(page.table.view, Key.Key_Return)
    harness.settle()
    assert opened_chats == [chat]
    assert harness.window.tabs.active_id == chat


async def test_a_day_lists_its_chats_by_a_click_and_by_keys(harness: WindowHarness, given: list[ReadUsage]) -> None:
    given.append(read(used("new", read=10), used("old", 3, read=20)))
    harness.open_window()
    page = await opened(harness)
    view = page.bars.view
    today, before = (view.visualRect(view.days.index(29 - ago)).center() for ago in (0, 3))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=before)
    assert page.by.key == "chat"
    assert [each.partition(":")[0] for each in spoken(page)] == ["old CC"]
    assert page._all_days.isVisible()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=today)
    assert [each.partition(":")[0] for each in spoken(page)] == ["new CC"]
    QTest.keyClick(page, Key.Key_Escape)
    assert page.day is None
    assert len(spoken(page)) == 2
    view.setCurrentIndex(view.days.index(26))
    QTest.keyClick(view, Key.Key_Return)
    assert page.day == current_date() - timedelta(days=3)
    QTest.keyClick(view, Key.Key_Escape)
    QTest.keyClick(view, Key.Key_Escape)
    harness.settle()
    assert harness.window._windows.tab_pages.usage.page is None


async def test_tab_goes_through_the_page_as_one_reads_it(harness: WindowHarness, given: list[ReadUsage]) -> None:
    given.append(read(used("new", read=10, costs=(("USD", 1.0),))))
    harness.open_window()
    page = await opened(harness)
    page.setFocus()
    names: list[str] = []
    while len(names) < 20 and (widget := QApplication.focusWidget()) is not None:
        names.append(widget.accessibleName() or getattr(widget, "text", str)())
        QTest.keyClick(widget, Key.Key_Tab)
        if QApplication.focusWidget() is page:
            break
    ours = names[: names.index(usage_texts.ASK_WHEN(when=usage_texts.WHEN_DAY())) + 1]
    rows = [usage_texts.COPY_CSV(), usage_texts.ROWS()]
    amounts = [usage_texts.ASK_WHEN(when=each()) for each in (usage_texts.WHEN_CHAT, usage_texts.WHEN_DAY)]
    assert ours[-8:] == [usage_texts.TOKENS(), "30 days", usage_texts.DAYS(), "Agent", *rows, *amounts]


async def test_the_keyboard_is_at_today_at_first(harness: WindowHarness, given: list[ReadUsage]) -> None:
    given.append(read(used("new", read=10)))
    harness.open_window()
    page = await opened(harness)
    view = page.bars.view
    await harness.until(view.hasFocus, "the days to have the keyboard")
    assert view.currentIndex().row() == 29
    await harness.press(Key.Key_Left)
    assert view.currentIndex().row() == 28
    assert page.bars._flyout.isVisible()


async def test_the_pointer_says_a_days_numbers(harness: WindowHarness, given: list[ReadUsage]) -> None:
    given.append(read(used("new", read=10), used("two", agent="codex", read=5, least=1)))
    harness.open_window()
    page = await opened(harness)
    view, flyout = page.bars.view, page.bars._flyout
    point = view.visualRect(view.days.index(29)).center()
    QTest.mouseMove(view.viewport(), point)
    await harness.until(flyout.isVisible, "the numbers")
    assert page.rect().contains(flyout.geometry())
    page._show()
    assert flyout.isVisible(), "it stays while the days are read again"
    said = view.days.index(29).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said.endswith(": ≥ 15. Claude Code 10, Codex ≥ 5. 2 chats")
    QApplication.sendEvent(view.viewport(), QEvent(QEvent.Type.Leave))
    assert not flyout.isVisible()


async def test_money_has_a_choice_for_each_currency(harness: WindowHarness, given: list[ReadUsage]) -> None:
    given.append(read(used("one", read=1, costs=(("USD", 2.0),))))
    harness.open_window()
    page = await opened(harness)
    assert list(page.measure._buttons) == ["tokens", "USD", "turns"]
    page.measure._buttons["tokens"].setFocus()
    QTest.keyClick(page.measure._buttons["tokens"], Key.Key_Right)
    assert page.measure.key == "USD"
    assert page.bars.view.days.days[-1].text == "2.00 USD"
    given.append(read(used("one", read=1, costs=(("EUR", 1.0), ("USD", 2.0)))))
    page.wanted.emit(0.0)
    await harness.until(lambda: len(page.measure._buttons) == 4, "the second currency")
    assert page.measure.key == "USD", "what was chosen stays"
    assert [each.text() for each in page.measure._buttons.values()] == ["Tokens", "EUR", "USD", "Turns"]


async def test_the_first_day_says_what_will_be_counted_and_has_no_axes(
    harness: WindowHarness, given: list[ReadUsage]
) -> None:
    harness.open_window()
    page = await opened(harness)
    assert usage_texts.NOTHING_YET() in texts(page)
    assert usage_texts.FROM_NOW_ON() in texts(page)
    assert not page.bars.isVisible()
    assert not page.table.isVisible()
    assert page.has_keyboard, "Escape closes it"
    given.append(read(since=current_date() - timedelta(days=90)))
    page.wanted.emit(0.0)
    await harness.until(lambda: usage_texts.NOTHING_IN_DAYS(days=30) in texts(page), "what is not there")
    assert usage_texts.FROM_NOW_ON() not in texts(page)


async def test_what_is_shown_follows_the_chats_while_it_is_seen(harness: WindowHarness, given: list[ReadUsage]) -> None:
    await harness.add("one")
    harness.open_window()
    page = await opened(harness)
    given.append(read(used("new", read=10)))
    await harness.add("two")
    await harness.until(page.bars.isVisible, "what the chat has used")
    page.hide()
    assert not page._again.isActive()
    page.note_change()
    assert not page._changed.isActive()


@pytest.mark.usefixtures("qapp")
def test_a_limit_that_is_reached_has_room_for_its_number() -> None:
    metrics = QFontMetrics(font(SECONDARY_PX))
    assert percent_px(metrics) > metrics.horizontalAdvance("100 %")


async def test_each_limit_of_each_account_has_its_line(harness: WindowHarness, given: list[ReadUsage]) -> None:
    limits = [
        account("claude", limit(0.62, 0.01), limit(0.81, 72, 10_080, "Opus"), name="work"),
        account("codex", limit(0.92, 24)),
    ]
    given.append(read(used("new", agent="gemini", read=1), limits=limits))
    harness.open_window()
    page = await opened(harness)
    lines = [(each.said.name, each.said.percent) for each in page.limits.findChildren(LimitLine)]
    assert lines == [("5-hour limit", 62), ("Weekly limit (Opus)", 81), ("5-hour limit", 92)]
    shown = texts(page)
    at = [shown.index(text) for text in ("Claude Code, work", "Codex", usage_texts.NO_LIMITS())]
    assert at == sorted(at)


async def test_the_file_has_what_the_table_has(harness: WindowHarness, given: list[ReadUsage]) -> None:
    given.append(read(used("new", read=1234567)))
    harness.open_window()
    page = await opened(harness)
    page.by.choose("chat")
    page._copy.click()
    assert "new,new,Claude Code,,/src/api,1,0,0,1234567,0,0\n" in QGuiApplication.clipboard().text()


async def test_a_machine_that_does_not_answer_is_named(harness: WindowHarness) -> None:
    harness.open_window()
    page = await opened(harness)
    page.show_usage(read(used("new", read=1))._replace(problems=["devbox · no route to host"]))
    assert "devbox · no route to host" in texts(page)


@pytest.mark.parametrize("width", [1700, 1366, 1240, 1100, 900, 700, 520, 400])
async def test_no_number_is_cut_at_any_width(harness: WindowHarness, given: list[ReadUsage], width: int) -> None:
    costs = (("EUR", 1234.5), ("USD", 20_000.25))
    given.append(read(used("new", read=1_599_000_000, least=1, costs=costs), used("old", 3, turns=12_345, costs=costs)))
    window = harness.open_window()
    page = await opened(harness)
    window.resize(width, 900)
    await harness.until(partial(_is_wide, window, width), "the width")
    for number in page._numbers:
        for part in (number.value, number.what):
            is_whole = part.width() >= part.fontMetrics().horizontalAdvance(part.text())
            assert is_whole or (part.wordWrap() and part.height() >= part.heightForWidth(part.width())), part.text()


@pytest.mark.parametrize("width", [1700, 1240, 900, 700, 520, 400])
async def test_no_row_and_no_text_is_cut_at_any_width(
    harness: WindowHarness, given: list[ReadUsage], width: int
) -> None:
    agents = ("gemini", "copilot", "qwen", "opencode")
    given.append(read(*(used(agent, agent=agent, read=10, least=1, unknown=1, turns=3) for agent in agents)))
    window = harness.open_window()
    page = await opened(harness)
    window.resize(width, 500)
    await harness.until(partial(_is_wide, window, width), "the width")
    harness.settle()
    assert page.table.height() >= page.table.sizeHint().height()
    for each in page.findChildren(QLabel):
        if each.isVisible() and each.wordWrap():
            assert each.height() >= each.heightForWidth(each.width()), each.text()
    assert page._right.geometry().right() <= page.width()


def _is_wide(window: QWidget, width: int) -> bool:
    return window.width() == width


async def test_a_narrow_tab_has_the_limits_below(harness: WindowHarness, given: list[ReadUsage]) -> None:
    given.append(read(used("new", read=1), limits=[account("claude", limit(0.5, 1))]))
    window = harness.open_window()
    page = await opened(harness)
    for width, is_beside in ((1700, True), (1240, True), (700, False), (520, False)):
        window.resize(width, 900)
        await harness.until(partial(_is_wide, window, width), "the width")
        left, right = page._left.geometry(), page._right.geometry()
        assert (right.left() > left.right()) is is_beside, width
        assert right.right() <= page.width() or not is_beside
        assert left.right() <= page.width()


async def test_in_a_narrow_tab_the_line_below_ends_with_an_ellipsis(
    harness: WindowHarness, given: list[ReadUsage]
) -> None:
    given.append(read(used("chat", read=10)))
    window = harness.open_window()
    page = await opened(harness)
    shown: dict[int, str] = {}
    for width in (520, 1240):
        window.resize(width, 900)
        await harness.until(partial(_is_wide, window, width), "the width")
        page.grab()
        [shown[width]] = [text for text in texts(page) if "by this" in text]
    assert shown[520].endswith("…")
    assert shown[520][:-1] == shown[1240][: len(shown[520]) - 1]
    assert "counted since" in shown[1240]


async def test_2000_chats_in_a_year_are_shown_at_once(harness: WindowHarness, given: list[ReadUsage]) -> None:
    given.append(read(*(used(f"chat {n}", n % 30, read=n + 1, agent="claude") for n in range(2000))))
    harness.open_window()
    page = await opened(harness)
    page.by.choose("chat")
    page._show()
    assert len(spoken(page)) == 21
    page.table.rest_chosen.emit()
    assert len(spoken(page)) == 2000
    page.grab()


# ---------------------------------------------------------------- the foot of the list


def foot(harness: WindowHarness) -> LimitsFoot | None:
    found = harness.window.sidebar.findChildren(LimitsFoot)
    return found[0] if found and found[0].isVisible() else None


async def say_limits(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, *accounts: LimitsOn) -> None:
    """Let the agents of a chat say these limits."""

    async def read_given(_sessions: object) -> list[LimitsOn]:
        return list(accounts)

    monkeypatch.setattr("gui.bridge.account_limits.read_limits", read_given)
    harness.sessions.account_limits.note_change()
    harness.sessions.account_limits._due.setInterval(0)
    harness.sessions.account_limits._due.start()
    await harness.until(lambda: harness.sessions.account_limits.accounts == list(accounts), "the limits")


async def test_the_foot_has_the_tightest_limit_of_each_account(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = harness.open_window()
    assert foot(harness) is None
    accounts = [
        account("claude", limit(0.62, 0.01), limit(0.81, 48, 10_080), name="work"),
        account("codex", limit(0.24, 0.01)),
    ]
    await say_limits(harness, monkeypatch, *accounts)
    shown = foot(harness)
    assert shown is not None
    assert [(each.name, each.percent) for each in shown._lines] == [("work", 81), ("Codex", 24)]
    assert shown.height() == 1 + 2 * 5 + 2 * 22
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton)
    assert window.tabs.active_id == ":usage"
    window.sidebar.set_collapsed(True)
    harness.settle()
    assert shown.height() == 1 + 2 * 5 + 22
    assert shown.accessibleName().startswith("Limits: work 81 %")
    await say_limits(harness, monkeypatch)
    assert foot(harness) is None, "no account says anything"


def test_a_single_account_is_named_by_its_limit() -> None:
    now = datetime.now().astimezone()
    [line] = foot_lines([account("claude", limit(0.625, 24 * 3))], lambda _agent: "Claude Code", now)
    assert (line.name, line.percent) == ("5-hour limit", 62)
    assert line.until.startswith("until ")
    lines = foot_lines([account("claude", limit(n / 10, 1), name=str(n)) for n in range(6)], str, now)
    assert [each.name for each in lines] == ["2", "3", "4", "5"]
    [far, own] = foot_lines(
        [account("codex", limit(0.1, 1), machine="devbox"), account("codex", limit(0, 1))], str, now
    )
    assert "devbox" in far.name
    assert own.name == "codex"


@pytest.mark.usefixtures("qapp")
def test_a_narrow_list_cuts_names_then_has_shorter_meters_then_no_end_then_no_meters() -> None:
    lines = [LimitSaid("Claude Code", 81, "until Thu 09:00")]
    found = [foot_columns(lines, width) for width in range(400, 60, -1)]
    steps = [
        (each.name_px < found[0].name_px, each.meter_px < 42, not each.shows_until, not each.meter_px) for each in found
    ]
    assert list(dict.fromkeys(steps)) == [
        (False, False, False, False),
        (True, False, False, False),
        (True, True, False, False),
        (False, False, True, False),
        (True, False, True, False),
        (True, True, True, False),
        (False, True, True, True),
        (True, True, True, True),
    ]
    assert foot_columns(lines, 264 - 24).meter_px, "a list of the usual width has meters"


async def test_limits_are_read_again_when_the_first_is_reset(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.open_window()
    await say_limits(harness, monkeypatch, account("claude", limit(0.5, 0.5), limit(0.1, 99)))
    timer = harness.sessions.account_limits._reset
    assert 0 < timer.interval() <= 0.5 * 3600 * 1000 + 1000
    assert timer.isSingleShot()


async def test_what_another_machine_says_is_by_the_clock_here_and_harmless(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.open_window()
    other = OtherMachine(harness, "devbox")
    other.machine.link.clock_ahead = timedelta(hours=1)
    now_s, asked = time.time(), []
    its = AccountLimits("codex", "a\nb", (limit(0.5, 1),), "")
    there = UsageSum("c1", "two\nlines\x1b[2J", "codex", quarter=int(now_s + 3600) // QUARTER_S, turns=1, read=7)

    async def call(function: Callable[..., object], *values: object) -> object:
        asked.append((function.__name__, *values))
        return {"read_usage": [there, there], "counted_since_s": round(now_s + 3600), "limits_of_accounts": [its]}[
            function.__name__
        ]

    monkeypatch.setattr(other.machine, "call", call)
    found = await read_all(harness.sessions, now_s - 60)
    [one] = found.sums
    assert (one.chat, one.name, one.quarter) == ("devbox/c1", "two lines [2J", int(now_s) // QUARTER_S)
    assert (one.turns, one.read) == (2, 14), "a chat's day is one sum"
    assert [(each.machine, each.account.account) for each in found.limits] == [("devbox", "a b")]
    assert found.since == current_date()
    assert asked[0] == ("read_usage", now_s - 60 + 3600)
    other.lose()
    lost = await read_all(harness.sessions, now_s - 60)
    assert (lost.sums, lost.limits) == ([], [])
    assert [line.partition(" · ")[0] for line in lost.problems] == ["devbox"]


# ---------------------------------------------------------------- the amounts


async def test_an_amount_is_chosen_from_a_list_and_written_to_the_file(
    harness: WindowHarness, given: list[ReadUsage]
) -> None:
    harness.open_window()
    page = await opened(harness)
    [amounts] = page.findChildren(Amounts)
    box = amounts.boxes["ask_at_chat"]
    assert [each.currentText() for each in amounts.boxes.values()] == [""] * 2, "off at first"
    assert box.field.placeholderText() == usage_texts.NO_AMOUNT()
    box.setCurrentIndex(box.findData(10.0))
    box.activated.emit(box.currentIndex())
    assert load_chat_settings(paths.config_dir()).ask_at_chat == 10.0
    (paths.config_dir() / "chats.toml").write_text("ask_at_chat = 12.5\nask_at_day = 20\n")
    harness.settings.read_again()
    assert [each.currentText() for each in amounts.boxes.values()] == ["12.50", "20.00"]
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert (paths.config_dir() / "chats.toml").read_text().strip() == "ask_at_day = 20"


@pytest.mark.parametrize(
    ("typed", "amount", "shown"),
    [("0.00001", 0.00001, "0.00001"), ("7,5", 7.5, "7.50"), (" 1234 ", 1234.0, "1234.00"), ("10", 10.0, "10.00")],
)
async def test_an_amount_is_typed(
    harness: WindowHarness, given: list[ReadUsage], typed: str, amount: float, shown: str
) -> None:
    harness.open_window()
    page = await opened(harness)
    [amounts] = page.findChildren(Amounts)
    box, other = amounts.boxes.values()
    box.setFocus()
    QTest.keyClicks(box.field, typed)
    QTest.keyClick(box.field, Key.Key_Return)
    assert load_chat_settings(paths.config_dir()).ask_at_chat == amount
    assert (box.currentText(), other.currentText()) == (shown, "")
    assert box.findData(amount) == box.currentIndex(), "it is in the list"
    box.field.selectAll()
    QTest.keyClick(box.field, Key.Key_Delete)
    other.setFocus()
    assert load_chat_settings(paths.config_dir()).ask_at_chat == 0.0, (
        "an empty field is no amount, also when it is left"
    )


@pytest.mark.parametrize("typed", ["ten", "-1", "2000000", "1,000.00", "nan", "inf"])
async def test_an_amount_that_the_file_cannot_have_is_refused_and_stays_to_be_mended(
    harness: WindowHarness, given: list[ReadUsage], typed: str
) -> None:
    harness.open_window()
    page = await opened(harness)
    (paths.config_dir() / "chats.toml").write_text("ask_at_chat = 12.5\n")
    harness.settings.read_again()
    [amounts] = page.findChildren(Amounts)
    box = amounts.boxes["ask_at_chat"]
    box.setFocus()
    box.field.selectAll()
    QTest.keyClicks(box.field, typed)
    QTest.keyClick(box.field, Key.Key_Return)
    assert amounts._problem.text().startswith("The amount must be ")
    assert box.property("invalid")
    harness.settings.read_again()
    assert box.currentText() == typed
    QTest.keyClick(box.field, Key.Key_Escape)
    assert (box.currentText(), amounts._problem.text()) == ("12.50", "")
    assert not box.property("invalid")
    assert load_chat_settings(paths.config_dir()).ask_at_chat == 12.5
    assert page.isVisible()


async def test_a_file_that_cannot_be_read_is_named_at_the_amounts(
    harness: WindowHarness, given: list[ReadUsage]
) -> None:
    harness.open_window()
    page = await opened(harness)
    (paths.config_dir() / "chats.toml").write_text("ask_at_chat = nonsense\n")
    harness.settings.read_again()
    [amounts] = page.findChildren(Amounts)
    assert "chats.toml" in amounts._problem.text()
