"""The bar under the last screen of an ended chat."""

from __future__ import annotations

from gui.bridge.ended_chat import EndedChat
from tests.unit.gui.conftest import WindowHarness


async def test_in_a_narrow_pane_the_buttons_below_an_ended_chat_are_not_cut(harness: WindowHarness):
    session_id = await harness.add("one")
    harness.open_window()
    harness.show(session_id).end(exit_code=3)
    bar = harness.page.end_bar
    bar.offer(EndedChat(False, "", True, True))
    buttons = (bar.choose_conversation, bar.again, bar.errors, bar.export, bar.close_button)
    for width in (700, 160, 110, 230):
        bar.setFixedWidth(width)
        harness.settle()
        cut = [each.text() for each in buttons if each.fontMetrics().size(0, each.text()).width() + 4 > each.width()]
        assert not cut, f"at {width} px"
