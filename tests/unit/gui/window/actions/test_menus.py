"""The menus of the window, of chats, of tabs and of the empty parts; and what they mark: unread, colours, muted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from gui.settings.layout import WindowLayout
from gui.settings.preferences import Preferences
from gui.theme.tokens import LABEL_COLORS
from gui.window.actions import action_table
from gui.window.sheets.chooser import ListedChoices
from gui.wording import action_texts, chat_texts, common_texts, page_texts, window_texts
from session_host import paths
from session_host.protocol.messages import OutputEvent
from session_host.protocol.values import State
from tests.support.facts import changed
from tests.support.widgets import entries, entries_of_open_menu, open_menu, shown_letters
from tests.unit.gui.conftest import WindowHarness, one_pane


def choose(harness: WindowHarness, text: str, *session_ids: str) -> None:
    """Choose an item in the menu of one row in the sidebar, or of several."""
    window, chats = harness.window, [harness.chat(session_id) for session_id in session_ids]
    place = window.mapToGlobal(QPoint(200, 100))
    if len(chats) == 1:
        window.menus.show_for_row(chats[0], place)
    else:
        window.menus.show_for_several(chats, place)
    entries_of_open_menu()[text].trigger()


def unread(harness: WindowHarness) -> list[str]:
    """The names of the chats that the sidebar marks as unread, as screen readers get them."""
    harness.settle()
    model = harness.window.sidebar.model
    accessible_texts = [model.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]
    return [text.split(", ")[0] for text in accessible_texts if "unread" in text.split(", ")]


async def test_the_shown_chat_is_unread_until_the_user_comes_back_to_it(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(one)
    window.actions_["mark_unread"].trigger()
    assert harness.banner.startswith("Marked as unread")
    assert unread(harness) == ["one"]
    assert "unread" in window.tabs.panes.active.bar.accessibleTabName(0)
    harness.show(two)
    assert unread(harness) == ["one"]
    harness.show(one)
    assert unread(harness) == []


async def test_the_menus_mark_one_or_several_and_read_them_all(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    harness.sessions.follow_all()
    harness.open_window()
    choose(harness, "Mark as unread", one)
    assert unread(harness) == ["one"]
    choose(harness, "Mark as read", one, two)
    assert unread(harness) == []
    choose(harness, "Mark as unread", one, two)
    assert unread(harness) == ["one", "two"]
    choose(harness, "Mark as read", one)
    harness.viewers[two].tell(OutputEvent(9))
    assert unread(harness) == ["two"]


async def test_the_windows_menu_opened_by_keyboard_has_its_first_action_selected(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.activateWindow()
    button = window.menu_button
    button.setFocus()
    await harness.until(button.hasFocus, "the button to have the keyboard")
    QTest.keyClick(button, Qt.Key.Key_Space)
    menu = open_menu()
    assert menu.activeAction() is window.actions_["new_chat"]
    menu.close()
    harness.settle()


ROW = QPoint(20, 20)


def shown(menu: QMenu) -> dict[str, str]:
    """Close the menu, and return the keys that it showed, by the texts of its actions."""
    keys = {
        action.text(): action.shortcut().toString()
        for action in menu.actions()
        if not action.shortcut().isEmpty() and action.isShortcutVisibleInContextMenu()
    }
    menu.close()
    return keys


def popped_up(show: Callable[[], object]) -> QMenu:
    show()
    return open_menu()


async def test_a_terminals_menu_shows_the_windows_keys_and_those_that_the_user_chose(harness: WindowHarness) -> None:
    session_id = await harness.add("shell")
    window = harness.open_window(preferences=Preferences(keys={"paste": ["Ctrl+Alt+V"], "select_all": []}))
    viewer = harness.show(session_id)
    view = harness.view
    windows = {
        "find": "Ctrl+Shift+F",
        "split_right": "Ctrl+Shift+D",
        "split_down": "Ctrl+Shift+E",
        "clear_scrollback": "Ctrl+Shift+Del",
    }
    of_the_window = {action_table.title(name): key for name, key in windows.items()}
    assert shown(view.context_menu.build(QPointF(9, 9))) == {
        **of_the_window,
        common_texts.COPY(): "Ctrl+Shift+C",
        common_texts.PASTE(): "Ctrl+Alt+V",
    }

    (paths.config_dir() / "keys.toml").write_text('copy = "Ctrl+Alt+C"\n')
    harness.settings.read_again()
    menu = view.context_menu.build(QPointF(9, 9))
    menu.popup(window.mapToGlobal(QPoint(200, 100)))
    QApplication.clipboard().setText("pasted")
    window.actions_["paste"].trigger()
    QTest.keyClick(view, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert viewer.calls.count(("paste", "pasted")) == 2, "the key still works"
    assert shown(menu) == {
        **of_the_window,
        common_texts.COPY(): "Ctrl+Alt+C",
        common_texts.PASTE(): "Ctrl+Shift+V",
        common_texts.SELECT_ALL(): "Ctrl+Shift+A",
    }


async def test_the_menu_of_messages_shows_the_windows_keys_or_its_own(harness: WindowHarness) -> None:
    session_id = await harness.add("chat", runtime="structured")
    window = harness.open_window(preferences=Preferences(keys={"copy": []}))
    window.open_chat(harness.chat(session_id))
    content = harness.content
    menu = content.view.page.context_menu.build(QPointF(9, 9))
    texts = [action.text() for action in menu.actions()]
    assert chat_texts.COPY_AS_MARKDOWN() in texts
    assert max(lengths(menu)) <= MOST
    assert shown(menu) == {
        common_texts.COPY(): "Ctrl+C",
        common_texts.SELECT_ALL(): "Ctrl+Shift+A",
        action_table.title("find"): "Ctrl+Shift+F",
        action_texts.OUTLINE(): "Ctrl+Shift+Y",
        action_table.title("split_right"): "Ctrl+Shift+D",
        action_table.title("split_down"): "Ctrl+Shift+E",
    }


async def test_a_tabs_menu_shows_the_keys_that_act_on_its_chat(harness: WindowHarness) -> None:
    session_id = await harness.add("shell")
    window = harness.open_window(preferences=Preferences(keys={"rename": ["F2"], "kill": ["Ctrl+F9"]}))
    harness.show(session_id)
    menu = popped_up(lambda: window.tabs.panes.menu_requested.emit(session_id, window.mapToGlobal(QPoint(200, 100))))
    [more] = [submenu for submenu in menu.findChildren(QMenu) if submenu.title() == action_texts.END_CHAT()]
    assert shown(more) == {action_texts.KILL_AT_ONCE(): "Ctrl+F9"}
    keys = shown(menu)
    assert keys[action_texts.RENAME()] == "F2"
    assert keys[action_table.title("close_tab")] == "Ctrl+Shift+W"
    assert common_texts.EXPORT() not in keys


async def test_the_menus_of_a_chats_tab_and_row_pin_it_and_mute_only_what_can_notify(harness: WindowHarness) -> None:
    running, ended = await harness.add("one"), await harness.add("two", state=State.EXITED, exit_code=0)
    window = harness.open_window(preferences=Preferences(keys={"pin": ["Ctrl+F9"]}))
    place = window.mapToGlobal(QPoint(200, 100))

    def menus(session_id: str) -> Iterator[QMenu]:
        """The menu of a chat's tab, and that of its row."""
        window.open_chat(harness.chat(session_id))
        for emit in (
            lambda: window.tabs.panes.menu_requested.emit(session_id, place),
            lambda: window.sidebar.menu_requested.emit(harness.chat(session_id), place),
        ):
            harness.settle()
            menu = popped_up(emit)
            yield menu
            menu.close()

    def texts(menu: QMenu) -> set[str]:
        return set(entries(menu))

    for menu in menus(running):
        assert {common_texts.PIN(), "Notifications…"} <= texts(menu)
    for menu in menus(ended):
        assert common_texts.PIN() in texts(menu)
        assert "Notifications…" not in texts(menu), "it sends none"
    on_tab = next(menus(ended))
    pin = entries(on_tab)[common_texts.PIN()]
    assert pin.shortcut().toString() == "Ctrl+F9"
    pin.trigger()
    on_tab.close()
    await harness.until(lambda: harness.chat(ended).record.entry.pinned, "the chat to be pinned")
    harness.sessions.muting.mute_chat(harness.chat(ended), muted=True)
    for menu in menus(ended):
        assert {common_texts.UNPIN(), "Notifications…"} <= texts(menu), "a chat that continues it is muted"


async def test_a_rows_menu_shows_the_keys_of_the_sidebars_list(harness: WindowHarness) -> None:
    ended = [await harness.add(name, state=State.EXITED, exit_code=0) for name in ("one", "two")]
    window = harness.open_window(preferences=Preferences(keys={"rename": ["F9"]}))
    chats = [harness.chat(session_id) for session_id in ended]
    place = window.mapToGlobal(ROW)
    keys = shown(popped_up(lambda: window.sidebar.menu_requested.emit(chats[0], place)))
    assert keys == {common_texts.OPEN(): "Return", action_texts.RENAME(): "F2", action_texts.REMOVE(): "Del"}
    keys = shown(popped_up(lambda: window.sidebar.several_menu_requested.emit(chats, place)))
    assert keys == {action_texts.remove_chats(2): "Del"}


MOST = 12


def lengths(menu: QMenu, *, depth: int = 0) -> list[int]:
    """The lengths of a menu and of its submenus, in which each entry has a letter of its own."""
    assert depth < 2, "a submenu has no submenus"
    letters = shown_letters(menu)
    assert "" not in letters
    assert len(set(letters)) == len(letters), letters
    shown = [action for action in menu.actions() if not action.isSeparator() and action.isVisible()]
    found = [len(shown)]
    for action in shown:
        if isinstance(submenu := action.menu(), QMenu):
            found += lengths(submenu, depth=depth + 1)
    return found


@pytest.mark.parametrize("agent", ["claude", "bash"])
async def test_each_menu_has_at_most_twelve_entries_with_letters_of_their_own(
    harness: WindowHarness, agent: str
) -> None:
    ids = [await harness.add(name, agent=agent) for name in ("one", "two", "three")]
    ended = await harness.add("four", agent=agent, state=State.EXITED, exit_code=0)
    window = harness.open_window()
    for session_id in ids:
        harness.show(session_id)
    window.open_chat(harness.chat(ended))
    window.tabs.activate(ids[1])
    place = window.mapToGlobal(QPoint(200, 100))
    chats = [harness.chat(session_id) for session_id in (*ids, ended)]

    def measured(show: Callable[[], object]) -> list[int]:
        show()
        menu = open_menu()
        found = lengths(menu)
        menu.close()
        harness.settle()
        return found

    for found in (
        measured(lambda: window.tabs.panes.menu_requested.emit(ids[1], place)),
        measured(lambda: window.tabs.panes.menu_requested.emit(ended, place)),
        measured(lambda: window.sidebar.menu_requested.emit(chats[0], place)),
        measured(lambda: window.sidebar.menu_requested.emit(chats[3], place)),
        measured(lambda: window.sidebar.several_menu_requested.emit(chats, place)),
        measured(lambda: window.sidebar.own_menu_requested.emit(place)),
        measured(lambda: window.menus.show_beside_tabs(place)),
        measured(lambda: window.menus.show_for_window(window.menu_button)),
    ):
        assert found
        assert max(found) <= MOST, found


async def test_a_machine_can_be_added_from_the_windows_menu(harness: WindowHarness) -> None:
    window = harness.open_window()
    menu = popped_up(lambda: window.menus.show_for_window(window.menu_button))
    assert "Add a machine…" in [action.text() for action in menu.actions()]
    menu.close()


async def test_a_terminals_menu_on_a_link_in_a_commands_output_has_at_most_twelve_entries_with_letters(
    harness: WindowHarness,
) -> None:
    session_id = await harness.add("one")
    harness.open_window()
    output = b"\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07https://example.org/" + b"a" * 40
    harness.show(session_id).go_live(b"\x1b[2J\x1b[H" + output + b"\r\n\x1b]133;D;0\x07")
    harness.settle()
    menu = harness.view.context_menu.build(QPointF(120, 30))
    texts = {action.text() for action in menu.actions()}
    assert {page_texts.OPEN_LINK(), page_texts.THIS_COMMAND()} <= texts
    assert max(lengths(menu)) <= MOST
    menu.close()


OF_SIDEBAR = [
    action_table.title("new_chat"),
    window_texts.BY_STATE(),
    window_texts.BY_PROJECT(),
    window_texts.COMPACT_ROWS(),
    "Hide sidebar",
    "Remove ended chats…",
]


def right_click(widget: QWidget, point: QPoint) -> None:
    """Send the event of a right click; it goes to the first parent that takes it."""
    QApplication.sendEvent(widget, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, point, widget.mapToGlobal(point)))


def taken(harness: WindowHarness, choose: str = "") -> tuple[list[str], list[str]]:
    """Close the shown menu, by choosing an action; returns the texts of its actions, and those of the disabled ones."""
    menu = open_menu()
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
        assert taken(harness) == (OF_SIDEBAR, OF_SIDEBAR[-1:])
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
    [pane] = window.tabs.panes.all()
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
    window.tabs.panes.mirror("right")
    harness.show(two)
    left, right = window.tabs.panes.all()
    assert window.tabs.panes.active is right
    right_click(left.bar, QPoint(left.bar.width() - 5, 10))
    taken(harness)
    assert window.tabs.panes.active is left


async def test_the_menu_of_several_chats_mutes_the_rest_and_then_unmutes_all(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    harness.sessions.follow_all()
    harness.open_window()
    muting = harness.sessions.muting
    muting.mute_chat(harness.chat(ids[0]), muted=True)
    choose(harness, "Mute notifications", *ids[:2])
    assert sorted(muting.muted) == sorted(ids[:2])
    choose(harness, "Unmute notifications", *ids[:2])
    assert muting.muted == []


PLACE = QPoint(200, 100)


def colors_of(harness: WindowHarness, *session_ids: str) -> dict[str, QAction]:
    """The items of the submenu *Colour* in the menu of one chat, or of several."""
    window, chats = harness.window, [harness.chat(session_id) for session_id in session_ids]
    if len(chats) == 1:
        window.menus.show_for_tab(chats[0], window.mapToGlobal(PLACE))
    else:
        window.menus.show_for_several(chats, window.mapToGlobal(PLACE))
    found = entries_of_open_menu()
    return {text: action for text, action in found.items() if text.lower() in {"none", *LABEL_COLORS}}


def checked(colors: dict[str, QAction]) -> list[str]:
    return [text for text, action in colors.items() if action.isChecked()]


async def test_a_colour_from_the_menu_is_shown_and_spoken_in_tab_and_sidebar(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(one)
    bar, model = window.tabs.panes.active.bar, window.sidebar.model
    plain = bar.picture_of(0).toImage()
    colors = colors_of(harness, one)
    assert [text.lower() for text in colors] == ["none", *LABEL_COLORS]
    assert checked(colors) == ["None"]
    colors["Green"].trigger()
    harness.settle()
    labelled, green = bar.picture_of(0).toImage(), harness.theme.tokens.label_color("green")
    assert labelled != plain
    assert any(labelled.pixelColor(x, labelled.height() // 2) == green for x in range(12)), "before its mark"
    assert "colour green" in bar.accessibleTabName(0)
    assert "colour green" in model.index_of(one).data(Qt.ItemDataRole.AccessibleTextRole)
    assert checked(colors_of(harness, one)) == ["Green"]

    assert checked(colors_of(harness, one, two)) == [], "they have different ones"
    colors_of(harness, one, two)["Pink"].trigger()
    assert checked(colors_of(harness, one, two)) == ["Pink"]
    colors_of(harness, one)["None"].trigger()
    harness.settle()
    assert bar.picture_of(0).toImage() == plain
    assert "colour" not in bar.accessibleTabName(0)


async def test_the_palette_opens_the_colours_by_keyboard(harness: WindowHarness) -> None:
    one = await harness.add("one")
    window = harness.open_window()
    harness.show(one)
    window.actions_["choose_color"].trigger()
    chooser = window.sheets.chooser
    QTest.keyClicks(chooser.field, "cyan")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert harness.chat(one).color_label == "cyan"
    window.actions_["choose_color"].trigger()
    marked = chooser.list.currentIndex()
    assert marked.data() == "Cyan"
    QTest.keyClicks(chooser.field, "none")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert harness.chat(one).color_label == ""


async def test_colours_are_kept_in_the_layout_and_follow_a_resumed_chat(harness: WindowHarness) -> None:
    ended, other = await harness.add("one", state=State.EXITED, exit_code=0), await harness.add("two")
    layout = WindowLayout.from_dict({"color_labels": {ended: "red", other: "beige", "gone": "blue"}})
    labels, changes = harness.sessions.color_labels, list[bool]()
    labels.changed.connect(lambda: changes.append(True))
    labels.load(layout.color_labels)
    assert [harness.chat(each).color_label for each in (ended, other)] == ["red", ""], "there is no beige"
    assert layout.to_dict()["color_labels"] == {ended: "red", "gone": "blue"}
    follower = await harness.add("one again", resumed_from=ended)
    chat = harness.chat(ended)
    chat.record = changed(chat.record, continued_by=follower)
    harness.sessions.chats.changed.emit()
    assert layout.color_labels[follower] == "red"
    assert ended not in layout.color_labels
    assert harness.chat(follower).color_label == "red"
    assert changes
    harness.sessions.chats.forgotten.emit(follower)
    assert layout.color_labels == {"gone": "blue"}
    assert WindowLayout.from_dict({"color_labels": ["red"]}).color_labels == {}


async def test_a_held_key_closes_one_tab_and_goes_on_through_the_tabs(harness: WindowHarness):
    window = harness.open_window()
    assert not window.actions_["close_tab"].autoRepeat()
    assert window.actions_["next_tab"].autoRepeat()


async def test_the_palette_finds_actions_by_the_words_that_people_type(harness: WindowHarness) -> None:
    one = await harness.add("one", agent="claude", runtime="structured", provider_session_id="c1")
    window = harness.open_window(one_pane([one], one))
    harness.settle()
    choices = window.actions_.choices()

    def found(typed: str) -> list[str]:
        return [each.choice.title for each in ListedChoices(choices).find(typed)]

    for typed, title in (
        ("restore files", "Changes"),
        ("rewind", "Changes"),
        ("undo", "Changes"),
        ("replay", "Export chat…"),
        ("recording", "Export chat…"),
        ("preferences", "Settings…"),
        ("help", "Guide"),
    ):
        assert title in found(typed)[:2], typed
    assert not [title for title in found("undo") if title.startswith("Fork")]
