"""A text that is typed while the list of chats has the keyboard."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.unit.gui.conftest import WindowHarness


async def test_a_text_that_is_typed_into_the_list_goes_to_no_chat(harness: WindowHarness):
    shown, other = await harness.add("alpha"), await harness.add("gamma")
    window = harness.open_window()
    harness.show(shown)
    chats = window.sidebar.list
    chats.setFocus()
    QTest.keyClicks(chats, "gamma is typed here")
    harness.settle()
    assert window.tabs.ids() == [shown]
    await harness.until(lambda: not chats._typing.isActive(), "the end of the typing")
    chats.setCurrentIndex(window.sidebar.model.index_of(other))
    QTest.keyClick(chats, Qt.Key.Key_Space)
    harness.settle()
    assert window.tabs.ids() == [shown, other], "a space alone opens the chat"
