"""Answers in the transcript."""

from __future__ import annotations

from session_host.protocol.messages import AnswerRequest
from session_host.structured.items import AgentRequest, Question, RequestResolved, digest
from session_host.structured.rules import first_answer


def test_a_password_is_not_in_the_transcript_and_several_answers_are_one_line() -> None:
    questions = (Question("q1", "Which parts?", ("API", "UI"), several=True), Question("q2", "Password?", secret=True))
    request = AgentRequest("r", "question", 1, "Some things", "", questions=questions)
    answer = AnswerRequest("", 0, "r", "", digest(request), {"q1": "API\nUI", "q2": "hunter2"})
    assert first_answer(answer, {"r": request}, {}, by="window", now_ms=5) == RequestResolved(
        "r", "text", "API, UI; ••••••", "window", 5
    )
