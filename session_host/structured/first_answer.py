"""Accepts the first answer to a request, if the request is still the one that was shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from session_host.protocol.messages import AnswerRequest, ErrorCode

from .digest import digest
from .items import DIALOG, PLACES, REJECTIONS, AgentRequest, RequestResolved
from .step import Refusal

HIDDEN: Final = "••••••"
"""In place of a secret answer."""


def first_answer(
    answer: AnswerRequest,
    requests: Mapping[str, AgentRequest],
    answers: Mapping[str, RequestResolved],
    *,
    by: str,
    now_ms: int,
) -> RequestResolved | Refusal:
    """The outcome of an open request, or the refusal of the answer.

    Args:
        answer: the answer.
        requests: the open requests, by their ids.
        answers: resolved requests, by their ids.
        by: the kind of client that answers.
        now_ms: the time.
    """
    request = requests.get(answer.agent_request)
    if request is None:
        earlier = answers.get(answer.agent_request)
        if earlier is None:
            return Refusal(ErrorCode.BAD_REQUEST, "there is no such question in this chat")
        if not earlier.option:
            text = (
                "already answered in its terminal" if earlier.by == DIALOG else "the agent has withdrawn its question"
            )
            return Refusal(ErrorCode.ANSWERED, text)
        where = f" {PLACES[earlier.by]}" if earlier.by in PLACES else ""
        return Refusal(ErrorCode.ANSWERED, f"already answered{where}: {earlier.name or earlier.option}")
    if answer.digest != digest(request):
        return Refusal(ErrorCode.CHANGED, "the question has changed since it was shown; read it again")
    option = next((option for option in request.options if option.id == answer.option), None)
    if option is None and not (request.kind == "question" and answer.texts):
        return Refusal(ErrorCode.BAD_REQUEST, f"{answer.option!r} is not an answer to this question")
    if not request.complete and (option is None or option.kind not in REJECTIONS):
        return Refusal(
            ErrorCode.BAD_REQUEST, "the agent did not report everything that would run: it can only be declined"
        )
    name = option.label if option is not None else _shown(request, answer.texts)
    return RequestResolved(request.id, answer.option or "text", name, by, now_ms)


def _shown(request: AgentRequest, texts: Mapping[str, str]) -> str:
    """Answers to questions in one line, for the transcript. A secret one is hidden: the transcript is recorded."""
    secret = {asked.id for asked in request.questions if asked.secret}
    return "; ".join(HIDDEN if question in secret else ", ".join(text.split("\n")) for question, text in texts.items())
