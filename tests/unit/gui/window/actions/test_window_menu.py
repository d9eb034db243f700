"""The window's menu, its actions in a terminal's menu, and search terms for them in the palette."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gui.window.actions import action_table
from tests.unit.gui.conftest import WindowHarness


async def test_the_windows_menu_opened_by_keyboard_has_its_first_action_selected(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.activateWindow()
    button = window.menu_button
    button.setFocus()
    await harness.until(button.hasFocus, "the button to have the keyboard")
    QTest.keyClick(button, Qt.Key.Key_Space)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert menu.activeAction() is window.actions_["new_chat"]
    menu.close()
    harness.settle()


async def test_the_windows_menu_shows_disabled_what_has_nothing_to_do(harness: WindowHarness) -> None:
    window = harness.open_window()
    names = ("new_chat", "stop_all")

    def enabled() -> list[str]:
        window.menus.show_for_window(window.menu_button)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        found = [
            name for name in names if window.actions_[name] in menu.actions() and window.actions_[name].isEnabled()
        ]
        menu.close()
        harness.settle()
        return found

    assert enabled() == ["new_chat"]
    assert all(window.actions_[name].isEnabled() for name in names), "their keys still say that there is nothing to do"
    session_id = await harness.add("one")
    harness.show(session_id)
    assert enabled() == ["new_chat", "stop_all"]


async def test_a_terminals_menu_has_the_windows_actions_with_their_keys(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await harness.add("one")
    started: list[object] = []
    monkeypatch.setattr(harness.open_window().commands.starting, "new_shell", lambda *where: started.append(where))
    harness.show(session_id)
    menu = harness.view.context_menu(QPointF(30, 30))
    assert [(action.text(), action.shortcut().toString()) for action in menu.actions()[-9:]] == [
        ("", ""),
        (action_table.title("find"), "Ctrl+Shift+F"),
        (action_table.title("open_text"), ""),
        ("", ""),
        (action_table.title("split_right"), "Ctrl+Shift+D"),
        (action_table.title("split_down"), "Ctrl+Shift+E"),
        ("", ""),
        (action_table.title("clear_scrollback"), "Ctrl+Shift+Del"),
        (action_table.title("reset_terminal"), ""),
    ]
    menu.actions()[-4].trigger()
    menu.close()
    assert started == [("/tmp", "down")]


TERMS = {
    "clone": "continue", "broadcast": "broadcast", "maximize": "full_screen", "jump": "previous_prompt",
    "balance": "even_out", "new tab": "new_shell", "cwd": "new_shell", "copy mode": "select_by_keyboard",
    "url": "link_hints", "scrollback": "open_text", "title": "rename", "garbled": "reset_terminal",
    "erase": "clear_scrollback",
}  # fmt: skip


async def test_terms_of_other_programs_find_an_action(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(ids[0])
    window.tabs.mirror("right")
    window.describe()
    missed = {}
    for typed, action in TERMS.items():
        window.actions_.show_palette()
        chooser = window.sheets.chooser
        chooser.field.setText(typed)
        found = [chooser.items.item(row).text() for row in range(chooser.items.rowCount())]
        if action_table.title(action) not in found[:2]:
            missed[typed] = found
        chooser.dismiss()
    assert missed == {}
