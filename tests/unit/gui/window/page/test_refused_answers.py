"""A refused answer in the page of a structured chat."""

from __future__ import annotations

from gui.window.page.structured_page import StructuredPage
from session_host.client.viewer.viewer import ViewerState
from session_host.structured.digest import digest
from tests.support.scripted_chat import ScriptedChat, command_request
from tests.unit.gui.conftest import WindowHarness


async def test_a_refused_answer_is_shown_only_at_its_own_question(harness: WindowHarness):
    session_id = await harness.add("one", runtime="structured")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    viewer = harness.viewers[session_id]
    chat = ScriptedChat()
    first, second = command_request("make"), command_request("make install", request_id="r2")
    chat.ask(first)
    chat.ask(second)
    viewer.transcript = chat.transcript
    viewer.become(ViewerState.LIVE)
    viewer.delegate.viewer_replaced()
    page = window.tabs.active_page
    assert isinstance(page, StructuredPage)
    cards = page.view.page
    await harness.until(lambda: cards.card("r1") and cards.card("r2"), "both questions")
    for request in (first, second):
        page.view.answered.emit(request.id, "yes", digest(request), {})
    viewer.refuse("the question is not the one that was shown", sequence=2)
    harness.settle()
    other, refused = cards.card("r1"), cards.card("r2")
    assert other is not None
    assert refused is not None
    assert refused._message.text() == "the question is not the one that was shown"
    assert "the question" not in other._message.text()
    viewer.refuse("nothing is running", sequence=3)
    assert "nothing" not in other._message.text() + refused._message.text()
