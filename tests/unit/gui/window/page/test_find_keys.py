"""The usual keys for finding, in a chat view."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.window.page.structured_page import StructuredPage
from session_host.client.viewer.viewer import ViewerState
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import WindowHarness


async def test_ctrl_f_opens_the_find_bar_of_a_chat_view_and_f3_goes_on_from_everywhere_in_it(
    harness: WindowHarness,
) -> None:
    session_id = await harness.add("one", runtime="structured")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    chat, viewer = ScriptedChat(), harness.viewers[session_id]
    for number in range(3):
        chat.put("agent", f"needle {number}")
    viewer.transcript = chat.transcript
    viewer.become(ViewerState.LIVE)
    viewer.delegate.viewer_replaced()
    page = window.tabs.active_page
    assert isinstance(page, StructuredPage)
    window.activateWindow()
    editor = page.view.prompt.editor
    await harness.until(editor.hasFocus, "the prompt to have the keyboard")
    QTest.keyClick(editor, Qt.Key.Key_F3)
    QTest.keyClick(editor, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    bar = page.find_bar
    assert bar.isVisible()
    await harness.until(bar.field.hasFocus, "the find bar to have the keyboard")
    QTest.keyClicks(bar.field, "needle")
    await harness.until(lambda: bar.count.text() == "3 of 3", "the last match")
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_F3)
    await harness.until(lambda: bar.count.text() == "2 of 3", "the match above")
    page.view.page.setFocus()
    QTest.keyClick(page.view.page, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    await harness.until(lambda: bar.count.text() == "3 of 3", "the match below it")
