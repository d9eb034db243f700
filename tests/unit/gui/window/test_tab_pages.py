"""Pages without chats, such as the guide: tabs beside those of chats."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabBar

from gui.settings.layout import SavedPane, SavedWindow, WindowLayout
from gui.window.guide import GuideTab
from gui.window.panes.tab_bar import TabFace
from gui.window.remote_control.server import ControlRequest, RemoteControl
from gui.window.widgets.tab_page import TabPage
from gui.window.windows import Windows
from tests.support.widgets import entries_of_open_menu
from tests.unit.gui.conftest import WindowHarness, one_pane


def windows_of(harness: WindowHarness) -> Windows:
    windows = harness.sessions.findChild(Windows)
    assert windows is not None
    return windows


def front(harness: WindowHarness) -> TabPage:
    page = harness.window.tabs.front
    assert isinstance(page, TabPage)
    return page


async def test_the_guide_is_a_tab_behind_the_one_in_front_and_there_is_one(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window(one_pane(ids, ids[0]))
    await harness.focus_terminal()
    window.actions_["guide"].trigger()
    assert window.tabs.ids() == [ids[0], ":guide", ids[1]]
    guide = front(harness)
    assert guide.has_keyboard
    assert window.windowTitle() == guide.windowTitle() == "Guide — Outlive"
    assert (window.tabs.active_chat, window.tabs.active_page) == (None, None)
    assert not window.status_line.isVisible()
    bar = window.tabs.panes.active.bar
    face = bar.tabButton(1, QTabBar.ButtonPosition.LeftSide)
    assert isinstance(face, TabFace)
    assert (face.name, face.look.glyph is None, bar.accessibleTabName(1), bar.tabToolTip(1)) == (
        "Guide",
        False,
        "Guide",
        "Guide",
    )
    window.tabs.activate(ids[1])
    assert window.windowTitle() == "two — Outlive"
    windows_of(harness).tab_pages.guide.open("resume.md")
    assert front(harness) is guide
    assert window.tabs.ids() == [ids[0], ":guide", ids[1]]
    assert window.windowTitle() == guide.windowTitle() != "Guide — Outlive"


@pytest.mark.parametrize(
    ("key", "modifiers"),
    [
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
    ],
    ids=["Escape", "Ctrl+W", "Ctrl+Shift+W"],
)
async def test_a_closed_page_gives_the_keyboard_back_to_the_chat_before_and_can_be_reopened(
    harness: WindowHarness, key: Qt.Key, modifiers: Qt.KeyboardModifier
):
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    window = harness.open_window(one_pane(ids, ids[0]))
    await harness.focus_terminal()
    window.actions_["guide"].trigger()
    await harness.press(key, modifiers)
    assert (window.tabs.ids(), window.tabs.active_id) == (ids, ids[0])
    assert harness.view.hasFocus()
    assert windows_of(harness).tab_pages.guide.page is None
    assert not harness.banner, "nothing runs on"
    assert not [call for call in harness.viewers[ids[0]].calls if call[0] == "key"]
    window.actions_["reopen_tab"].trigger()
    assert window.tabs.ids() == [ids[0], ":guide", *ids[1:]]
    assert front(harness).has_keyboard


async def test_tabs_are_left_and_gone_to_by_the_usual_keys(harness: WindowHarness):
    one = await harness.add("one")
    window = harness.open_window(one_pane([one], one))
    window.actions_["guide"].trigger()
    guide = front(harness)
    control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    for key, modifiers, expected in (
        (Qt.Key.Key_Tab, control, one),
        (Qt.Key.Key_Tab, control, ":guide"),
        (Qt.Key.Key_PageUp, control, one),
        (Qt.Key.Key_2, alt, ":guide"),
    ):
        await harness.press(key, modifiers)
        assert window.tabs.active_id == expected
    assert guide.has_keyboard
    await harness.press(Qt.Key.Key_F, control | Qt.KeyboardModifier.ShiftModifier)
    assert isinstance(guide, GuideTab)
    assert guide.search.hasFocus()


async def test_a_page_gets_its_own_keys_of_the_window_while_it_is_in_front(harness: WindowHarness):
    one = await harness.add("one")
    window = harness.open_window(one_pane([one], one))
    window.actions_["guide"].trigger()
    guide, control = front(harness), Qt.KeyboardModifier.ControlModifier
    assert isinstance(guide, GuideTab)
    size_px = guide.page.style_.size_px
    await harness.press(Qt.Key.Key_Plus, control)
    assert (guide.page.style_.size_px, window.layout_state.zoom) == (size_px + 1, 0)
    window.tabs.activate(one)
    await harness.press(Qt.Key.Key_Plus, control)
    assert (guide.page.style_.size_px, window.layout_state.zoom) == (size_px + 1, 1)


async def test_a_page_moves_with_its_tab_to_another_pane_and_to_a_window_of_its_own(harness: WindowHarness):
    one = await harness.add("one")
    window = harness.open_window(one_pane([one], one))
    window.actions_["guide"].trigger()
    guide, windows = front(harness), windows_of(harness)
    window.actions_["split_right"].setEnabled(True)
    panes = window.tabs.panes
    panes.split_pane(panes.active, "right").tabs.insert(harness.chat(one))
    left, right = panes.all()
    panes.activate_pane(left.number)
    window.tabs.activate(":guide")
    window.actions_["move_to_pane"].trigger()
    assert (right.tabs.front, left.tabs.ids()) == (guide, [one])
    window.actions_["move_to_new_window"].trigger()
    other = windows.all[1]
    assert (other.tabs.ids(), other.tabs.front) == ([":guide"], guide)
    assert ":guide" not in window.tabs.ids()
    assert other.sidebar.collapsed
    assert other.windowTitle() == "Guide — Outlive"
    await harness.until(lambda: guide.has_keyboard, "the page to have the keyboard")
    window.actions_["guide"].trigger()
    assert ":guide" not in window.tabs.ids(), "it is where it is"
    windows.move(other, ":guide", 0)
    assert window.tabs.front is guide
    assert windows.all == [window], "an empty window closes"


async def test_the_menu_of_its_tab_has_what_applies_to_a_page_without_a_chat(harness: WindowHarness):
    one = await harness.add("one")
    window = harness.open_window(one_pane([one], one))
    window.actions_["guide"].trigger()
    window.tabs.panes.active.bar.menu_requested.emit(":guide", window.mapToGlobal(QPoint(300, 20)))
    assert list(entries_of_open_menu()) == ["Move tab to a new window", "Close tab", "Close other tabs"]


async def test_a_chats_changes_are_a_tab_with_its_name(harness: WindowHarness):
    one = await harness.add("one")
    window = harness.open_window(one_pane([one], one))
    window.actions_["show_changes"].trigger()
    key = f":changes:{one}"
    assert window.tabs.ids() == [one, key]
    bar = window.tabs.panes.active.bar
    assert bar.tabText(1) == "Changes: one"
    harness.sessions.lifecycle.rename(harness.chat(one), "another")
    await harness.until(lambda: bar.tabText(1) == "Changes: another", "the new name")
    front(harness).close()
    assert window.tabs.ids() == [one]


async def test_commands_list_and_show_chats_only(harness: WindowHarness):
    one = await harness.add("one")
    window = harness.open_window(one_pane([one], one))
    window.actions_["guide"].trigger()
    remote = RemoteControl(windows_of(harness), harness.sessions, asyncio.Event())
    listed = await remote.tabs(ControlRequest("tabs"))
    assert [(each["session_id"], each["active"], each["in_front"]) for each in listed] == [(one, False, False)]


async def test_tabs_come_back_after_a_restart_and_their_pages_when_they_are_shown(harness: WindowHarness):
    one = await harness.add("one")
    key = f":changes:{one}"
    window = harness.open_window(one_pane([one, ":guide", ":settings", key, ":changes:gone", ":another"], one))
    assert window.tabs.ids() == [one, ":guide", ":settings", key]
    pages = windows_of(harness).tab_pages
    assert (pages.guide.page, pages.settings.page, pages.changes.pages) == (None, None, {})
    window.tabs.activate(":guide")
    assert front(harness) is pages.guide.page
    assert harness.saved_pane["tabs"] == [one, ":guide", ":settings", key]
    assert harness.saved_pane["active"] == ":guide"
    assert harness.layouts[-1]["recent"] == [one], "chats only"


async def test_a_window_with_a_page_alone_comes_back(harness: WindowHarness):
    one = await harness.add("one")
    saved = [SavedWindow(panes=[SavedPane([one], one)]), SavedWindow(panes=[SavedPane([":guide"], ":guide")])]
    harness.open_window(WindowLayout(windows=saved))
    windows = windows_of(harness)
    windows._add(saved[1]).restore_tabs()
    assert windows.all[1].tabs.ids() == [":guide"]
    assert windows.all[1].tabs.front is windows.tab_pages.guide.page


async def test_a_narrow_page_has_its_list_above_the_content(harness: WindowHarness):
    one = await harness.add("one")
    window = harness.open_window(one_pane([one], one))
    window.actions_["guide"].trigger()
    guide = front(harness)
    assert isinstance(guide, GuideTab)

    def places() -> tuple[Any, Any]:
        harness.settle()
        return guide.search.mapTo(guide, QPoint()), guide.page.mapTo(guide, QPoint())

    window.resize(1200, 600)
    search, content = places()
    assert content.x() > search.x() + guide.search.width()
    window.resize(480, 600)
    await harness.until(lambda: guide.width() < 500, "the narrow window")
    search, content = places()
    assert content.x() == 0
    assert content.y() > search.y()
    assert guide.page.width() == guide.width()
    QTest.keyClick(guide.search, Qt.Key.Key_Down)
    assert guide.navigation.hasFocus()
