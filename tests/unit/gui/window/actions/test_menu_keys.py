"""Context menus show the keys in effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gui.settings.preferences import Preferences
from gui.window.actions import action_table
from gui.wording import action_texts, chat_texts, common_texts
from session_host import paths
from session_host.protocol.values import State
from tests.support.menus import entries
from tests.unit.gui.conftest import WindowHarness

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


def popped_up(open_menu: Callable[[], object]) -> QMenu:
    open_menu()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


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
    assert shown(view.context_menu(QPointF(9, 9))) == {
        **of_the_window,
        common_texts.COPY(): "Ctrl+Shift+C",
        common_texts.PASTE(): "Ctrl+Alt+V",
    }

    (paths.config_dir() / "keys.toml").write_text('copy = "Ctrl+Alt+C"\n')
    harness.settings.read_again()
    menu = view.context_menu(QPointF(9, 9))
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
    page = window.open_chat(harness.chat(session_id))
    assert page is not None
    content = page.structured
    assert content is not None
    menu = content.view.page.context_menu(QPointF(9, 9))
    texts = [action.text() for action in menu.actions()]
    assert chat_texts.COPY_AS_MARKDOWN() in texts
    assert shown(menu) == {
        common_texts.COPY(): "Ctrl+C",
        common_texts.SELECT_ALL(): "Ctrl+Shift+A",
        action_table.title("find"): "Ctrl+Shift+F",
        action_table.title("split_right"): "Ctrl+Shift+D",
        action_table.title("split_down"): "Ctrl+Shift+E",
    }


async def test_a_tabs_menu_shows_the_keys_that_act_on_its_chat(harness: WindowHarness) -> None:
    session_id = await harness.add("shell")
    window = harness.open_window(preferences=Preferences(keys={"rename": ["F2"], "kill": ["Ctrl+F9"]}))
    harness.show(session_id)
    menu = popped_up(lambda: window.tabs.menu_requested.emit(session_id, window.mapToGlobal(QPoint(200, 100))))
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
            lambda: window.tabs.menu_requested.emit(session_id, place),
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
    await harness.until(lambda: harness.chat(ended).record.pinned, "the chat to be pinned")
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
