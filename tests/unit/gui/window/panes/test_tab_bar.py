"""Tabs use the available width, and show unseen output and bells."""

from __future__ import annotations

import html

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QStyleOptionTab, QTabBar

from gui.theme.icons import Mark
from gui.window.panes.tab_bar import CLOSE_PX, MIN_TAB_PX, TabBar, TabLook, distinct_names, fit_widths
from session_host.protocol.messages import BellEvent, NotificationEvent, OutputEvent
from tests.unit.gui.conftest import WindowHarness, one_pane

LONG = "frontend: rewrite the settings page with the new tokens"


def test_the_widest_tabs_shrink_first():
    assert fit_widths([100, 200, 300], 600) == [100, 200, 300]
    assert fit_widths([100, 200, 300], 500) == [100, 200, 200]
    assert fit_widths([100, 400, 300], 500) == [100, 200, 200]
    assert fit_widths([90, 400, 300], 100) == [90, MIN_TAB_PX, MIN_TAB_PX]
    assert fit_widths([], 100) == []


def test_the_tab_in_front_has_room_for_its_button_in_addition():
    assert fit_widths([100, 200, 300], 600, 1, 20) == [100, 200, 300]
    assert fit_widths([300, 300, 300], 620, 1, 20) == [200, 220, 200]
    assert fit_widths([300, 300, 300], 100, 0, 20) == [MIN_TAB_PX + 20, MIN_TAB_PX, MIN_TAB_PX]
    assert fit_widths([90, 300, 300], 100, 0, 20) == [90, MIN_TAB_PX, MIN_TAB_PX], "its name is not cut"


def shown_name(bar: TabBar, index: int) -> str:
    """The text of a tab as it is painted, elided."""
    option = QStyleOptionTab()
    bar.initStyleOption(option, index)
    return str(option.text)


async def test_the_picture_of_a_dragged_tab_has_its_name_wherever_the_tab_is(harness: WindowHarness):
    ids = [await harness.add(name, cwd="/src") for name in ("proj", "proj-2", "third")]
    window = harness.open_window(one_pane(ids, ids[1]))
    bar = window.tabs.active.bar
    for index in range(len(ids)):
        rect = bar.tabRect(index).adjusted(0, 0, -CLOSE_PX - 10, 0)
        seen = bar.grab(rect).toImage().convertToFormat(QImage.Format.Format_RGB32)
        picture = bar.picture_of(index).toImage().convertToFormat(QImage.Format.Format_RGB32)
        assert picture.copy(QRect(QPoint(), rect.size())) == seen


async def test_the_tab_in_front_does_not_show_less_of_its_name_than_the_others(harness: WindowHarness):
    ids = [await harness.add("t8", cwd="/src") for _ in range(14)]
    window = harness.open_window(one_pane(ids, ids[0]))
    bar = window.tabs.active.bar
    window.resize(900, 500)
    for front in (0, 3, 2, 13):
        window.tabs.activate(ids[front])
        harness.settle()
        assert bar.currentIndex() == front
        assert len({shown_name(bar, index) for index in range(len(ids))}) == 1, "the names are equally long"
        widths = [bar.tabRect(index).width() for index in range(len(ids))]
        assert widths == [MIN_TAB_PX + 20 if index == front else MIN_TAB_PX for index in range(len(ids))]
        for index in range(len(ids)):
            QTest.mouseMove(bar, bar.tabRect(index).center())
            harness.settle()
            assert [bar.tabRect(each).width() for each in range(len(ids))] == widths, "the mouse moves nothing"


async def test_tabs_that_do_not_fit_are_listed_in_a_menu(harness: WindowHarness):
    ids = [await harness.add(f"{LONG} {number}") for number in range(12)]
    window = harness.open_window(one_pane(ids, ids[0]))
    window.resize(700, 500)
    harness.settle()
    overflow = window.tabs.active.overflow
    assert overflow.isVisible()
    bar = window.tabs.active.bar
    widths = [bar.tabButton(index, QTabBar.ButtonPosition.RightSide).width() for index in range(12)]
    assert widths == [20] + [0] * 11, "no room is kept for a button that is not shown"
    overflow.show_list()
    [menu] = overflow.findChildren(QMenu)
    actions = menu.actions()
    assert [action.text() for action in actions] == [f"{LONG} {number}" for number in range(12)]
    actions[10].trigger()
    menu.close()
    assert window.tabs.active_id == ids[10]
    for session_id in ids[2:]:
        window.tabs.close(session_id)
    window.resize(1600, 500)
    harness.settle()
    assert not overflow.isVisible()


async def test_the_layout_of_tabs_settles_in_panes_of_any_width(harness: WindowHarness):
    window = harness.open_window(one_pane([await harness.add("billing")], ""))
    for _ in range(3):
        window.actions_["mirror_right"].trigger()
    changes: list[bool] = []
    for bar in window.findChildren(TabBar):
        bar.crowded.connect(changes.append)
    for width in range(1000, 560, -20):
        window.resize(width, 500)
        for _ in range(4):
            harness.settle()
        changes.clear()
        for _ in range(4):
            harness.settle()
        assert len(changes) <= 2, f"the list of tabs comes and goes in a window of {width} px"


async def test_tabs_and_their_list_distinguish_chats_of_one_name(harness: WindowHarness):
    ids = [await harness.add("claude & co", cwd=directory) for directory in ("/src/api", "/src/docs")]
    window = harness.open_window(one_pane([*ids, await harness.add("alone")], ids[0]))
    bar, overflow = window.tabs.active.bar, window.tabs.active.overflow
    overflow.show_list()
    [menu] = overflow.findChildren(QMenu)
    texts = [action.text() for action in menu.actions()]
    assert texts == ["claude && co · api", "claude && co · docs", "alone"]
    assert [bar.tabText(index) for index in range(3)] == texts
    menu.close()
    window.tabs.close(ids[1])
    assert [bar.tabText(index) for index in range(2)] == ["claude && co", "alone"]


@pytest.mark.parametrize(
    ("places", "names"),
    [
        ([("/a", "9:00"), ("/a", "9:05")], ["x · 9:00", "x · 9:05"]),
        ([("/a", "9:00"), ("/b", "9:00"), ("/a", "9:05")], ["x · a · 9:00", "x · b", "x · a · 9:05"]),
        ([("/a/src", "9:00"), ("/b/src", "9:00")], ["x · /a/src", "x · /b/src"]),
        ([("~", "9:00"), ("/", "9:00")], ["x · ~", "x · /"]),
    ],
)
def test_tabs_of_chats_with_one_name_show_directory_or_start(places: list[tuple[str, str]], names: list[str]) -> None:
    assert distinct_names([TabLook("x", Mark.ENDED, place, started=at) for place, at in places]) == names


async def test_a_tab_that_keys_move_stays_in_view(harness: WindowHarness):
    ids = [await harness.add(f"{LONG} {number}") for number in range(12)]
    window = harness.open_window(one_pane(ids, ids[-1]))
    window.resize(700, 500)
    harness.settle()
    bar = window.tabs.active.bar
    for _ in ids[1:]:
        window.actions_["move_tab_left"].trigger()
        harness.settle()
        assert bar.rect().contains(bar.tabRect(bar.currentIndex()))
    assert window.tabs.ids() == [ids[-1], *ids[:-1]]


async def test_a_tab_and_a_row_show_a_bell_or_output_until_the_chat_is_seen(harness: WindowHarness):
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(two)
    harness.show(one)
    bar, left = window.tabs.active.bar, QTabBar.ButtonPosition.LeftSide
    place = bar.index_of(two)
    plain = bar.tabIcon(place).pixmap(16).toImage()
    harness.viewers[two].tell(OutputEvent(offset=3))
    harness.settle()
    assert bar.tabIcon(place).pixmap(16).toImage() != plain
    assert bar.accessibleTabName(place) == "two, running, unread"
    harness.viewers[two].tell(BellEvent())
    harness.viewers[one].tell(BellEvent())
    harness.settle()
    assert bar.tabButton(place, left) is not None
    assert bar.tabButton(bar.index_of(one), left) is None, "the chat that is looked at needs no mark"
    assert "bell" in window.sidebar.model.index_of(two).data(11)
    window.tabs.activate(two)
    harness.settle()
    assert bar.tabButton(place, left) is None
    assert bar.tabIcon(place).pixmap(16).toImage() == plain


async def test_a_notification_marks_its_chat_like_a_bell_until_it_is_seen(harness: WindowHarness):
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(two)
    harness.show(one)
    bar, left = window.tabs.active.bar, QTabBar.ButtonPosition.LeftSide
    place, row = bar.index_of(two), window.sidebar.model.index_of(two)
    harness.chat(two).set_marks_bell(enabled=False)
    for session_id in (one, two):
        harness.viewers[session_id].tell(NotificationEvent("Build", "<b>done</b>\nin 3 s"))
    harness.settle()
    assert bar.tabButton(place, left) is not None
    assert bar.tabButton(bar.index_of(one), left) is None, "the chat that is looked at needs no mark"
    words = "notified you: Build · <b>done</b> in 3 s"
    assert bar.accessibleTabName(place) == f"two, running, {words}"
    assert words in row.data(Qt.ItemDataRole.AccessibleTextRole)
    assert html.escape(words) in row.data(Qt.ItemDataRole.ToolTipRole)
    assert not harness.chat(two).needs_you
    window.tabs.activate(two)
    harness.settle()
    assert bar.tabButton(place, left) is None
    assert bar.accessibleTabName(place) == "two, running"


async def test_enter_in_the_switcher_goes_to_the_previous_chat_and_back(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("api-fix", "docs", "fix api timeouts")]
    window = harness.open_window()
    for session_id in ids:
        harness.show(session_id)
    window.tabs.activate(ids[0])
    chooser = window.sheets.chooser
    for expected in (ids[2], ids[0], ids[2]):
        window.commands.lists.switch_chat()
        chooser._accept_choice(chooser.list.currentIndex())
        assert window.tabs.active_id == expected
    window.commands.lists.switch_chat()
    chooser.field.setText("fat")
    assert [chooser.items.item(row).text() for row in range(chooser.items.rowCount())] == ["fix api timeouts"]
    chooser.dismiss()
    harness.settle()
    assert harness.layouts[-1]["recent"][-2:] == [ids[0], ids[2]]


def double_click(bar: TabBar, place: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    QTest.mouseClick(bar, button, pos=place)
    QTest.mouseDClick(bar, button, pos=place)


async def test_a_double_click_on_a_tab_renames_its_chat_and_beside_the_tabs_opens_the_sheet_for_a_new_one(
    harness: WindowHarness,
):
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    for session_id in ids:
        harness.show(session_id)
    bar, sheets = window.tabs.active.bar, window.sheets
    double_click(bar, bar.tabRect(0).center())
    assert sheets.name.is_open
    assert sheets.name.field.text() == "one"
    sheets.name.dismiss()
    double_click(bar, bar.tabRect(0).center(), Qt.MouseButton.RightButton)
    assert not sheets.is_any_open
    double_click(bar, QPoint(bar.width() - 4, bar.height() // 2))
    assert sheets.new_chat.is_open
    assert not sheets.name.is_open


async def test_closing_tabs_with_two_quick_clicks_renames_no_other_tab(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "a longer name", "three")]
    window = harness.open_window()
    for session_id in ids:
        harness.show(session_id)
    bar = window.tabs.active.bar
    close = bar.tabButton(0, QTabBar.ButtonPosition.RightSide)
    place = close.mapTo(bar, close.rect().center())
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)
    assert window.tabs.ids() == ids[1:]
    assert bar.tabAt(place) == 0, "another tab is below the mouse now"
    QTest.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=place)
    assert not window.sheets.is_any_open
