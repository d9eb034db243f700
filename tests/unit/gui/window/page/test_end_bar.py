"""The bar under the last screen of an ended chat."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.bridge.ended_chat import EndedChat
from tests.unit.gui.conftest import WindowHarness


async def test_in_a_narrow_pane_the_buttons_below_an_ended_chat_are_not_cut(harness: WindowHarness):
    session_id = await harness.add("one")
    harness.open_window()
    harness.show(session_id).end(exit_code=3)
    bar = harness.page.end_bar
    bar.has_conversations = True
    bar.offer(EndedChat(True, "", True))
    buttons = (bar.resume, bar.continue_, bar.errors, bar.export, bar.close_button)
    for width in (700, 160, 110, 230):
        bar.setFixedWidth(width)
        harness.settle()
        cut = [each.text() for each in buttons if each.fontMetrics().size(0, each.text()).width() + 4 > each.width()]
        assert not cut, f"at {width} px"


async def test_processes_that_an_ended_chat_left_behind_are_named_and_can_be_ended(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    harness.open_window()
    harness.show(session_id).end(exit_code=3)
    bar, asked = harness.page.end_bar, list[bool]()
    bar.end_left_requested.connect(lambda: asked.append(True))
    bar.offer(EndedChat(False, "", False))
    assert bar.end_left.isHidden()
    bar.offer(EndedChat(False, "", False, "sleep 1000 (PID 4711)"))
    assert bar.refusal.text() == "Left behind, and still running: sleep 1000 (PID 4711)."
    QTest.mouseClick(bar.end_left, Qt.MouseButton.LeftButton)
    assert asked
