"""The menus of the sidebar itself and beside the tabs."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from gui.window.actions import action_table
from gui.wording import common_texts, window_texts
from tests.unit.gui.conftest import WindowHarness

OF_SIDEBAR = [
    action_table.title("new_chat"),
    window_texts.BY_STATE(),
    window_texts.BY_PROJECT(),
    window_texts.COMPACT_ROWS(),
    "Hide sidebar",
]


def right_click(widget: QWidget, point: QPoint) -> None:
    """Send the event of a right click; it goes to the first parent that takes it."""
    QApplication.sendEvent(widget, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, point, widget.mapToGlobal(point)))


def taken(harness: WindowHarness, choose: str = "") -> tuple[list[str], list[str]]:
    """Close the shown menu, by choosing an action; returns the texts of its actions, and those of the disabled ones."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    actions = [action for action in menu.actions() if not action.isSeparator()]
    found = [action.text() for action in actions], [action.text() for action in actions if not action.isEnabled()]
    if choose:
        menu.setActiveAction(next(action for action in actions if action.text() == choose))
        QTest.keyClick(menu, Qt.Key.Key_Return)
    else:
        menu.close()
    harness.settle()
    return found


async def test_a_right_click_in_the_sidebar_away_from_chats_shows_what_concerns_all_of_them(
    harness: WindowHarness,
) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    sidebar = window.sidebar
    viewport = sidebar.list.viewport()
    below, heading = QPoint(40, viewport.height() - 10), sidebar.list.visualRect(sidebar.model.index(0)).center()
    for widget, point in ((viewport, below), (viewport, heading), (sidebar.new_button, QPoint(3, 3))):
        right_click(widget, point)
        assert taken(harness) == (OF_SIDEBAR, [])
    right_click(viewport, below)
    taken(harness, window_texts.BY_PROJECT())
    assert harness.settings.preferences.window.group_chats == "project"
    right_click(viewport, sidebar.list.visualRect(sidebar.model.index_of(session_id)).center())
    assert common_texts.EXPORT() in taken(harness)[0], "a chat has its own menu"


async def test_the_menu_key_shows_the_sidebars_menu_where_no_chat_is_selected(harness: WindowHarness) -> None:
    window = harness.open_window()
    sidebar = window.sidebar
    QTest.keyClick(sidebar.list, Qt.Key.Key_Menu)
    assert taken(harness)[0] == OF_SIDEBAR, "there is no chat"
    await harness.add("one")
    window.sidebar.refresh()
    sidebar.list.setCurrentIndex(sidebar.model.index(0))
    sidebar.list.clearSelection()
    QTest.keyClick(sidebar.list, Qt.Key.Key_Menu)
    assert taken(harness)[0] == OF_SIDEBAR, "the heading is no chat"


async def test_a_right_click_beside_the_tabs_reopens_a_closed_tab(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    window.resize(1200, 600)
    for session_id in (one, two):
        harness.show(session_id)
    [pane] = window.tabs.panes()
    beside = QPoint(pane.bar.width() - 5, 10)
    texts = [action_table.title(name) for name in ("new_chat", "new_shell", "reopen_tab")]
    right_click(pane.bar, beside)
    assert taken(harness) == (texts, [action_table.title("reopen_tab")])
    window.actions_["close_tab"].trigger()
    right_click(pane.bar, beside)
    assert taken(harness, action_table.title("reopen_tab")) == (texts, [])
    assert window.tabs.active_id == two


async def test_the_menu_beside_the_tabs_acts_on_the_pane_of_these_tabs(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    window.resize(1200, 600)
    harness.show(one)
    window.tabs.mirror("right")
    harness.show(two)
    left, right = window.tabs.panes()
    assert window.tabs.active is right
    right_click(left.bar, QPoint(left.bar.width() - 5, 10))
    taken(harness)
    assert window.tabs.active is left
