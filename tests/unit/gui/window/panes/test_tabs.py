"""Tabs: opened, closed, dragged and restored; their width and marks; hidden ones free their memory unnoticed."""

from __future__ import annotations

import html
from functools import partial

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QFontMetrics, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton, QTabBar

from gui.settings.layout import WindowLayout
from gui.theme.tokens import HEADING_PX, MARK_PX, font
from gui.window.panes.tab_bar import (
    CLOSE_PX,
    LETTERS_FROM_PX,
    MAX_TAB_PX,
    MIN_TAB_PX,
    TabBar,
    TabFace,
    TabLook,
    distinct_names,
    fit_widths,
)
from gui.window.saving import UnseenMarks
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.messages import BellEvent, NotificationEvent, OutputEvent
from session_host.protocol.values import Activity, GridSize, State
from session_host.standing.groups import Mark
from session_host.terminal import create
from session_host.terminal.scroll_position import ScrollPosition, go_to, position_of_row
from tests.support.widgets import entries_of_open_menu, move_held
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
    harness.window.tabs.panes.active.bar.moveTab(0, 2)
    assert harness.saved_pane["tabs"] == [two, three, one]
    harness.window.commands.chat_actions.close_tab(three)
    assert harness.saved_pane["tabs"] == [two, one]
    harness.window.tabs.panes.active.tabs.step(1)
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
        window.tabs.panes.active.bar.menu_requested.emit(session_id, window.mapToGlobal(QPoint(300, 20)))
        texts = [text for text in entries_of_open_menu() if text.startswith("Close")]
        harness.settle()
        return texts

    close, others, right = "Close tab (the chat keeps running)", "Close other tabs", "Close tabs to the right"
    assert offered(ids[0]) == [close, others, right]
    assert offered(ids[1]) == [close, others]
    window.tabs.panes.active.bar.moveTab(1, 0)
    assert offered(ids[1]) == [close, others, right]
    window.tabs.close(ids[0])
    assert offered(ids[1]) == [close]


async def test_closing_the_tab_of_an_ended_chat_does_not_say_that_it_keeps_running(harness: WindowHarness):
    viewer = await harness.open("one")
    window = harness.window
    bar = window.tabs.panes.active.bar

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
    bar = harness.window.tabs.panes.active.bar
    QTest.mouseClick(bar.tabButton(2, bar.ButtonPosition.RightSide), Qt.MouseButton.LeftButton)
    assert harness.window.tabs.ids() == [one, two]
    QTest.mouseClick(bar, Qt.MouseButton.MiddleButton, pos=bar.tabRect(1).center())
    assert harness.window.tabs.ids() == [one]


async def test_the_picture_of_a_tab_is_the_same_while_the_mouse_moves_it(harness: WindowHarness):
    await three_tabs(harness)
    bar = harness.window.tabs.panes.active.bar
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
    await harness.focus_terminal()
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
    await harness.focus_terminal()
    QTest.keyClicks(harness.view, "hi")
    typed = [call[2] for call in harness.viewers[three].calls if call[0] == "key" and call[4] == "press"]
    assert typed == ["h", "i"]
    assert not any(call[0] == "key" for call in harness.viewers[one].calls)


async def test_closing_the_last_tab_shows_the_page_without_a_chat(harness: WindowHarness):
    session_id = (await harness.open("one")).session_id
    window = harness.window
    window.commands.chat_actions.close_tab(session_id)
    assert window.tabs.panes.active.stack.currentWidget() is window.empty
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
    assert not chat.looks.first.is_live, "not before the host has said so"
    harness.viewers[session_id].become(state)
    assert chat.looks.first.is_live == (state is ViewerState.LIVE)


LONG = "frontend: rewrite the settings page with the new tokens"


def test_tabs_are_as_wide_as_they_want_to_be_or_all_alike():
    assert fit_widths([100, 200, 300], 600) == [100, 200, 300]
    assert fit_widths([100, 200, 300], 500) == [167, 167, 166]
    assert fit_widths([100, 100, 100], 250) == [125, 125, 125], "two are in sight, and fill the row"
    assert fit_widths([100, 400, 300], 100) == [100, 100, 100]
    assert fit_widths([100, 400], 60) == [MIN_TAB_PX, MIN_TAB_PX]
    assert fit_widths([], 100) == []


def face_of(bar: TabBar, index: int) -> TabFace:
    face = bar.tabButton(index, QTabBar.ButtonPosition.LeftSide)
    assert isinstance(face, TabFace)
    return face


def inked(bar: TabBar, index: int, *colors: QColor) -> list[int]:
    """The columns of a tab in which something is painted in one of these colours, from the tab's left edge."""
    tab = bar.tabRect(index).adjusted(0, 3, -1, -3)
    image = bar.grab(tab).toImage().convertToFormat(QImage.Format.Format_RGB32)
    wanted = {color.rgb() for color in colors}
    return [x for x in range(image.width()) if any(image.pixel(x, y) in wanted for y in range(image.height()))]


async def test_tabs_without_room_are_alike_and_the_mouse_moves_none_of_them(harness: WindowHarness):
    ids = [await harness.add("t8", cwd="/src") for _ in range(14)]
    window = harness.open_window(one_pane(ids, ids[0]))
    bar = window.tabs.panes.active.bar
    window.resize(900, 500)
    for front in (0, 3, 2, 13):
        window.tabs.activate(ids[front])
        harness.settle()
        assert bar.currentIndex() == front
        places = [bar.tabRect(index) for index in range(len(ids))]
        assert len({place.width() for place in places}) == 1
        assert places[0].width() >= MIN_TAB_PX
        assert bar.rect().adjusted(-1, 0, 1, 0).contains(places[front]), "the tab in front is in sight"
        for index in range(len(ids)):
            QTest.mouseMove(bar, bar.tabRect(index).center())
            harness.settle()
            assert [bar.tabRect(each) for each in range(len(ids))] == places, "the mouse moves nothing"


async def test_a_button_has_the_number_of_tabs_that_are_not_in_sight_and_the_mark_of_who_asks(harness: WindowHarness):
    ids = [await harness.add(f"{LONG} {number}", agent="claude", runtime="structured") for number in range(12)]
    window = harness.open_window(one_pane(ids, ids[0]))
    window.resize(700, 500)
    harness.settle()
    bar, overflow = window.tabs.panes.active.bar, window.tabs.panes.active.overflow
    assert overflow.isVisible()
    seen = [index for index in range(12) if bar.tabRect(index).right() <= bar.width()]
    await harness.until(lambda: len(bar.unseen) == 12 - len(seen), "the row to be painted")
    await harness.until(lambda: overflow.accessibleName() == f"{12 - len(seen)} more tabs", "the number")
    harness.viewers[ids[seen[-1]]].be(Activity.NEEDS_INPUT)
    harness.settle()
    assert not overflow.asks, "its own tab says it"
    harness.viewers[ids[11]].be(Activity.NEEDS_INPUT)
    await harness.until(lambda: overflow.accessibleName() == f"{12 - len(seen)} more tabs, one needs you", "the mark")
    harness.viewers[ids[seen[-1]]].be(Activity.IDLE)
    window.tabs.activate(ids[11])
    await harness.until(lambda: not overflow.asks, "who asks to be in sight")


async def test_tabs_that_do_not_fit_are_listed_in_a_menu(harness: WindowHarness):
    ids = [await harness.add(f"{LONG} {number}") for number in range(12)]
    window = harness.open_window(one_pane(ids, ids[0]))
    window.resize(700, 500)
    harness.settle()
    overflow = window.tabs.panes.active.overflow
    assert overflow.isVisible()
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
    bar, overflow = window.tabs.panes.active.bar, window.tabs.panes.active.overflow
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


async def test_mark_letters_and_name_have_fixed_places_and_what_is_idle_has_no_mark(harness: WindowHarness):
    ids = [await harness.add("one", agent=agent, runtime="structured") for agent in ("claude", "codex")]
    codex = await harness.add("two " * 30, agent="codex", runtime="structured")
    window = harness.open_window(one_pane([*ids, codex], ids[0]))
    bar, tokens = window.tabs.panes.active.bar, harness.theme.tokens
    for each in ids:
        harness.viewers[each].be(Activity.IDLE)
    harness.viewers[ids[1]].be(Activity.WORKING)
    harness.settle()
    words = [tokens.color("text"), tokens.color("secondary")]
    letters_at = 12 + MARK_PX + 6
    name_at = letters_at + QFontMetrics(font(HEADING_PX, bold=True)).horizontalAdvance("CC") + 6
    columns = inked(bar, 0, *words)
    assert abs(columns[0] - letters_at) <= 2
    assert any(abs(x - name_at) <= 2 for x in columns)
    assert not any(letters_at - 6 < x < letters_at - 2 for x in columns)
    marked = [inked(bar, index, tokens.color("accent")) for index in (0, 1)]
    assert not marked[0]
    assert 12 <= marked[1][0] <= marked[1][-1] < 12 + MARK_PX
    widths = [bar.tabRect(at).width() for at in range(3)]
    harness.viewers[ids[0]].be(Activity.WORKING)
    harness.settle()
    assert [bar.tabRect(at).width() for at in range(3)] == widths, "nothing moves"
    assert [x for x in inked(bar, 0, *words) if x >= letters_at] == columns
    assert bar.tabRect(2).width() == MAX_TAB_PX
    close = bar.tabButton(0, QTabBar.ButtonPosition.RightSide)
    assert close.isVisible()
    assert bar.tabRect(0).right() + 1 - (close.x() + CLOSE_PX) == 8


async def test_a_tab_shows_the_output_of_a_chat_that_works_also_without_the_list(harness: WindowHarness):
    ids = [await harness.add(name, agent="claude", runtime="structured") for name in ("one", "two")]
    window = harness.open_window(one_pane(ids, ids[0]))
    window.sidebar.hide()
    bar, sparklines = window.tabs.panes.active.bar, harness.sessions.sparklines
    harness.viewers[ids[1]].be(Activity.WORKING)
    harness.settle()
    timer = sparklines.findChild(QTimer)
    assert timer is not None
    assert timer.isActive()
    for offset in (1000, 6000):
        harness.viewers[ids[1]].tell(OutputEvent(offset=offset))
        timer.timeout.emit()
    assert face_of(bar, 1).look.bars[-1] > 0
    window.hide()
    assert not timer.isActive(), "nobody sees it"
    window.show()
    assert timer.isActive()
    window.tabs.close(ids[1])
    harness.settle()
    assert not timer.isActive(), "nothing that is seen works"


async def test_below_a_certain_width_a_tab_has_no_letters(harness: WindowHarness):
    ids = [await harness.add("four " * 12, agent="claude", runtime="structured") for _ in range(5)]
    window = harness.open_window(one_pane(ids, ids[0]))
    bar, quiet = window.tabs.panes.active.bar, harness.theme.tokens.color("secondary")
    for each in ids:
        harness.viewers[each].be(Activity.IDLE)
    places = []
    for width in (900, 700):
        window.resize(264 + width, 500)
        harness.settle()
        places.append((bar.tabRect(1).width() >= LETTERS_FROM_PX, inked(bar, 1, quiet)[:2]))
    (had_room, with_letters), (has_room, without) = places
    assert (had_room, has_room) == (True, False)
    assert with_letters != without


def test_a_long_name_leaves_room_for_what_tells_it_from_others() -> None:
    name = "Make the charts follow the theme of the desktop"
    found = distinct_names([TabLook(name, Mark.IDLE, place) for place in ("/src/api", "/src/docs")])
    assert found == ["Make the charts f… · api", "Make the charts f… · docs"]


async def test_a_tab_that_keys_move_stays_in_view(harness: WindowHarness):
    ids = [await harness.add(f"{LONG} {number}") for number in range(12)]
    window = harness.open_window(one_pane(ids, ids[-1]))
    window.resize(700, 500)
    harness.settle()
    bar = window.tabs.panes.active.bar
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
    bar, accent = window.tabs.panes.active.bar, harness.theme.tokens.color("accent")
    place = bar.index_of(two)
    assert not inked(bar, place, accent)
    harness.viewers[two].tell(OutputEvent(offset=3))
    harness.settle()
    dot = inked(bar, place, accent)
    assert 2 < len(dot) <= 6
    unread = bar.grab(bar.tabRect(place)).toImage()
    assert inked(bar, place, harness.theme.tokens.color("text")), "its name is not quiet"
    assert bar.accessibleTabName(place) == "two, running, unread"
    harness.viewers[two].tell(BellEvent())
    harness.viewers[one].tell(BellEvent())
    harness.settle()
    assert bar.grab(bar.tabRect(place)).toImage() != unread
    assert not face_of(bar, bar.index_of(one)).look.rang, "the chat that is looked at needs no mark"
    assert "bell" in window.sidebar.model.index_of(two).data(11)
    window.tabs.activate(two)
    harness.settle()
    assert not inked(bar, place, accent)


async def test_a_notification_marks_its_chat_like_a_bell_until_it_is_seen(harness: WindowHarness):
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(two)
    harness.show(one)
    bar = window.tabs.panes.active.bar
    place, row = bar.index_of(two), window.sidebar.model.index_of(two)
    harness.chat(two).unseen.set_marks_bell(enabled=False)
    for session_id in (one, two):
        harness.viewers[session_id].tell(NotificationEvent("Build", "<b>done</b>\nin 3 s"))
    harness.settle()
    assert face_of(bar, place).look.rang
    assert not face_of(bar, bar.index_of(one)).look.rang, "the chat that is looked at needs no mark"
    words = "notified you: Build · <b>done</b> in 3 s"
    assert bar.accessibleTabName(place) == f"two, running, {words}"
    assert words in row.data(Qt.ItemDataRole.AccessibleTextRole)
    assert html.escape(words) in row.data(Qt.ItemDataRole.ToolTipRole)
    assert not harness.chat(two).needs_you
    window.tabs.activate(two)
    harness.settle()
    assert not face_of(bar, place).look.rang
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
    bar, sheets = window.tabs.panes.active.bar, window.sheets
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
    bar = window.tabs.panes.active.bar
    close = bar.tabButton(0, QTabBar.ButtonPosition.RightSide)
    place = close.mapTo(bar, close.rect().center())
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)
    assert window.tabs.ids() == ids[1:]
    assert bar.tabAt(place) == 0, "another tab is below the mouse now"
    QTest.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=place)
    assert not window.sheets.is_any_open


LINES = b"".join(b"line %d\r\n" % number for number in range(300))


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden pages rest only when a test lets them, also if it takes longer than their timer."""
    monkeypatch.setattr("gui.window.panes.tabs.SUSPEND_AFTER_MS", 3_600_000)


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
    tabs = harness.window.tabs.panes.active.tabs
    is_due = True
    while is_due:
        tabs._suspend_timer.stop()
        tabs._suspend_next()
        is_due = tabs._suspend_timer.isActive()


async def test_hidden_tabs_except_the_last_one_free_their_replicas(harness: WindowHarness):
    ids = await four_tabs(harness)
    let_all_rest(harness)
    assert [harness.viewers[session_id].replica.emulator is not None for session_id in ids] == [
        False,
        False,
        True,
        True,
    ]


async def test_a_tab_without_a_replica_shows_its_previous_picture_until_a_new_one_is_complete(harness: WindowHarness):
    one, *others = await four_tabs(harness)
    window = harness.window
    window.tabs.activate(one)
    harness.view.scroller.scroll_lines(-100)
    harness.settle()
    before = harness.view.grab().toImage()
    for session_id in others:
        window.tabs.activate(session_id)
    let_all_rest(harness)
    viewer = harness.viewers[one]
    assert viewer.replica.emulator is None
    window.tabs.activate(one)
    assert harness.view.grab().toImage() == before, "at once, with nothing of the chat there"
    await harness.until(lambda: viewer.output, "the chat's output to be asked for again")
    viewer.replica.emulator = create(None, GridSize(80, 24))
    viewer.replica.emulator.feed(LINES + b"and more\r\n")
    viewer.delegate.viewer_replaced()
    harness.settle()
    assert viewer.replica.emulator.frame().scroll_offset == 101, (
        "the previous scroll position, although there is more output now"
    )


async def test_a_tab_with_a_selection_keeps_its_replica(harness: WindowHarness):
    one, *_ = await four_tabs(harness)
    emulator = harness.viewers[one].replica.emulator
    assert emulator is not None
    emulator.select_all()
    let_all_rest(harness)
    assert harness.viewers[one].replica.emulator is emulator


async def test_a_closed_tab_keeps_no_replica(harness: WindowHarness):
    one, *_ = await four_tabs(harness)
    harness.window.commands.chat_actions.close_tab(one)
    assert harness.viewers[one].replica.emulator is None
    assert not harness.viewers[one].is_closed


async def test_a_task_that_comes_back_after_its_tab_was_closed_and_freed_is_told_so(harness: WindowHarness):
    """A task held the page of a shell that was left while its last screen was read, on a slow machine."""
    one, *_ = await four_tabs(harness)
    harness.window.tabs.activate(one)
    page = harness.page
    assert not page.is_disposed
    harness.window.commands.chat_actions.close_tab(one)
    await harness.until(lambda: not vars(page), "the page to be freed")
    assert page.is_disposed


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
        harness.chat(session_id).unseen.output = harness.chat(session_id).unseen.bell = False
        harness.chat(session_id).unseen.notification = ""
    UnseenMarks(harness.sessions, layout, window).load()
    assert [(chat.unseen.output, chat.unseen.bell) for chat in window.tabs.chats()] == [
        (True, False),
        (True, True),
        (False, False),
        (False, False),
    ]
    assert [chat.unseen.notification for chat in window.tabs.chats()] == ["done", "", "", ""]
    window.tabs.activate(two)
    await harness.until(lambda: harness.layouts[-1]["unseen"] == [one], "the mark to go")


async def test_the_scroll_position_in_an_ended_chat_is_restored(harness: WindowHarness):
    ended = await harness.add("old", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    window = harness.open_window(one_pane([ended], ended, {ended: (120, "")}))
    emulator = create(None, GridSize(80, 24))
    emulator.feed(LINES)
    place = position_of_row(emulator, 120)
    harness.view.scroller.go_once_known(place)
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
    tabs.panes.active_changed.connect(lambda: order.append("told"))
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
