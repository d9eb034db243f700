"""Which input *New chat* still has when it opens again."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.unit.gui.conftest import WindowHarness


async def test_cancel_forgets_the_first_prompt_and_escape_keeps_it(harness: WindowHarness) -> None:
    window = harness.open_window()
    sheet = window.sheets.new_chat
    window.commands.starting.new_chat()
    QTest.keyClicks(sheet.prompt, "fix the tests")
    QTest.keyClick(sheet.prompt, Qt.Key.Key_Escape)
    assert not sheet.is_open
    window.commands.starting.new_chat()
    assert sheet.prompt.toPlainText() == "fix the tests"
    QTest.mouseClick(sheet.cancel, Qt.MouseButton.LeftButton)
    assert not sheet.is_open
    window.commands.starting.new_chat()
    assert sheet.prompt.toPlainText() == ""
