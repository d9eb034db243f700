"""Hidden tabs free their memory unnoticed; marks of unseen output and scroll positions outlive the window."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject

from gui.settings.layout import WindowLayout
from gui.terminal.scrolling import ScrollPosition, go_to, position_of_row
from gui.window.saving import UnseenMarks
from session_host.protocol.messages import BellEvent, NotificationEvent, OutputEvent
from session_host.protocol.values import GridSize, State
from session_host.terminal import create
from tests.unit.gui.conftest import WindowHarness, one_pane

LINES = b"".join(b"line %d\r\n" % number for number in range(300))


async def four_tabs(harness: WindowHarness) -> list[str]:
    ids = [await harness.add(name) for name in ("one", "two", "three", "four")]
    harness.open_window()
    for session_id in ids:
        harness.window.open_chat(harness.chat(session_id))
        harness.viewers[session_id].go_live(LINES)
        harness.settle()
    return ids


def is_followed(harness: WindowHarness, session_id: str) -> bool:
    return harness.viewers[session_id].output


def let_all_rest(harness: WindowHarness) -> None:
    """Let the pages rest one after the other, as the timer does."""
    tabs = harness.window.tabs.active.tabs
    is_due = True
    while is_due:
        tabs._suspend_timer.stop()
        tabs._suspend_next()
        is_due = tabs._suspend_timer.isActive()


async def test_hidden_tabs_except_the_last_one_free_their_replicas(harness: WindowHarness):
    ids = await four_tabs(harness)
    let_all_rest(harness)
    assert [harness.viewers[session_id].emulator is not None for session_id in ids] == [False, False, True, True]


async def test_a_tab_without_a_replica_shows_its_previous_picture_until_a_new_one_is_complete(harness: WindowHarness):
    one, *others = await four_tabs(harness)
    window = harness.window
    window.tabs.activate(one)
    harness.view.scroll_lines(-100)
    harness.settle()
    before = harness.view.grab().toImage()
    for session_id in others:
        window.tabs.activate(session_id)
    let_all_rest(harness)
    viewer = harness.viewers[one]
    assert viewer.emulator is None
    window.tabs.activate(one)
    assert harness.view.grab().toImage() == before, "at once, with nothing of the chat there"
    await harness.until(lambda: viewer.output, "the chat's output to be asked for again")
    viewer.emulator = create(None, GridSize(80, 24))
    viewer.emulator.feed(LINES + b"and more\r\n")
    viewer.delegate.viewer_replaced()
    harness.settle()
    assert viewer.emulator.frame().scroll_offset == 101, (
        "the previous scroll position, although there is more output now"
    )


async def test_a_tab_with_a_selection_keeps_its_replica(harness: WindowHarness):
    one, *_ = await four_tabs(harness)
    emulator = harness.viewers[one].emulator
    assert emulator is not None
    emulator.select_all()
    let_all_rest(harness)
    assert harness.viewers[one].emulator is emulator


async def test_a_closed_tab_keeps_no_replica(harness: WindowHarness):
    one, *_ = await four_tabs(harness)
    harness.window.commands.chat_actions.close_tab(one)
    assert harness.viewers[one].emulator is None
    assert not harness.viewers[one].is_closed


async def test_marks_of_unseen_output_are_restored_in_the_next_window(harness: WindowHarness):
    one, two, *_ = await four_tabs(harness)
    harness.viewers[one].tell(OutputEvent(offset=3))
    harness.viewers[two].tell(BellEvent())
    harness.chat(one).asks_by_notification = False
    harness.viewers[one].tell(NotificationEvent("", "done"))
    await harness.until(lambda: harness.layouts[-1]["unseen"] == [one, two], "the marks to be saved")
    assert (harness.layouts[-1]["rang"], harness.layouts[-1]["notified"]) == ([two], {one: "done"})
    window = harness.window
    layout = WindowLayout.from_dict(harness.layouts[-1])
    for session_id in (one, two):
        harness.chat(session_id).has_unseen_output = harness.chat(session_id).has_unseen_bell = False
        harness.chat(session_id).unseen_notification = ""
    UnseenMarks(harness.sessions, layout, window).load()
    assert [(chat.has_unseen_output, chat.has_unseen_bell) for chat in window.tabs.chats()] == [
        (True, False), (True, True), (False, False), (False, False),
    ]  # fmt: skip
    assert [chat.unseen_notification for chat in window.tabs.chats()] == ["done", "", "", ""]
    window.tabs.activate(two)
    await harness.until(lambda: harness.layouts[-1]["unseen"] == [one], "the mark to go")


async def test_the_scroll_position_in_an_ended_chat_is_restored(harness: WindowHarness):
    ended = await harness.add("old", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    window = harness.open_window(one_pane([ended], ended, {ended: (120, "")}))
    emulator = create(None, GridSize(80, 24))
    emulator.feed(LINES)
    place = position_of_row(emulator, 120)
    harness.view.go_to_position(place)
    harness.terminal.show_screen(emulator)
    frame = emulator.frame()
    assert frame.scrollback_rows - frame.scroll_offset == 120
    window.snapshot_layout()
    assert harness.saved_pane["places"] == {ended: (place.row, place.digest)}


def test_a_scroll_position_is_found_although_older_rows_are_gone():
    emulator = create(None, GridSize(80, 24))
    emulator.feed(LINES)
    place = position_of_row(emulator, 150)
    assert place.digest
    assert "line 150" not in place.digest, "the layout contains no text of a chat"
    for shift in (60, -60, 0):
        assert go_to(emulator, ScrollPosition(150 + shift, place.digest))
        frame = emulator.frame()
        assert frame.scrollback_rows - frame.scroll_offset == 150
    assert not go_to(emulator, ScrollPosition(150, "no such row"))
    assert not go_to(emulator, ScrollPosition(5000, ""))
    emulator.close()


async def test_a_switch_paints_the_other_screen_before_anything_else_is_updated(harness: WindowHarness):
    one, *_, last = await four_tabs(harness)
    tabs = harness.window.tabs
    order: list[str] = []

    class Painted(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
            if event.type() == QEvent.Type.Paint:
                order.append("painted")
            return False

    painted = Painted()
    tabs.active_changed.connect(lambda: order.append("told"))
    for session_id in (one, last):
        tabs.activate(session_id)
        harness.settle()
        view = harness.view
        view.installEventFilter(painted)
        tabs.activate(last if session_id == one else one)
        order.clear()
        tabs.activate(session_id)
        assert order[0] == "painted", "sidebar, title and store are updated after it"
        assert "told" in order
        assert not is_followed(harness, session_id), "the host works for it once the window has painted"
        await harness.until(partial(is_followed, harness, session_id), "the host to be asked for output")
        view.removeEventFilter(painted)
