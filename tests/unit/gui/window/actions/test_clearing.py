"""Clearing the scrollback and resetting the terminal, by key, menus and palette."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.wording import page_texts
from session_host.client.viewer.viewer import ViewerState
from tests.unit.gui.conftest import WindowHarness

LINES = b"".join(b"line %d\r\n" % number for number in range(60))
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


async def test_the_key_clears_the_active_chat_and_its_selection(harness: WindowHarness) -> None:
    session_id = await harness.add("shell")
    window = harness.open_window()
    viewer = harness.show(session_id)
    assert viewer.emulator is not None
    viewer.emulator.feed(LINES)
    viewer.emulator.select_all()
    window.activateWindow()
    harness.view.setFocus()
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")
    QTest.keyClick(harness.view, Qt.Key.Key_Delete, CTRL_SHIFT)
    assert viewer.calls.count(("clear_terminal", "scrollback")) == 1
    assert viewer.emulator.selected_text() == ""
    window.actions_["reset_terminal"].trigger()
    assert viewer.calls.count(("clear_terminal", "reset")) == 1


async def test_a_line_says_why_nothing_is_cleared(harness: WindowHarness) -> None:
    session_id = await harness.add("shell")
    window = harness.open_window()
    viewer = harness.show(session_id)
    assert viewer.emulator is not None
    clear, reset = window.actions_["clear_scrollback"], window.actions_["reset_terminal"]

    def banner_text() -> str:
        return window.banners.current.text if window.banners.current is not None else ""

    viewer.emulator.feed(b"\x1b[?1049h")
    clear.trigger()
    assert banner_text() == page_texts.NO_SCROLLBACK_TO_CLEAR()
    reset.trigger()
    assert [call for call in viewer.calls if call[0] == "clear_terminal"] == [("clear_terminal", "reset")]
    viewer.emulator.feed(b"\x1b[?1049l")
    viewer.can_clear = False
    clear.trigger()
    assert banner_text() == page_texts.CANNOT_CLEAR_IN_OLD_CHAT()
    viewer.become(ViewerState.RECONNECTING)
    clear.trigger()
    assert banner_text() == page_texts.CANNOT_CLEAR_YET()
    viewer.end(0)
    window.describe()
    assert not clear.isEnabled()
    assert not reset.isEnabled()
