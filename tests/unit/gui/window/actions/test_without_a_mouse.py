"""Selecting and opening by keyboard, also together with the find bar."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.unit.gui.conftest import WindowHarness

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


async def test_keys_enter_the_selecting_mode_and_copy_a_found_match(harness: WindowHarness):
    session_id = await harness.add("one")
    window = harness.open_window()
    assert not window.actions_["select_by_keyboard"].isEnabled(), "there is no terminal"
    viewer = harness.show(session_id)
    assert viewer.emulator is not None
    viewer.emulator.feed(b"first needle here\r\nsecond\r\n")
    harness.view.on_damage()
    window.activateWindow()
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")

    def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        where = QApplication.focusWidget()
        assert where is not None
        QTest.keyClick(where, key, modifiers)
        harness.settle()

    modes = harness.view.modes
    press(Qt.Key.Key_Space, CTRL_SHIFT)
    assert modes.selecting.is_on
    press(Qt.Key.Key_Slash)
    bar = harness.page.find_bar
    await harness.until(lambda: bar.has_keyboard, "the find bar to have the keyboard")
    await harness.until(lambda: not modes.line.is_shown, "the bar alone to say what the keys do")
    QTest.keyClicks(bar.field, "needle")
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_Escape)
    assert modes.selecting.is_on
    press(Qt.Key.Key_V)
    press(Qt.Key.Key_E)
    press(Qt.Key.Key_Y)
    assert QGuiApplication.clipboard().text() == "needle"
    press(Qt.Key.Key_H, CTRL_SHIFT)
    assert modes.active is None, "there are no links"
    press(Qt.Key.Key_Space, CTRL_SHIFT)
    press(Qt.Key.Key_Space, CTRL_SHIFT)
    assert modes.active is None, "the same key leaves"
    keys = {call[1] for call in viewer.calls if call[0] == "key"}
    assert keys <= {"Control", "Shift"}, "of the window's keys, programs get the modifiers"
