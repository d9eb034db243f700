"""Dropping tabs, and chats of the sidebar, onto a row of tabs or the edge of a page."""

from __future__ import annotations

from PySide6.QtCore import QPoint

from gui.window.panes.pane_area import Drop
from gui.window.panes.tab_drag import TabDragging
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.panes.test_panes import tabs_of, three_chats


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
