"""The timeline: what it shows of a day, by mouse and keyboard; other days; what cannot be read."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from gui.bridge.chat_days import ListedDay, ReadDay, bounds
from gui.window.timeline.bands import ROW_PX, shown_hours
from gui.window.timeline.tab import TimelineTab, current_date
from gui.wording import timeline_texts
from session_host.protocol.events import Answered, Event, NumberedEvent, StatusChanged, TurnEnded, TurnStarted
from session_host.protocol.values import Activity
from session_host.standing.days import ChatDay, Span
from session_host.system.clock import as_text
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import WindowHarness

Key = Qt.Key
TODAY = date(2026, 3, 5)
BEGIN_S, END_S = bounds(TODAY)
YESTERDAY_S = bounds(TODAY - timedelta(days=1))[0]


@pytest.fixture(autouse=True)
def _fixed_day(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "now" not in request.node.name:
        monkeypatch.setattr("gui.window.timeline.tab.current_date", lambda: TODAY)


def becomes(after: Activity, detail: str = "") -> StatusChanged:
    return StatusChanged(before=Activity.NO_SIGNAL, after=after, detail=detail)


async def happen(harness: WindowHarness, chat: str, *events: tuple[float, Event]) -> None:
    """Let these events of a chat have happened, at times in seconds since 1970."""
    numbered = [NumberedEvent(number, as_text(at_s), event) for number, (at_s, event) in enumerate(events, 1)]
    await harness.storage.call(lambda store: store.ledger.add(chat, numbered))


async def yesterday(harness: WindowHarness) -> list[str]:
    """Three chats, of which two worked yesterday; returns their ids."""
    ids = [
        await harness.add(name, agent="claude", runtime="structured", cwd=cwd)
        for name, cwd in (("Refuse used tokens", "/src/shop"), ("Docs: retries", "/src/docs"), ("never used", "/src"))
    ]
    at = YESTERDAY_S
    await happen(
        harness,
        ids[0],
        (at + 8 * 3600, TurnStarted(turn=1)),
        (at + 8 * 3600, becomes(Activity.WORKING)),
        (at + 9 * 3600, becomes(Activity.NEEDS_INPUT, "Run the migration?")),
        (at + 9.7 * 3600, Answered(request="r", by="window", name="Allow")),
        (at + 9.7 * 3600, becomes(Activity.WORKING)),
        (at + 12 * 3600, TurnEnded(turn=1, outcome="done")),
        (at + 12 * 3600, becomes(Activity.IDLE)),
    )
    await happen(
        harness,
        ids[1],
        (at + 10 * 3600, TurnStarted(turn=1)),
        (at + 10 * 3600, becomes(Activity.WORKING)),
        (at + 10.5 * 3600, TurnEnded(turn=1, outcome="error", error="API error 400")),
        (at + 10.5 * 3600, becomes(Activity.IDLE)),
    )
    return ids


async def open_timeline(harness: WindowHarness, days_ago: int = 1) -> TimelineTab:
    """Open the timeline at a day."""
    harness.window.commands.context.places.open_timeline()
    opener = harness.window._windows.tab_pages.timeline
    window = opener.page
    assert window is not None
    if days_ago:
        window.go(-days_ago)
    await harness.until(lambda: shown(window) is not None and shown(window).begin_s == bounds(window.day)[0], "the day")
    return window


def shown(window: TimelineTab) -> ReadDay:
    """The day that the window shows."""
    return window._model.day  # type: ignore[return-value]


def texts(window: TimelineTab) -> list[str]:
    return [each.text() for each in window.findChildren(QLabel) if each.isVisible() and each.text()]


async def test_a_day_shows_who_worked_waited_and_failed(harness: WindowHarness) -> None:
    ids = await yesterday(harness)
    harness.open_window()
    window = await open_timeline(harness)
    assert [each.id for each in shown(window).listed] == ids[:2], "a chat that did nothing is not listed"
    lines = texts(window)
    assert lines[0] == timeline_texts.YESTERDAY()
    for text in (
        "3 h 48 min",
        "worked by 2 chats",
        "42 min",
        "waited for you",
        "longest wait · Refuse used tokens",
        "2",
    ):
        assert text in lines
    model = window.rows.model()
    spoken = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2)]
    assert spoken == [
        "Refuse used tokens, worked 3 h 18 min, waited for you 42 min in 1 time, 1 prompt",
        "Docs: retries, worked 30 min, 1 prompt, failed 1 time",
    ]


def point_at(window: TimelineTab, row: int, hour: float) -> QPoint:
    """The point of a row at an hour of the day."""
    width = window.rows.viewport().width()
    x = window.rows.delegate.scale(width).x(shown(window).begin_s + hour * 3600)
    return QPoint(round(x), ROW_PX * row + ROW_PX // 2)


def said_at(window: TimelineTab, row: int, hour: float) -> str:
    """What a tool tip says there."""
    listed = shown(window).listed[row]
    found = window.rows.delegate.time_at(point_at(window, row, hour).x(), window.rows.viewport().width(), listed)
    return "" if found is None else "; ".join(found[1])


async def test_the_pointer_says_what_was_asked_and_how_it_ended(harness: WindowHarness) -> None:
    await yesterday(harness)
    harness.open_window()
    window = await open_timeline(harness)
    asked = said_at(window, 0, 9.3)
    assert asked.startswith("Waited for you 42 min · ")
    assert asked.endswith("; Run the migration?; Allow · in the window")
    assert said_at(window, 0, 8.5).startswith("Worked 1 h · ")
    assert said_at(window, 1, 10.5).endswith("; API error 400")
    assert said_at(window, 1, 9.2) == ""


async def test_a_click_goes_to_the_chat_at_that_time(harness: WindowHarness) -> None:
    ids = await yesterday(harness)
    main = harness.open_window()
    window = await open_timeline(harness)
    chosen: list[tuple[str, float]] = []
    window.chat_chosen.connect(lambda chat, at_s: chosen.append((chat, at_s)))
    QTest.mouseClick(window.rows.viewport(), Qt.MouseButton.LeftButton, pos=point_at(window, 1, 10.25))
    harness.settle()
    assert main.tabs.active_id == ids[1]
    [(chat, at_s)] = chosen
    assert chat == ids[1]
    assert abs(at_s - YESTERDAY_S - 10.25 * 3600) < 60


async def test_a_chat_view_shows_the_time_that_was_clicked_also_once_it_has_messages(harness: WindowHarness) -> None:
    chat = ScriptedChat()
    items = [chat.put("agent", f"message {number}\n\n" * 8, status="done") for number in range(40)]
    viewer = await harness.open_chat_view()
    view = harness.content.view
    middle = chat.transcript[20].at_ms
    view.go_to_time(middle + 1)
    viewer.show_transcript(chat.transcript)
    harness.settle()
    keys = [view.page.rows.key(placed.position) for placed in view.page.visible]
    assert items[20] in keys
    view.go_to_time(chat.transcript[3].at_ms + 1)
    harness.settle()
    keys = [view.page.rows.key(placed.position) for placed in view.page.visible]
    assert items[3] in keys


async def test_the_keyboard_goes_through_chats_and_their_times(harness: WindowHarness) -> None:
    await yesterday(harness)
    harness.open_window()
    window = await open_timeline(harness)
    chosen: list[float] = []
    window.chat_chosen.connect(lambda _chat, at_s: chosen.append(at_s))
    window.rows.setCurrentIndex(window.rows.model().index(0, 0))
    for key in (Key.Key_Right, Key.Key_Right, Key.Key_Return):
        QTest.keyClick(window.rows, key)
    assert chosen == [YESTERDAY_S + 9 * 3600]
    QTest.keyClick(window.rows, Key.Key_Down)
    assert window.rows.delegate.chosen == -1
    QTest.keyClick(window.rows, Key.Key_Return)
    assert chosen[1:] == [0.0]
    QTest.keyClick(window.rows, Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert window.day == TODAY - timedelta(days=2)
    QTest.keyClick(window.rows, Key.Key_Escape)
    harness.settle()
    assert harness.window._windows.tab_pages.timeline.page is None


async def test_a_day_without_work_says_so_and_today_has_no_next_day(harness: WindowHarness) -> None:
    await yesterday(harness)
    harness.open_window()
    window = await open_timeline(harness, 3)
    assert timeline_texts.NOTHING() in texts(window)
    assert not window.rows.isVisible()
    window.go(-40)
    await harness.until(lambda: timeline_texts.NOTHING_KEPT() in texts(window), "that nothing is known")
    window.go(1000)
    assert window.day == TODAY
    assert not window._forward.isEnabled()


async def test_a_chat_that_works_now_grows_when_the_day_is_read_again(harness: WindowHarness) -> None:
    now_s = datetime.now().astimezone().timestamp()
    chat = await harness.add("busy", agent="claude", runtime="structured")
    await happen(harness, chat, (max(now_s - 60, bounds(current_date())[0]), becomes(Activity.WORKING)))
    harness.open_window()
    window = await open_timeline(harness, 0)
    await harness.until(lambda: shown(window).listed, "the chat")
    first = shown(window).listed[0].day.spans[0].end_s
    window._again.timeout.emit()
    await harness.until(lambda: shown(window).listed[0].day.spans[0].end_s > first, "a later end")
    window.hide()
    assert not window._again.isActive()


async def test_a_machine_that_does_not_answer_is_named(harness: WindowHarness) -> None:
    await yesterday(harness)
    harness.open_window()
    window = await open_timeline(harness)
    day = shown(window)
    window.show_day(day._replace(problems=["devbox · no route to host", "build1 · it is asleep"]))
    assert "devbox · no route to host\nbuild1 · it is asleep" in texts(window)


def read_day(*days: ChatDay, now_h: float = 24.0) -> ReadDay:
    listed = [ListedDay(each.id, each.name, "/src", each) for each in days]
    return ReadDay(BEGIN_S, END_S, BEGIN_S + now_h * 3600, listed, [])


@pytest.mark.parametrize(
    ("work", "now_h", "hours"),
    [((9.5, 11.2), 24, (9, 13)), ((0.2, 23.9), 24, (0, 24)), ((9.5, 9.6), 10, (9, 13)), ((22, 23), 23.5, (22, 24))],
)
def test_the_shown_hours_begin_with_the_work_and_have_a_little_room(
    work: tuple[float, float], now_h: float, hours: tuple[float, float]
) -> None:
    span = Span(False, BEGIN_S + work[0] * 3600, BEGIN_S + work[1] * 3600)
    begin_s, end_s = shown_hours(read_day(ChatDay("c", "c", span.begin_s, span.end_s, (span,)), now_h=now_h))
    assert (begin_s - BEGIN_S) / 3600 == pytest.approx(hours[0], abs=0.01)
    assert (end_s - BEGIN_S) / 3600 >= hours[1] - 0.01
    assert end_s <= END_S


async def test_two_thousand_times_of_500_chats_are_shown_at_once(harness: WindowHarness) -> None:
    harness.open_window()
    spans = tuple(
        Span(number % 2 == 1, BEGIN_S + number * 40, BEGIN_S + number * 40 + 30, "x" * 400) for number in range(2000)
    )
    day = read_day(*(ChatDay(f"c{number}", "name " * 30, BEGIN_S, END_S, spans) for number in range(500)))
    window = await open_timeline(harness, 0)
    window.show_day(day)
    window.grab()
    assert window.rows.model().rowCount() == 500
