"""Panes: split, focused, maximised, resized, closed and restored; tabs and chats dropped among them."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QCursor, QDragMoveEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest

from gui.bridge.chat import Chat
from gui.settings.layout import SavedPane, SavedWindow, WindowLayout
from gui.settings.pane_tree import Pane, Split
from gui.window.panes.pane import PaneWidget, move_tab
from gui.window.panes.pane_area import Drop, point_in
from gui.window.panes.panes import Panes
from gui.window.panes.tab_drag import MIME, TabDrag, TabDragging
from session_host.protocol.messages import OutputEvent
from session_host.protocol.values import Activity, State
from tests.support.widgets import move_held
from tests.unit.gui.conftest import WindowHarness


async def three_chats(harness: WindowHarness) -> list[str]:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    harness.open_window()
    for session_id in ids:
        harness.show(session_id)
    await harness.focus_terminal()
    return ids


def take_the_mouse_away(harness: WindowHarness) -> None:
    """Move the pointer to a corner, since a divider under it looks different."""
    QCursor.setPos(QGuiApplication.primaryScreen().geometry().bottomRight())
    harness.settle()


def tabs_of(panes: Panes) -> list[list[str]]:
    return [pane.tabs.ids() for pane in panes.all()]


def move_here(panes: Panes, session_id: str) -> None:
    """Move a tab of another pane into the active one, as the user drags it."""
    [source] = [pane for pane in panes.all() if pane is not panes.active and session_id in pane.tabs.ids()]
    move_tab(session_id, source, panes.active)


async def test_going_to_a_chat_shown_in_one_of_two_panes_never_moves_its_tab(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    panes = harness.window.tabs.panes
    panes.mirror("right")
    harness.settle()
    assert tabs_of(panes) == [[one, two, three], [three]]
    assert [pane.tabs.active_id for pane in panes.all()] == [three, three]
    assert panes.active is panes.all()[1]
    assert harness.view.hasFocus()
    [second] = harness.further
    assert second.output
    harness.window.open_chat(harness.chat(one))
    assert tabs_of(panes) == [[one, two, three], [three]], "its tab was behind another one and stays in its pane"
    assert panes.active is panes.all()[0]
    await harness.until(lambda: harness.viewers[one].output, "its output to be followed")
    assert harness.window.tabs.visible_ids() == {one, three}
    harness.window.open_chat(harness.chat(three))
    assert panes.active is panes.all()[1], "it is shown there"
    new = await harness.add("new")
    harness.window.open_chat(harness.chat(new))
    assert tabs_of(panes) == [[one, two, three], [three, new]], "a chat without a tab opens in the active pane"


async def test_a_key_moves_a_tab_along_its_row_and_stops_at_the_end(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    actions, panes = harness.window.actions_, harness.window.tabs.panes
    view = harness.view
    for moves, expected in [
        ("move_tab_right", [one, two, three]),
        ("move_tab_left", [one, three, two]),
        ("move_tab_left", [three, one, two]),
        ("move_tab_left", [three, one, two]),
        ("move_tab_right", [one, three, two]),
    ]:
        actions[moves].trigger()
        assert panes.active.tabs.ids() == expected
        assert harness.window.tabs.active_id == three
    assert view.hasFocus()
    assert harness.window.snapshot_layout().windows[0].panes[0].tabs == [one, three, two]


async def test_the_last_used_tab_is_reached_also_in_another_pane(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    last, panes = harness.window.actions_["last_tab"], harness.window.tabs.panes
    harness.window.tabs.activate(one)
    last.trigger()
    assert harness.window.tabs.active_id == three
    last.trigger()
    assert harness.window.tabs.active_id == one
    harness.window.tabs.close(three)
    last.trigger()
    assert harness.window.tabs.active_id == two, "a closed tab is left out"
    panes.mirror("right")
    move_here(panes, one)
    right = panes.active
    assert tabs_of(panes) == [[two], [two, one]]
    last.trigger()
    assert (harness.window.tabs.active_id, panes.active is right) == (two, True), "its own row has the tab"
    last.trigger()
    harness.window.tabs.close(two)
    last.trigger()
    assert (harness.window.tabs.active_id, panes.active is right) == (two, False)
    last.trigger()
    assert (harness.window.tabs.active_id, panes.active is right) == (one, True)


async def test_an_ended_chat_that_moves_to_another_pane_while_it_loads_is_shown_there(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    await three_chats(harness)
    read = asyncio.Event()

    async def read_late(_chat: Chat) -> None:
        await read.wait()

    monkeypatch.setattr("gui.window.panes.tabs.read_last_screen", read_late)
    ended = await harness.add("old", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    panes = harness.window.tabs.panes
    panes.mirror("right")
    harness.window.open_chat(harness.chat(ended))
    page = harness.page
    left, right = panes.all()
    move_tab(ended, right, left)
    assert (left.tabs.page_of(ended), page.is_settled) == (page, False)
    read.set()
    await harness.until(lambda: page.is_settled, "the end of the chat")


async def test_a_tab_moves_to_the_next_pane_and_panes_swap_positions(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    actions, panes = harness.window.actions_, harness.window.tabs.panes
    assert not actions["move_to_pane"].isEnabled()
    assert not actions["swap_panes"].isEnabled()
    panes.mirror("right")
    move_here(panes, two)
    left, right = panes.all()
    assert tabs_of(panes) == [[one, three], [three, two]]
    actions["move_to_pane"].trigger()
    assert tabs_of(panes) == [[one, three, two], [three]]
    assert (panes.active, harness.window.tabs.active_id) == (left, two)
    await harness.until(harness.view.hasFocus, "the moved page to have the keyboard")
    actions["swap_panes"].trigger()
    harness.settle()
    assert panes.all() == [right, left]
    assert right.x() < left.x()
    assert (panes.active, harness.window.tabs.active_id) == (left, two)
    assert harness.view.hasFocus()
    panes.activate_pane(right.number)
    actions["move_to_pane"].trigger()
    assert tabs_of(panes) == [[one, three, two]], "the pane of the last tab is gone, and the chat was there already"
    assert harness.window.tabs.active_id == three


async def test_keys_move_between_panes_and_the_active_one_is_marked(harness: WindowHarness):
    await three_chats(harness)
    panes = harness.window.tabs.panes
    for action in ("mirror_right", "mirror_down", "pane_left"):
        harness.window.actions_[action].trigger()
        harness.settle()
    left, upper, lower = panes.all()
    assert panes.active is left
    assert [pane.bar.property("pane") for pane in (left, upper, lower)] == ["active", "other", "other"]
    order = []
    for side in ("right", "up", "left", "right"):
        harness.window.actions_[f"pane_{side}"].trigger()
        harness.settle()
        order.append(panes.all().index(panes.active))
        page = harness.window.tabs.active_page
        assert page is not None
        assert page.has_keyboard
    assert order == [2, 1, 0, 1], "to the one that was used last"
    QTest.mouseClick(lower.tabs.pages()[0], Qt.MouseButton.LeftButton)
    QTest.mouseClick(lower.tabs.pages()[0].content.view, Qt.MouseButton.LeftButton)
    assert panes.active is lower


async def test_only_the_tab_in_front_of_the_active_pane_has_the_accent(harness: WindowHarness):
    await three_chats(harness)
    panes, tokens = harness.window.tabs.panes, harness.theme.tokens
    for action in ("mirror_right", "mirror_down"):
        harness.window.actions_[action].trigger()
    take_the_mouse_away(harness)

    def above() -> list[str]:
        """The colour above the middle of the tab in front, pane by pane."""
        harness.settle()
        found: list[str] = []
        for pane in panes.all():
            tab = pane.bar.tabRect(pane.bar.currentIndex())
            image = pane.bar.grab().toImage()
            colors = {image.pixelColor(tab.center().x(), y).name() for y in (0, 1)}
            assert image.pixelColor(tab.center().x(), 3).name() == tokens.page
            found += colors
        return found

    assert above() == [tokens.border, tokens.border, tokens.accent]
    panes.focus("left")
    assert above() == [tokens.accent, tokens.border, tokens.border]
    panes.focus("right")
    panes.close_pane()
    panes.close_pane()
    assert above() == [tokens.accent], "it is alone"


async def test_the_line_beside_the_sidebar_takes_no_space_and_is_dragged_by_the_mouse(harness: WindowHarness):
    window = harness.open_window()
    harness.settle()
    take_the_mouse_away(harness)
    sidebar, handle = window.sidebar, window.frame.splitter.handle(1)
    line = sidebar.mapTo(window, QPoint(sidebar.width(), 400))
    shown = window.grab().toImage()
    assert shown.pixelColor(line).name() == harness.theme.tokens.hairline
    assert shown.pixelColor(line - QPoint(1, 0)).name() == harness.theme.tokens.sidebar
    assert shown.pixelColor(line + QPoint(1, 0)).name() == harness.theme.tokens.page
    before, grip = sidebar.width(), handle.rect().center()
    assert sidebar.width() == window.tabs.panes.area.mapTo(window, QPoint(0, 0)).x()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=grip)
    move_held(handle, grip + QPoint(40, 0))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=grip)
    assert sidebar.width() == before + 40


async def test_a_maximised_pane_covers_the_others_which_follow_no_output_meanwhile(harness: WindowHarness):
    one, *_, three = await three_chats(harness)
    panes, chat = harness.window.tabs.panes, harness.chat(three)
    panes.mirror("right")
    move_here(panes, one)
    panes.maximise()
    harness.settle()
    left, right = panes.all()
    assert (left.isVisible(), right.size()) == (False, panes.area.size())
    assert three not in harness.window.tabs.visible_ids()
    harness.viewers[three].tell(OutputEvent(offset=3))
    unseen = [chat.unseen.output]
    panes.focus("left")
    assert left.isVisible()
    assert not panes.is_maximised
    assert [*unseen, chat.unseen.output] == [True, False]
    panes.maximise()
    harness.window.commands.chat_actions.close_tab(three)
    assert harness.window.tabs.active_id


async def test_dividers_are_dragged_moved_by_keys_and_evened_out(harness: WindowHarness):
    await three_chats(harness)
    panes = harness.window.tabs.panes
    panes.mirror("right")
    panes.mirror("right")
    harness.settle()
    left, middle, right = panes.all()
    before = left.width()
    panes.focus("left")
    panes.resize("right")
    assert middle.width() > right.width()
    line = panes.area.childAt(left.geometry().right() + 2, 300)
    assert line is not None
    QTest.mousePress(line, Qt.MouseButton.LeftButton, pos=QPoint(3, 300))
    move_held(line, QPoint(-97, 300))
    QTest.mouseRelease(line, Qt.MouseButton.LeftButton, pos=QPoint(0, 300))
    assert abs(before - 100 - left.width()) <= 1
    panes.even_out()
    assert max(abs(pane.width() - right.width()) for pane in (left, middle)) <= 1


async def test_closing_one_of_two_tabs_of_a_chat_keeps_the_other_and_reopens_where_it_was(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    window, panes = harness.window, harness.window.tabs.panes
    panes.mirror("down")
    window.commands.chat_actions.close_tab(three)
    harness.settle()
    assert tabs_of(panes) == [[one, two, three]]
    assert harness.further[0].is_closed
    assert not harness.viewers[three].is_closed
    assert harness.viewers[three].output
    assert harness.page.chat.id == three
    panes.mirror("down")
    panes.close_pane()
    assert tabs_of(panes) == [[one, two, three]]
    harness.window.tabs.reopen()
    assert tabs_of(panes) == [[one, two, three]]


async def test_ending_a_chat_that_is_shown_twice_asks_once_and_both_panes_show_its_end(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    *_, three = await three_chats(harness)
    ended: list[str] = []
    monkeypatch.setattr(harness.sessions.lifecycle, "stop", lambda chat: ended.append(chat.id))
    tabs, viewer = harness.window.tabs, harness.viewers[three]
    tabs.panes.mirror("right")
    harness.settle()
    [second] = harness.further
    second.go_live()
    viewer.be(Activity.WORKING)
    harness.window.actions_["stop"].trigger()
    asking = [page for page in tabs.pages() if page.is_question_open]
    assert asking == [tabs.active_page]
    asking[0].question.accept()
    assert ended == [three]
    for each in (second, viewer):
        each.end(exit_code=0)
    harness.settle()
    pages = [pane.tabs.active_page for pane in tabs.panes.all()]
    assert [page is not None and page.bars.end.get().isVisible() for page in pages] == [True, True]


async def test_removing_a_chat_closes_both_its_panes(harness: WindowHarness):
    *_, three = await three_chats(harness)
    panes = harness.window.tabs.panes
    panes.mirror("right")
    harness.sessions.chats.forget(harness.chat(three))
    harness.settle()
    assert len(panes.all()) == 1
    assert len(harness.window.tabs.ids()) == 2


async def test_the_window_without_tabs_is_shown_though_its_first_pane_has_gone(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    panes = harness.window.tabs.panes
    panes.mirror("right")
    panes.focus("left")
    panes.close_pane()
    harness.settle()
    for session_id in (one, two, three):
        harness.window.commands.chat_actions.close_tab(session_id)
        harness.settle()
    assert harness.window.empty.isVisible()
    harness.window.open_chat(harness.chat(one))
    assert not harness.window.empty.isVisible()


async def test_panes_are_restored_as_they_were(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    saved = SavedWindow(
        [SavedPane(["gone"], "gone"), SavedPane([ids[0], "gone", ids[1]], ids[0]), SavedPane([ids[1], ids[2]], ids[1])],
        Split(True, (Pane(0), Split(False, (Pane(1), Pane(2)), (0.25, 0.75))), (0.5, 0.5)),
        active_pane=1,
        is_pane_maximised=True,
    )
    window = harness.open_window(WindowLayout(windows=[saved]))
    panes = window.tabs.panes
    assert tabs_of(panes) == [[ids[0], ids[1]], [ids[1], ids[2]]]
    assert [pane.tabs.active_id for pane in panes.all()] == [ids[0], ids[1]]
    assert panes.active is panes.all()[0]
    assert panes.is_maximised
    window.snapshot_layout()
    layout = WindowLayout.from_dict(harness.layouts[-1]).windows[0]
    assert layout.tree == Split(False, (Pane(0), Pane(1)), (0.25, 0.75))
    assert (layout.active_pane, layout.is_pane_maximised) == (0, True)
    panes.maximise()
    upper, lower = panes.all()
    assert abs(lower.height() - 3 * upper.height()) <= 4


async def test_undoing_a_removal_restores_the_pane_at_its_position(harness: WindowHarness):
    ids = [await harness.add(name, state=State.EXITED, exit_code=0) for name in ("one", "two", "three")]
    one, two, three = ids
    right = Split(False, (Pane(1), Pane(2)), (0.25, 0.75))
    tree = Split(True, (Pane(0), right), (0.7, 0.3))
    saved = SavedWindow([SavedPane([each], each) for each in ids], tree)
    window = harness.open_window(WindowLayout(windows=[saved]))
    panes, removals = window.tabs.panes, harness.sessions.removals
    for session_id in (two, three):
        removals.begin([harness.chat(session_id)])
    assert tabs_of(panes) == [[one]]
    window.sidebar.list.setFocus()
    for session_id in (three, two):
        removals.undo([harness.chat(session_id)])
    assert panes.tree == tree
    assert [pane.tabs.active_id for pane in panes.all()] == [one, two, three]
    assert window.tabs.active_id == one
    assert window.focusWidget() is window.sidebar.list, "the keyboard stays where it is"
    removals.begin([harness.chat(two)])
    panes.mirror("down")
    removals.undo([harness.chat(two)])
    assert tabs_of(panes) == [[one], [two, one], [three]], "the arrangement has changed meanwhile"


async def test_with_one_pane_the_program_gets_the_keys_that_move_between_panes(harness: WindowHarness):
    await three_chats(harness)
    panes = harness.window.tabs.panes
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

    def goes_to_program() -> list[bool]:
        pressed = [
            QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Left, held | shift)
            for held in (control, Qt.KeyboardModifier.AltModifier)
        ]
        return [not harness.view.keyboard.is_window_key(event) for event in pressed]

    assert goes_to_program() == [True, True]
    panes.mirror("right")
    harness.settle()
    assert goes_to_program() == [False, False]
    panes.close_pane()
    harness.settle()
    assert goes_to_program() == [True, True]


async def test_a_dropped_tab_joins_the_row_or_splits_the_page(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    panes = harness.window.tabs.panes
    [pane] = panes.all()
    page = pane.tabs.page_of(one)
    dragging = panes.findChild(TabDragging)
    assert dragging is not None
    dragging.accept_drop(panes, pane, one, Drop(pane.number, "left"))
    assert tabs_of(panes) == [[one], [two, three]]
    left, right = panes.all()
    assert left.tabs.page_of(one) is page, "the page itself moves"
    assert panes.active is left
    dragging.accept_drop(panes, right, three, Drop(left.number, at=0))
    assert tabs_of(panes) == [[three, one], [two]]
    dragging.accept_drop(panes, left, three, Drop(left.number, at=2))
    assert tabs_of(panes) == [[one, three], [two]]
    dragging.accept_drop(panes, right, two, Drop(left.number, "down"))
    harness.settle()
    assert tabs_of(panes) == [[one, three], [two]], "the emptied pane is gone, the new one is below"
    assert panes.all()[0].x() == panes.all()[1].x()


async def test_chats_of_the_sidebar_are_opened_where_they_are_dropped(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    four = await harness.add("four")
    panes = harness.window.tabs.panes
    [pane] = panes.all()
    dragging = panes.findChild(TabDragging)
    assert dragging is not None
    dragging.open_chats([harness.chat(four)], Drop(pane.number, "right"))
    assert tabs_of(panes) == [[one, two, three], [four]]
    left, right = panes.all()
    assert panes.active is right
    dragging.open_chats([harness.chat(two), harness.chat(four)], Drop(left.number, at=0))
    harness.settle()
    assert tabs_of(panes) == [[two, four, one, three]], "tabs move, and the emptied pane goes"
    assert harness.window.tabs.active_id == two
    panes.mirror("right")
    dragging.open_chats([harness.chat(three)], Drop(panes.active.number, at=0))
    assert tabs_of(panes) == [[two, four, one], [three, two]]
    harness.window.tabs.open(harness.chat(three))
    panes.mirror("left")
    left, middle, right = panes.all()
    dragging.open_chats([harness.chat(three)], Drop(right.number, at=2))
    assert tabs_of(panes) == [[two, four, one], [three], [two, three]], "only the tab in that row moves"
    dragging.open_chats([harness.chat(four), harness.chat(two)], Drop(left.number, at=3))
    assert tabs_of(panes) == [[one, four, two], [three], [two, three]], "in the order in which they were dragged"
    at_edge = middle.geometry().center() + QPoint(0, middle.height() // 2 - 4)
    found = [dragging._drop_at(at_edge, None, chats) for chats in ([three], [one])]
    expected = [Drop(middle.number), Drop(middle.number, "down")]
    assert [each and each[0] for each in found] == expected, "a pane with this tab alone would only be made anew"
    dragging.accept_drop(panes, middle, three, Drop(right.number, at=0))
    assert tabs_of(panes) == [[one, four, two], [three, two]]


def dragged_to(panes: Panes, source: PaneWidget, tab: str, target: PaneWidget, point: QPoint) -> TabDrag:
    """Drag a tab over the page of a pane and drop it there; negative distances are those from the right and bottom."""
    data = QMimeData()
    data.setData(MIME, tab.encode())
    TabDrag.current = drag = TabDrag(source, tab)
    size = target.stack.size()
    inside = QPoint(point.x() % size.width(), point.y() % size.height())
    place = point_in(panes.area, target.stack) + inside
    mouse, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    filtering = panes.findChild(TabDragging)
    assert filtering is not None  # Called directly, since Qt sends such events only to the target of a drag.
    action = Qt.DropAction.MoveAction
    filtering.eventFilter(panes.area, QDragMoveEvent(place, action, data, mouse, keys))
    filtering.eventFilter(panes.area, QDropEvent(QPointF(place), action, data, mouse, keys))
    TabDrag.current = None
    return drag


async def test_a_pane_that_is_too_small_is_not_split_and_says_why(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    one, two, three = [await harness.add(name) for name in ("one", "two", "three")]
    window = harness.open_window()
    for session_id in (one, two, three):
        harness.show(session_id)
    panes = window.tabs.panes
    launched: list[object] = []
    monkeypatch.setattr(harness.sessions.lifecycle, "launch", launched.append)
    window.frame.splitter.setSizes([200, 460])
    window.resize(660, 420)
    harness.settle()
    messages = []
    for action in ("mirror_right", "mirror_right", "mirror_down", "mirror_down", "split_right"):
        window.actions_[action].trigger()
        harness.settle()
        messages.append(harness.banner)
        window.banners.dismiss()
    narrow = "This pane is too narrow to split. Make it or the window wider."
    assert messages == ["", narrow, "", "This pane is too short to split. Make it or the window taller.", narrow]
    assert ([pane.tabs.ids() for pane in panes.all()], launched) == ([[one, two, three], [three], [three]], [])
    left, upper, lower = panes.all()
    for source, tab, target, point, expected, text in (
        (left, one, upper, QPoint(4, 80), Drop(upper.number), "Too narrow to split"),
        (left, one, lower, QPoint(100, -4), Drop(lower.number), "Too short to split"),
        (left, two, left, QPoint(4, 120), Drop(left.number, None, 1), "Too narrow to split"),
        (lower, three, upper, QPoint(100, -4), Drop(upper.number, "down"), ""),
    ):
        drag = dragged_to(panes, source, tab, target, point)
        covers_page = panes.area.zone.geometry() == QRect(point_in(panes.area, target.stack), target.stack.size())
        assert (panes.area.zone.text, covers_page) == (text, bool(text))
        assert drag.drop_target is not None
        assert drag.drop_target[1] == expected
