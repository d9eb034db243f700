"""A refused answer in the page of a structured chat."""

from __future__ import annotations

from gui.chat.page.requests import RequestCard
from gui.window.page.structured_page import StructuredPage
from gui.wording import chat_texts
from session_host.client.viewer.viewer import ViewerState
from session_host.structured.items import AgentRequest, digest
from tests.support.scripted_chat import ScriptedChat, command_request
from tests.unit.gui.conftest import FakeViewer, WindowHarness

REASON = "the question is not the one that was shown"


async def shown_questions(
    harness: WindowHarness, *requests: AgentRequest
) -> tuple[FakeViewer, StructuredPage, list[RequestCard]]:
    """Show a chat with these questions."""
    session_id = await harness.add("one", runtime="structured")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    viewer = harness.viewers[session_id]
    chat = ScriptedChat()
    for request in requests:
        chat.ask(request)
    viewer.transcript = chat.transcript
    viewer.become(ViewerState.LIVE)
    viewer.delegate.viewer_replaced()
    page = window.tabs.active_page
    assert isinstance(page, StructuredPage)
    cards: list[RequestCard] = []

    def are_shown() -> bool:
        cards[:] = [card for request in requests if (card := page.view.page.requests.card(request.id)) is not None]
        return len(cards) == len(requests)

    await harness.until(are_shown, "the questions")
    return viewer, page, cards


async def test_a_refused_answer_is_shown_only_at_its_own_question(harness: WindowHarness):
    first, second = command_request("make"), command_request("make install", request_id="r2")
    viewer, page, (other, refused) = await shown_questions(harness, first, second)
    for request in (first, second):
        page.answer_request(request.id, "yes", digest(request), {})
    viewer.refuse(REASON, sequence=2)
    harness.settle()
    assert refused._message.text() == REASON
    assert "the question" not in other._message.text()
    viewer.refuse("nothing is running", sequence=3)
    assert "nothing" not in other._message.text() + refused._message.text()


async def test_the_reason_of_a_refusal_stays_until_the_next_answer(harness: WindowHarness):
    viewer, _, (card,) = await shown_questions(harness, command_request("make"))
    decline = card.button_of("reject_once")
    assert decline is not None
    decline.click()
    viewer.refuse(REASON)
    assert card._message.text() == REASON
    card.seen.checked.emit()  # As a moment after the question is shown, or moves.
    assert card._message.text() == REASON
    decline.click()
    assert card._message.text() == chat_texts.ANSWER_SENT()
