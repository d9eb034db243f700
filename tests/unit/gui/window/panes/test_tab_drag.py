"""Dropping tabs, and chats of the sidebar, onto a row of tabs or the edge of a page; panes too small to be split."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent

from gui.window.panes.pane import PaneWidget
from gui.window.panes.pane_area import Drop, point_in
from gui.window.panes.panes import Panes
from gui.window.panes.tab_drag import MIME, TabDrag, TabDragging
from tests.unit.gui.conftest import WindowHarness

from .test_panes import tabs_of, three_chats


async def test_a_dropped_tab_joins_the_row_or_splits_the_page(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    panes = harness.window.tabs
    [pane] = panes.panes()
    page = pane.tabs.page_of(one)
    dragging = panes.findChild(TabDragging)
    assert dragging is not None
    dragging.accept_drop(panes, pane, one, Drop(pane.number, "left"))
    assert tabs_of(panes) == [[one], [two, three]]
    left, right = panes.panes()
    assert left.tabs.page_of(one) is page, "the page itself moves"
    assert panes.active is left
    dragging.accept_drop(panes, right, three, Drop(left.number, at=0))
    assert tabs_of(panes) == [[three, one], [two]]
    dragging.accept_drop(panes, left, three, Drop(left.number, at=2))
    assert tabs_of(panes) == [[one, three], [two]]
    dragging.accept_drop(panes, right, two, Drop(left.number, "down"))
    harness.settle()
    assert tabs_of(panes) == [[one, three], [two]], "the emptied pane is gone, the new one is below"
    assert panes.panes()[0].x() == panes.panes()[1].x()


async def test_chats_of_the_sidebar_are_opened_where_they_are_dropped(harness: WindowHarness):
    one, two, three = await three_chats(harness)
    four = await harness.add("four")
    panes = harness.window.tabs
    [pane] = panes.panes()
    dragging = panes.findChild(TabDragging)
    assert dragging is not None
    dragging.open_chats([harness.chat(four)], Drop(pane.number, "right"))
    assert tabs_of(panes) == [[one, two, three], [four]]
    left, right = panes.panes()
    assert panes.active is right
    dragging.open_chats([harness.chat(two), harness.chat(four)], Drop(left.number, at=0))
    harness.settle()
    assert tabs_of(panes) == [[two, four, one, three]], "tabs move, and the emptied pane goes"
    assert panes.active_id == two
    panes.mirror("right")
    dragging.open_chats([harness.chat(three)], Drop(panes.active.number, at=0))
    assert tabs_of(panes) == [[two, four, one], [three, two]]
    panes.open(harness.chat(three))
    panes.mirror("left")
    left, middle, right = panes.panes()
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
    panes = window.tabs
    launched: list[object] = []
    monkeypatch.setattr(harness.sessions, "launch", launched.append)
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
    assert ([pane.tabs.ids() for pane in panes.panes()], launched) == ([[one, two, three], [three], [three]], [])
    left, upper, lower = panes.panes()
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
