"""Chats that are asleep: how they are put to sleep, what their pages and rows show, and what wakes them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from gui.settings.layout import SavedWindow, WindowLayout
from gui.window.page.sleep_bar import SleepBar
from gui.window.sheets.chooser import Choice
from gui.window.widgets.prompt_field import PromptField
from session_host import paths
from session_host.errors import HostUnavailable, NotResumable, OutliveError, StaysAwake
from session_host.protocol.facts import ChatFacts, LaterPrompt
from session_host.protocol.messages import Prompt
from session_host.protocol.values import Activity, GridSize, KeyAction, State
from session_host.standing.groups import Group, Mark
from session_host.storage.store import Store
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.structured.items import StateChanged
from session_host.structured.transcript import Transcript
from session_host.terminal import create
from tests.support.widgets import entries_of_open_menu, open_menu
from tests.unit.gui.conftest import WAIT_S, WindowHarness, insert_record, one_pane

ASLEEP: dict[str, Any] = {
    "agent": "claude",
    "provider_session_id": "11111111-0000-4000-8000-000000000001",
    "state": State.EXITED,
    "end_request": "sleep",
    "ended_at": "2026-01-02T03:05:00Z",
    "freed_bytes": 640_000_000,
}
WOKEN = "00000000-0000-4000-8000-000000000001"


class FakeSleep:
    """Fakes of the client's functions for sleep; a test sets what they return or raise."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.refusal: OutliveError | None = None
        self.why = ""
        self.in_chat_view = False
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def wake(self, session_id: str, text: str, **_wishes: Any) -> ChatFacts:
        self.calls.append(("wake", session_id, text))
        woken = None
        if self.refusal is None:
            runtime = "structured" if self.in_chat_view else "terminal"
            woken = insert_record("one", id=WOKEN, agent="claude", resumed_from=session_id, runtime=runtime)
        await self.goes_on.wait()
        if self.refusal is not None:
            raise self.refusal
        assert woken is not None
        return woken

    async def why_awake_of(self, session_id: str) -> str:
        return self.why

    async def put_to_sleep(self, session_id: str, *, anyway: bool = False) -> str:
        self.calls.append(("sleep", session_id, anyway))
        if self.refusal is not None:
            raise self.refusal
        with Store.open(paths.database()) as store:
            store.update(session_id, state=State.EXITED, end_request="sleep", ended_at="2026-01-02T03:05:00Z")
        return ""

    def stop_asleep(self, session_id: str) -> bool:
        self.calls.append(("stop", session_id))
        return True


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeSleep:
    fake = FakeSleep()
    for name in ("wake", "why_awake_of", "put_to_sleep", "stop_asleep"):
        monkeypatch.setattr(f"session_host.client.chats.sleeping.{name}", getattr(fake, name))
    return fake


async def open_asleep(
    harness: WindowHarness, layout: WindowLayout | None = None, screen: str = "the last words\r\n", **fields: Any
) -> str:
    """Open the tab of a chat that is asleep in a terminal, beside another one; returns its id."""
    session_id = await harness.add("one", **(ASLEEP | fields))
    other = await harness.add("other")
    emulator = create(None, GridSize(80, 24))
    emulator.feed(screen.encode())
    save_screen(paths.session_dir(session_id) / "screen.bin", SavedScreen.of(emulator, portable=True, offset=0))
    emulator.close()
    window = harness.open_window(layout)
    window.open_chat(harness.chat(other))
    window.open_chat(harness.chat(session_id))
    if harness.page.terminal is not None:
        await harness.until(lambda: harness.page.is_settled, "the last screen")
    window.activateWindow()
    await harness.until(window.isActiveWindow, "the window to be active")
    return session_id


def bar_of(harness: WindowHarness) -> SleepBar:
    assert harness.page.bars.sleep.is_open
    return harness.page.bars.sleep.get()


def field_of(harness: WindowHarness) -> PromptField:
    field = bar_of(harness).field
    assert field is not None
    return field


def type_keys(harness: WindowHarness, text: str) -> None:
    """Type into the widget that has the keyboard; "\\r" is Enter."""
    for character in text:
        widget = harness.window.focusWidget()
        if character == "\r":
            QTest.keyClick(widget, Qt.Key.Key_Return)
        else:
            QTest.keyClicks(widget, character)
    harness.settle()


def typed_into(harness: WindowHarness, session_id: str) -> str:
    """What a chat got by keys; Enter is "|"."""
    pressed = [each for each in harness.viewers[session_id].calls if each[0] == "key" and each[4] != KeyAction.RELEASE]
    return "".join("|" if key == "Enter" else text for _, key, text, *_rest in pressed)


# ------------------------------------------------------------------------------------------ page and row


async def test_the_page_shows_the_last_screen_and_one_quiet_line(harness: WindowHarness, client: FakeSleep):
    session_id = await open_asleep(harness)
    assert harness.view.display.emulator is not None
    assert harness.view.display.emulator.rows()[0].text().strip() == "the last words"
    line = bar_of(harness).accessibleName()
    assert line.startswith("Asleep since 2 Jan, ")
    assert line.endswith(" · gave back 640 MB · type to wake it")
    assert field_of(harness).placeholderText() == line
    assert not harness.page.bars.end.is_open
    chat = harness.chat(session_id)
    assert (chat.group, chat.mark, chat.is_over) == (Group.IDLE, Mark.ASLEEP, False)
    assert [each.name for each in harness.sessions.listed.groups()[Group.IDLE]] == ["one"]
    assert not harness.sessions.listed.groups()[Group.ENDED]
    row = harness.window.sidebar.model.entry(harness.window.sidebar.model.index_of(session_id))
    assert (row.mark, "Asleep · gave back 640 MB" in row.second_line, row.dimmed) == ("asleep", True, False)  # type: ignore[union-attr]


def shown_rows(harness: WindowHarness) -> list[str]:
    """The rows of the terminal that are in sight."""
    surface = harness.view.display.surface
    rows = [(row, surface.row_rect(number)) for number, row in enumerate(surface.rows)]
    return [row.text() for row, rect in rows if row is not None and not rect.isEmpty()]


@pytest.mark.parametrize("screen", ["", "\x1b[?1049h\x1b[H"], ids=["primary", "alternate"])
async def test_a_full_last_screen_can_be_scrolled_to_its_first_row_above_the_field(
    harness: WindowHarness, client: FakeSleep, screen: str
):
    lines = [f"line {number}" for number in range(1, 25)]
    await open_asleep(harness, screen=screen + "\r\n".join(lines) + "\x1b[12;3H")
    harness.window.resize(900, 360)
    await harness.until(lambda: len(shown_rows(harness)) < 20, "the smaller screen")
    room = len(shown_rows(harness))
    assert shown_rows(harness) == lines[-room:]
    assert harness.view.scroller.bar.isVisible()
    for _ in range(4):
        QTest.keyClick(field_of(harness), Qt.Key.Key_PageUp)
    await harness.until(lambda: shown_rows(harness) == lines[:room], "the first rows")
    harness.window.resize(900, 900)
    await harness.until(lambda: shown_rows(harness) == lines, "the whole screen")
    assert not harness.view.scroller.bar.isVisible()


async def test_in_a_window_that_opens_narrow_the_quiet_line_is_cut_at_its_end(
    harness: WindowHarness, client: FakeSleep
):
    await open_asleep(harness, WindowLayout(windows=[SavedWindow(geometry=(0, 0, 500, 700))]))
    field = field_of(harness)
    shown_px = field.fontMetrics().horizontalAdvance(field.placeholderText())
    assert shown_px <= field.viewport().width() - 2 * field.document().documentMargin()
    assert field.placeholderText().endswith("…")


async def test_a_chat_that_goes_to_sleep_while_shown_keeps_its_screen_and_the_keyboard(
    harness: WindowHarness, client: FakeSleep
):
    viewer = await harness.open("one", agent="claude", provider_session_id="c1")
    await harness.focus_terminal()
    emulator = viewer.replica.emulator
    assert emulator is not None
    emulator.resize(GridSize(80, 80), emulator.cell)
    emulator.feed(b"\x1b[?1049h\x1b[H" + "\r\n".join(f"line {each}" for each in range(1, 81)).encode())
    viewer.end(end_request="sleep")
    harness.settle()
    assert field_of(harness).hasFocus()
    assert harness.view.display.emulator is viewer.replica.emulator
    assert shown_rows(harness)[-1] == "line 80"
    harness.view.scroller.scroll_to_start()
    await harness.until(lambda: shown_rows(harness)[0] == "line 1", "the first row")
    type_keys(harness, "go on")
    assert field_of(harness).toPlainText() == "go on"


async def test_in_a_chat_view_the_prompt_box_wakes(harness: WindowHarness, client: FakeSleep):
    await open_asleep(harness, runtime="structured")
    content = harness.content
    transcript = Transcript()
    transcript.apply(StateChanged("ended"))
    content.show_transcript(transcript)
    harness.settle()
    assert bar_of(harness).field is None
    assert content.view.prompt.editor.placeholderText() == "Ask the agent · Sending wakes the chat"
    client.goes_on.clear()
    content.view.prompt.editor.setFocus()
    type_keys(harness, "go on\r")
    await harness.until(lambda: client.calls, "the wake")
    type_keys(harness, "and then")
    assert [call[0::2] for call in client.calls] == [("wake", "go on")]
    assert bar_of(harness).words.accessibleName() == "Waking… “go on”"
    client.goes_on.set()
    await harness.until(lambda: harness.window.tabs.active_id == WOKEN, "the tab to change")
    assert harness.sessions.drafts.of(WOKEN).text == "and then"


async def test_what_is_written_in_a_chat_view_while_it_wakes_is_whole_and_what_is_sent_goes_behind_the_text(
    harness: WindowHarness, client: FakeSleep
):
    client.in_chat_view = True
    session_id = await open_asleep(harness, runtime="structured")
    content = harness.content
    transcript = Transcript()
    transcript.apply(StateChanged("ended"))
    content.show_transcript(transcript)
    content.view.prompt.editor.setFocus()
    client.goes_on.clear()
    type_keys(harness, "go on\r")
    await harness.until(lambda: client.calls, "the wake")
    type_keys(harness, "second\rand th")
    await harness.sessions.machines.here.refresh_now()
    harness.settle()
    assert harness.chat(session_id).is_continued, "the window knows it before the start has ended"
    type_keys(harness, "en")
    client.goes_on.set()
    await harness.until(lambda: harness.window.tabs.active_id == WOKEN, "the tab to change")
    assert harness.content.view.prompt.draft.text == "and then"
    await harness.until(lambda: harness.viewers[WOKEN].sent, "the second prompt")
    assert harness.viewers[WOKEN].sent == [Prompt("second")]


# ------------------------------------------------------------------------------------------ waking


async def test_nothing_but_a_text_wakes(harness: WindowHarness, client: FakeSleep):
    session_id = await open_asleep(harness)
    window = harness.window
    QTest.mouseClick(harness.view, Qt.MouseButton.LeftButton, pos=QPoint(40, 8))
    assert field_of(harness).hasFocus(), "a click leaves the keyboard to the text"
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Escape, Qt.Key.Key_Tab):
        QTest.keyClick(window.focusWidget(), key)
    window.focus_page()
    type_keys(harness, "  \r")
    window.commands.resuming.resume(harness.chat(session_id))
    window.commands.chat_actions.resume_several([harness.chat(session_id)])
    window.tabs.panes.active.tabs.step(1)
    window.tabs.panes.active.tabs.step(1)
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    harness.settle()
    assert client.calls == []
    assert harness.chat(session_id).is_asleep


async def test_a_text_and_enter_wake_it_once_and_what_is_typed_meanwhile_follows_in_order(
    harness: WindowHarness, client: FakeSleep
):
    session_id = await open_asleep(harness)
    client.goes_on.clear()
    tabs = harness.window.tabs.ids()
    type_keys(harness, "go on\r")
    await harness.until(lambda: client.calls, "the wake")
    type_keys(harness, "and\rmore")
    assert field_of(harness).toPlainText() == "go on", "it stays shown"
    assert bar_of(harness).words.accessibleName() == "Waking…"
    client.goes_on.set()
    await harness.until(lambda: harness.window.tabs.active_id == WOKEN, "the tab to change")
    assert harness.window.tabs.ids() == [WOKEN if tab == session_id else tab for tab in tabs], "in its place"
    assert client.calls == [("wake", session_id, "go on")]
    await harness.until(lambda: typed_into(harness, WOKEN), "the keys")
    assert typed_into(harness, WOKEN) == "and|more"
    assert harness.sessions.drafts.of(WOKEN).text == "", "the prompt is no draft as well"


async def test_keys_that_were_typed_before_the_user_left_the_tab_reach_the_chat(
    harness: WindowHarness, client: FakeSleep
):
    await open_asleep(harness)
    client.goes_on.clear()
    type_keys(harness, "go on\r")
    await harness.until(lambda: client.calls, "the wake")
    type_keys(harness, "more")
    harness.window.tabs.panes.active.tabs.step(1)
    client.goes_on.set()
    await harness.until(lambda: WOKEN in harness.window.tabs.ids(), "the tab to change")
    assert harness.window.tabs.active_id != WOKEN
    await harness.until(lambda: typed_into(harness, WOKEN), "the keys")
    assert typed_into(harness, WOKEN) == "more"


async def test_escape_drops_the_text(harness: WindowHarness, client: FakeSleep):
    session_id = await open_asleep(harness)
    type_keys(harness, "go on")
    assert harness.sessions.drafts.of(session_id).text == "go on"
    QTest.keyClick(harness.window.focusWidget(), Qt.Key.Key_Escape)
    assert field_of(harness).toPlainText() == ""
    assert harness.sessions.drafts.of(session_id).text == ""
    field_of(harness).undo()
    assert field_of(harness).toPlainText() == "go on"


async def test_if_it_cannot_be_woken_it_stays_asleep_and_the_text_is_the_saved_draft(
    harness: WindowHarness, client: FakeSleep
):
    session_id = await open_asleep(harness)
    client.goes_on.clear()
    client.refusal = NotResumable("one: its transcript is gone")
    type_keys(harness, "go on\r")
    await harness.until(lambda: client.calls, "the wake")
    type_keys(harness, " then\rstop")
    client.goes_on.set()
    await harness.until(bar_of(harness).refusal.isVisible, "the reason")
    assert bar_of(harness).refusal.text() == "Its transcript is gone."
    await harness.until(lambda: "stop" in field_of(harness).toPlainText(), "what was typed meanwhile")
    assert field_of(harness).toPlainText() == "go on then\nstop"
    assert harness.sessions.drafts.texts() == {session_id: "go on then\nstop"}
    assert harness.chat(session_id).is_asleep
    assert len(client.calls) == 1, "an Enter of meanwhile wakes nothing"
    client.refusal = None
    type_keys(harness, "\r")
    await harness.until(lambda: harness.window.tabs.active_id == WOKEN, "the second try")
    assert client.calls[1][2] == "go on then\nstop"


async def test_a_restarted_window_shows_it_asleep_with_its_draft(harness: WindowHarness, client: FakeSleep):
    session_id = await harness.add("one", **ASLEEP)
    window = harness.open_window(one_pane([session_id], session_id))
    harness.sessions.drafts.load({session_id: "go on"})
    assert window.tabs.ids() == [session_id]
    assert field_of(harness).toPlainText() == "go on"


async def test_a_text_that_could_not_wake_it_elsewhere_is_the_draft_with_the_reason(
    harness: WindowHarness, client: FakeSleep
):
    session_id = await open_asleep(harness)
    missed = LaterPrompt(
        "2026-01-02T04:00:00.000Z", "from the phone", "web", stage="missed", why="one: no claude here", wakes=True
    )
    with Store.open(paths.database()) as store:
        store.update(session_id, later=missed)
    await harness.sessions.machines.here.refresh_now()
    harness.settle()
    assert (field_of(harness).toPlainText(), bar_of(harness).refusal.text()) == ("from the phone", "No claude here.")
    QTest.keyClick(harness.window.focusWidget(), Qt.Key.Key_Escape)
    harness.page.refresh()
    assert field_of(harness).toPlainText() == "", "it was dropped"


async def test_woken_elsewhere_its_tab_follows_and_the_text_goes_on_in_the_terminal(
    harness: WindowHarness, client: FakeSleep
):
    session_id = await open_asleep(harness)
    type_keys(harness, "half a")
    insert_record("one", id=WOKEN, agent="claude", resumed_from=session_id)
    await harness.sessions.machines.here.refresh_now()
    await harness.until(lambda: harness.window.tabs.active_id == WOKEN, "the tab to change")
    assert session_id not in harness.window.tabs.ids()
    assert ("paste", "half a") in harness.viewers[WOKEN].calls
    assert client.calls == []


async def test_copy_takes_the_last_screen_and_paste_goes_into_the_text(harness: WindowHarness, client: FakeSleep):
    await open_asleep(harness)
    window = harness.window
    window.actions_["select_all"].trigger()
    window.actions_["copy"].trigger()
    assert QGuiApplication.clipboard().text().strip() == "the last words"
    window.actions_["paste"].trigger()
    await harness.until(lambda: "the last words" in field_of(harness).toPlainText(), "the text")


async def test_text_from_the_send_sheet_wakes(harness: WindowHarness, client: FakeSleep):
    session_id = await open_asleep(harness)
    sheet = harness.window.sheets.send
    assert sheet.ask(harness.chat(session_id))
    sheet.field.setPlainText("go on")
    sheet.send.click()
    await harness.until(lambda: harness.window.tabs.active_id == WOKEN, "the tab to change")
    assert client.calls == [("wake", session_id, "go on")]


# ------------------------------------------------------------------------------------------ putting to sleep


def idle(**fields: Any) -> dict[str, Any]:
    return {"agent": "claude", "provider_session_id": "c1"} | fields


def menu_of(harness: WindowHarness, *session_ids: str) -> None:
    chats = [harness.chat(each) for each in session_ids]
    place = harness.window.mapToGlobal(QPoint(200, 100))
    if len(chats) == 1:
        harness.window.menus.show_for_row(chats[0], place)
    else:
        harness.window.menus.show_for_several(chats, place)


async def test_the_menu_puts_an_idle_chat_to_sleep_and_says_what_ends(harness: WindowHarness, client: FakeSleep):
    session_id = await harness.add("one", **idle())
    harness.open_window()
    harness.show(session_id)
    harness.viewers[session_id].be(Activity.IDLE)
    menu_of(harness, session_id)
    entry = entries_of_open_menu()["Put to sleep"]
    assert "modes and models" in entry.toolTip()
    entry.trigger()
    await harness.until(lambda: harness.chat(session_id).is_asleep, "the sleep")
    assert client.calls == [("sleep", session_id, False)]
    assert harness.window.tabs.active_id == session_id
    menu_of(harness, session_id)
    offered = entries_of_open_menu()
    assert not offered.keys() & {"Remove", "Resume", "Put to sleep", "Kill at once"}
    offered["Stop"].trigger()
    await harness.until(lambda: ("stop", session_id) in client.calls, "the end")


@pytest.mark.parametrize(
    ("agent", "submenu", "entries"),
    [
        ("claude", "Sleep or end", ["Put to sleep", "", "Stop", "Kill at once"]),
        ("shell", "End chat", ["Stop", "Kill at once"]),
    ],
)
async def test_the_submenu_is_named_for_what_it_has(
    harness: WindowHarness, client: FakeSleep, agent: str, submenu: str, entries: list[str]
):
    session_id = await harness.add("one", **(idle() | {"agent": agent}))
    window = harness.open_window()
    harness.show(session_id)
    harness.viewers[session_id].be(Activity.IDLE)
    place = window.mapToGlobal(QPoint(200, 100))
    for show in (window.menus.show_for_row, window.menus.show_for_tab):
        show(harness.chat(session_id), place)
        menu = open_menu()
        below = menu.actions()[-1].menu()
        assert isinstance(below, QMenu)
        assert below.title().replace("&", "") == submenu
        assert [each.text().replace("&", "") for each in below.actions()] == entries
        menu.close()


async def test_what_is_typed_after_the_menu_of_the_row_is_in_the_page(harness: WindowHarness, client: FakeSleep):
    session_id = await harness.add("one", **idle())
    window = harness.open_window()
    harness.show(session_id)
    viewer = harness.viewers[session_id]
    viewer.be(Activity.IDLE)
    window.activateWindow()
    window.sidebar.take_focus()
    await harness.until(lambda: window.sidebar.isAncestorOf(window.focusWidget()), "the keyboard in the list")
    menu_of(harness, session_id)
    entries_of_open_menu()["Put to sleep"].trigger()
    type_keys(harness, "go")
    await harness.until(lambda: client.calls, "the sleep")
    type_keys(harness, " on")
    viewer.end(end_request="sleep")
    await harness.until(lambda: field_of(harness).toPlainText() == "go on", "the text")
    assert field_of(harness).hasFocus()
    type_keys(harness, " then")
    assert field_of(harness).toPlainText() == "go on then"


async def test_a_chat_at_work_has_the_reason_in_its_menu_and_sleeps_only_after_a_question(
    harness: WindowHarness, client: FakeSleep
):
    session_id = await harness.add("one", **idle())
    harness.open_window()
    harness.show(session_id)
    harness.viewers[session_id].be(Activity.WORKING)
    menu_of(harness, session_id)
    offered = entries_of_open_menu()
    assert not offered["Put to sleep (it is working)"].isEnabled()
    client.why = "is working, and has started npm run dev"
    offered["Put to sleep anyway…"].trigger()
    await harness.until(lambda: harness.page.is_question_open, "the question")
    question = harness.page.question
    assert question.title.text() == "one is working, and has started npm run dev. Put it to sleep anyway?"
    assert client.calls == []
    question.yes.click()
    await harness.until(lambda: client.calls, "the sleep")
    assert client.calls == [("sleep", session_id, True)]


async def test_what_only_its_host_knows_is_said_with_the_way_to_do_it_anyway(harness: WindowHarness, client: FakeSleep):
    session_id = await harness.add("one", **idle())
    harness.open_window()
    harness.show(session_id)
    harness.viewers[session_id].be(Activity.IDLE)
    client.refusal = StaysAwake("one still runs npm run dev")
    harness.window.actions_["sleep"].trigger()
    await harness.until(lambda: harness.banner, "the reason")
    assert harness.banner == "one was not put to sleep: it still runs npm run dev"
    assert harness.window.banners.current is not None
    assert harness.window.banners.current.action == "Put to sleep anyway…"


def palette(harness: WindowHarness) -> dict[str, Choice]:
    return {choice.title: choice for choice in harness.window.actions_.choices()}


async def test_the_palette_says_why_a_chat_stays_awake(harness: WindowHarness, client: FakeSleep):
    session_id = await harness.add("one", **idle())
    harness.open_window()
    harness.show(session_id)
    harness.viewers[session_id].be(Activity.NEEDS_INPUT)
    assert palette(harness)["Put chat to sleep"].detail == "it asks something"
    harness.viewers[session_id].be(Activity.IDLE)
    assert palette(harness)["Put chat to sleep"].detail == ""


async def test_several_are_put_to_sleep_after_one_question(harness: WindowHarness, client: FakeSleep):
    ids = [await harness.add(name, **idle()) for name in ("one", "two", "three")]
    window = harness.open_window()
    for session_id in ids:
        harness.show(session_id)
        harness.viewers[session_id].be(Activity.IDLE)
    harness.viewers[ids[2]].be(Activity.WORKING)
    menu_of(harness, *ids)
    entries_of_open_menu()["Put 2 chats to sleep…"].trigger()
    question = window.sheets.question
    assert question.title.text() == "Put 2 chats to sleep?"
    question.yes.click()
    await harness.until(lambda: len(client.calls) == 2, "the sleep")
    assert sorted(client.calls) == sorted(("sleep", each, False) for each in ids[:2])


async def test_those_of_several_that_stay_awake_are_named(harness: WindowHarness, client: FakeSleep):
    ids = [await harness.add(name, **idle()) for name in ("one", "two")]
    harness.open_window()
    for session_id in ids:
        harness.show(session_id)
        harness.viewers[session_id].be(Activity.IDLE)
    client.refusal = StaysAwake("one still runs make")
    menu_of(harness, ids[0], ids[1])
    entries_of_open_menu()["Put 2 chats to sleep…"].trigger()
    harness.window.sheets.question.yes.click()
    await harness.until(lambda: harness.banner, "the reasons")
    assert harness.banner.startswith("Not put to sleep: one (it still runs make); two (it ")


async def test_a_chat_that_cannot_be_reached_says_so(harness: WindowHarness, client: FakeSleep):
    session_id = await harness.add("one", **idle())
    harness.open_window()
    harness.show(session_id)
    harness.viewers[session_id].be(Activity.IDLE)
    client.refusal = HostUnavailable("the chat does not answer; try again")
    harness.window.actions_["sleep"].trigger()
    await harness.until(lambda: harness.banner, "the reason")
    assert harness.banner == "one was not put to sleep: the chat does not answer; try again"
    assert harness.window.banners.current is not None
    assert harness.window.banners.current.action == ""


async def test_of_several_only_idle_agents_are_put_to_sleep(harness: WindowHarness, client: FakeSleep):
    agent, command = await harness.add("one", **idle()), await harness.add("two")
    harness.open_window()
    for session_id in (agent, command):
        harness.show(session_id)
    harness.viewers[agent].be(Activity.IDLE)
    menu_of(harness, agent, command)
    assert entries_of_open_menu()["Put 1 chat to sleep…"].isEnabled()
    harness.viewers[agent].be(Activity.WORKING)
    menu_of(harness, agent, command)
    assert not entries_of_open_menu()["Put to sleep (none is an idle agent)"].isEnabled()


async def test_delete_does_not_remove_it(harness: WindowHarness, client: FakeSleep):
    session_id = await open_asleep(harness)
    window = harness.window
    window.commands.chat_actions.remove_several([harness.chat(session_id)])
    assert harness.banner == "Running chats can’t be removed. Stop them first."
    assert not harness.sessions.removals.begin([harness.chat(session_id)])
    assert session_id in harness.sessions.listed.ids()
