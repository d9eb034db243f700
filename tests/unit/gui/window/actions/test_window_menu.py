"""The window's menu."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from tests.unit.gui.conftest import Played


async def test_the_windows_menu_that_the_keyboard_opens_has_its_first_action_marked(played: Played) -> None:
    window = played.open_window()
    window.activateWindow()
    button = window.menu_button
    button.setFocus()
    await played.until(button.hasFocus, "the button to have the keyboard")
    QTest.keyClick(button, Qt.Key.Key_Space)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert menu.activeAction() is window.actions_["new_chat"]
    menu.close()
    played.settle()
