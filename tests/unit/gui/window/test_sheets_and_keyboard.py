"""The keyboard focus and the window's sheets: what the user types goes to what they see in front."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.unit.gui.conftest import WindowHarness


async def test_a_first_chat_that_starts_behind_a_sheet_does_not_take_the_keyboard(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    window.starting.new_chat("shell", "/tmp")
    window.open_chat(harness.chat(session_id))
    harness.settle()
    assert window.tabs.active_id == session_id
    assert window.sheets.new_chat.is_open
    assert window.sheets.new_chat.isAncestorOf(window.focusWidget()), "typed text goes on into the sheet"


async def test_a_sheet_closes_when_a_key_moves_the_keyboard_behind_it(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id)
    window.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    QTest.keyClicks(sheet.name, "typed")
    QTest.keyClick(sheet.name, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    harness.settle()
    assert not sheet.is_open
    assert harness.page.find_bar.field.hasFocus()
    window.starting.new_chat("shell", "/tmp")
    sheet.directory_row.browser.browse()
    harness.settle()
    assert sheet.is_open, "a sheet over it has the keyboard"
