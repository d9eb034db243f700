"""Opening, closing, dragging and restoring tabs."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from gui.window.panes.tab_bar import CLOSE_PX
from session_host.client.viewer.viewer import ViewerState
from tests.support.menus import entries_of_open_menu
from tests.support.qt_mouse import move_held
from tests.unit.gui.conftest import WindowHarness, one_pane


async def three_tabs(harness: WindowHarness) -> list[str]:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    harness.open_window()
    for session_id in ids:
        harness.show(session_id)
    return ids


async def test_a_shown_chat_is_followed_and_a_hidden_one_is_not(harness: WindowHarness):
    one, two, three = await three_tabs(harness)
    assert [harness.viewers[session_id].output for session_id in (one, two, three)] == [False, False, True]
    harness.window.tabs.activate(one)
    await harness.until(lambda: harness.viewers[one].output, "the chat that is shown to be followed")
    assert [harness.viewers[session_id].output for session_id in (one, two, three)] == [True, False, False]
    harness.window.tabs.activate(two)
    harness.window.tabs.activate(three)
    await harness.until(lambda: harness.viewers[three].output, "the chat that is shown to be followed")
    assert not harness.viewers[two].output, "it was passed"
    harness.window.tabs.activate(one)
    assert harness.window.windowTitle() == "one — Outlive"


async def test_tabs_are_restored_in_their_order(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    order = [ids[2], "forgotten", ids[0], ids[1]]
    window = harness.open_window(one_pane(order, ids[0]))
    assert window.tabs.ids() == [ids[2], ids[0], ids[1]]
    assert window.tabs.active_id == ids[0]
    assert [harness.viewers[session_id].output for session_id in ids] == [True, False, False]
    assert len(window.tabs.pages()) == 1, "only the page that is shown costs anything"


async def test_every_change_is_saved(harness: WindowHarness):
    one, two, three = await three_tabs(harness)
    assert harness.saved_pane["tabs"] == [one, two, three]
    assert harness.saved_pane["active"] == three
    harness.window.tabs.active.bar.moveTab(0, 2)
    assert harness.saved_pane["tabs"] == [two, three, one]
    harness.window.commands.chat_actions.close_tab(three)
    assert harness.saved_pane["tabs"] == [two, one]
    harness.window.tabs.active.tabs.step(1)
    assert harness.saved_pane["active"] == harness.window.tabs.active_id


async def test_closing_a_tab_keeps_the_chat_running_and_says_so_once(harness: WindowHarness):
    one, two, _three = await three_tabs(harness)
    window = harness.window
    window.commands.chat_actions.close_tab(one)
    assert harness.banner == "Tab closed. The chat keeps running."
    assert not harness.viewers[one].is_closed, "its events are followed all the same"
    assert window.sidebar.model.index_of(one).data() is not None
    window.banners.dismiss()
    window.commands.chat_actions.close_tab(two)
    assert window.banners.current is None


async def test_opening_the_closed_chat_by_key_or_in_the_sidebar_removes_the_line_that_offers_it(harness: WindowHarness):
    one, two, _three = await three_tabs(harness)
    window = harness.window
    window.commands.chat_actions.close_tab(one)
    window.open_chat(harness.chat(two))
    assert window.banners.isVisible()
    window.open_chat(harness.chat(one))
    assert not window.banners.isVisible()
    window.layout_state.close_explained = False
    window.commands.chat_actions.close_tab(two)
    window.actions_["reopen_tab"].trigger()
    assert window.tabs.active_id == two
    assert not window.banners.isVisible(), "its button would do nothing, or reopen another tab"


async def test_the_other_tabs_are_closed_and_reopened_one_by_one_or_all_at_once(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two", "three", "four")]
    window = harness.open_window(one_pane(ids, ids[1]))
    harness.viewers[ids[3]].end(exit_code=0)
    window.actions_["close_other_tabs"].trigger()
    assert (window.tabs.ids(), window.tabs.active_id) == ([ids[1]], ids[1])
    assert harness.banner == "Tabs closed. 2 chats keep running."
    assert not any(harness.viewers[session_id].is_closed for session_id in ids[:3]), "their events are followed"
    for _ in range(3):
        window.actions_["reopen_tab"].trigger()
    assert window.tabs.ids() == ids
    window.tabs.activate(ids[1])
    window.actions_["close_tabs_right"].trigger()
    assert window.tabs.ids() == ids[:2]
    assert harness.banner == "Tabs closed. 1 chat keeps running."
    window.banners.run_action()
    assert (window.tabs.ids(), window.tabs.active_id) == (ids, ids[1])


async def test_closing_tabs_beside_the_visible_one_is_offered_only_if_there_are_some(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window(one_pane(ids, ids[1]))

    def offered(session_id: str) -> list[str]:
        window.tabs.active.bar.menu_requested.emit(session_id, window.mapToGlobal(QPoint(300, 20)))
        texts = [text for text in entries_of_open_menu() if text.startswith("Close")]
        harness.settle()
        return texts

    close, others, right = "Close tab (the chat keeps running)", "Close other tabs", "Close tabs to the right"
    assert offered(ids[0]) == [close, others, right]
    assert offered(ids[1]) == [close, others]
    window.tabs.active.bar.moveTab(1, 0)
    assert offered(ids[1]) == [close, others, right]
    window.tabs.close(ids[0])
    assert offered(ids[1]) == [close]


async def test_closing_the_tab_of_an_ended_chat_does_not_say_that_it_keeps_running(harness: WindowHarness):
    viewer = await harness.open("one")
    window = harness.window
    bar = window.tabs.active.bar

    def texts() -> set[str]:
        palette = {choice.title for choice in window.actions_.choices() if choice.title.startswith("Close tab")}
        return {*palette, window.actions_["close_tab"].text(), bar.tabButton(0, bar.ButtonPosition.RightSide).toolTip()}

    assert texts() == {"Close tab (the chat keeps running)"}
    viewer.end(0)
    await harness.until(lambda: texts() == {"Close tab"}, "the end to be known")


async def test_a_new_screen_of_a_chat_with_a_closed_tab_raises_no_error(
    harness: WindowHarness, capsys: pytest.CaptureFixture[str]
):
    chat_id = await harness.add("one")
    harness.open_window()
    harness.show(chat_id)
    closed = harness.view  # The garbage collector has not run yet.
    harness.window.tabs.close(chat_id)
    harness.settle()
    assert not shiboken6.isValid(closed)
    harness.show(chat_id)
    assert capsys.readouterr().err == ""


async def test_the_close_button_and_the_middle_button_close_a_tab(harness: WindowHarness):
    one, two, _ = await three_tabs(harness)
    bar = harness.window.tabs.active.bar
    QTest.mouseClick(bar.tabButton(2, bar.ButtonPosition.RightSide), Qt.MouseButton.LeftButton)
    assert harness.window.tabs.ids() == [one, two]
    QTest.mouseClick(bar, Qt.MouseButton.MiddleButton, pos=bar.tabRect(1).center())
    assert harness.window.tabs.ids() == [one]


async def test_tabs_are_reordered_by_dragging(harness: WindowHarness):
    one, two, three = await three_tabs(harness)
    bar = harness.window.tabs.active.bar
    begin, end = bar.tabRect(0).center(), bar.tabRect(2).center() + QPoint(30, 0)
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=begin)
    for step in range(1, 11):
        move_held(bar, begin + (end - begin) * (step / 10))
        harness.settle()
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=end)
    await harness.until(lambda: harness.saved_pane["tabs"] == [two, three, one], "the new order")


async def test_the_picture_of_a_tab_is_the_same_while_the_mouse_moves_it(harness: WindowHarness):
    await three_tabs(harness)
    bar = harness.window.tabs.active.bar
    bar.setCurrentIndex(0)
    harness.settle()
    tab, picture = bar.tabRect(0), bar.picture_of(0)
    left = QRect(0, 0, tab.width() - 2 * CLOSE_PX, tab.height())
    shown = bar.grab(tab).copy(left).toImage()
    assert picture.copy(left).toImage().convertToFormat(shown.format()) == shown
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=tab.center())
    for step in range(1, 11):
        move_held(bar, tab.center() + QPoint(3 * step, 0))
        harness.settle()
    assert bar.picture_of(0).toImage() == picture.toImage()
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=tab.center() + QPoint(30, 0))


async def test_keys_move_between_tabs(harness: WindowHarness):
    one, two, three = await three_tabs(harness)
    window = harness.window
    window.activateWindow()
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")
    for key, modifiers, expected in [
        (Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier, one),
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier, two),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier, one),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier, three),
        (Qt.Key.Key_9, Qt.KeyboardModifier.AltModifier, three),
    ]:
        QTest.keyClick(window.focusWidget(), key, modifiers)
        assert window.tabs.active_id == expected
    assert harness.view.hasFocus()
    assert not [call for call in harness.viewers[one].calls if call[0] == "key" and call[1] not in {"Alt", "Control"}]


async def test_typed_keys_reach_the_chat_that_is_shown(harness: WindowHarness):
    one, _, three = await three_tabs(harness)
    window = harness.window
    window.activateWindow()
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")
    QTest.keyClicks(harness.view, "hi")
    typed = [call[2] for call in harness.viewers[three].calls if call[0] == "key" and call[4] == "press"]
    assert typed == ["h", "i"]
    assert not any(call[0] == "key" for call in harness.viewers[one].calls)


async def test_closing_the_last_tab_shows_the_page_without_a_chat(harness: WindowHarness):
    session_id = (await harness.open("one")).session_id
    window = harness.window
    window.commands.chat_actions.close_tab(session_id)
    assert window.tabs.active.stack.currentWidget() is window.empty
    assert window.empty.title.text() == "1 running chat"
    assert window.windowTitle() == "Outlive"
    assert harness.saved_pane["tabs"] == []
    assert not harness.viewers[session_id].output


async def test_in_a_narrow_window_no_button_of_the_page_without_a_chat_is_cut_off(harness: WindowHarness):
    await harness.add("one")
    window = harness.open_window()
    window.resize(480, 640)
    await harness.until(lambda: window.width() == 480, "the narrow window")
    buttons = [each for each in window.empty.findChildren(QPushButton) if each.isVisible() and each.text()]
    assert {"New chat", "Open a running chat…"} <= {each.text() for each in buttons}
    for each in buttons:
        assert each.width() >= each.sizeHint().width(), each.text()
        assert each.mapTo(window, each.rect().topRight()).x() < window.width(), each.text()


@pytest.mark.parametrize("state", [ViewerState.LIVE, ViewerState.RECONNECTING])
async def test_a_chat_is_live_only_while_its_viewer_is_attached(harness: WindowHarness, state: ViewerState):
    session_id = await harness.add("one")
    harness.open_window(one_pane([session_id], session_id))
    chat = harness.chat(session_id)
    assert not chat.is_live, "not before the host has said so"
    harness.viewers[session_id].become(state)
    assert chat.is_live == (state is ViewerState.LIVE)
