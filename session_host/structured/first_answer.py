"""Which answer to a request counts: the first one, to what was shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from session_host.protocol.messages import AnswerRequest, ErrorCode

from .digest import digest
from .items import DIALOG, PLACES, REJECTIONS, AgentRequest, RequestResolved
from .step import Refusal


def first_answer(
    verb: AnswerRequest,
    requests: Mapping[str, AgentRequest],
    answers: Mapping[str, RequestResolved],
    *,
    by: str,
    now_ms: int,
) -> RequestResolved | Refusal:
    """The outcome of an open request, or why the answer has no effect.

    Args:
        verb: the answer.
        requests: the open requests, by their ids.
        answers: resolved requests, by their ids.
        by: the kind of client that answers.
        now_ms: the time.
    """
    request = requests.get(verb.agent_request)
    if request is None:
        answer = answers.get(verb.agent_request)
        if answer is None:
            return Refusal(ErrorCode.BAD_REQUEST, "there is no such question in this chat")
        if not answer.option:
            text = (
                "already answered in its terminal" if answer.by == DIALOG else "the agent has taken its question back"
            )
            return Refusal(ErrorCode.ANSWERED, text)
        where = f" {PLACES[answer.by]}" if answer.by in PLACES else ""
        return Refusal(ErrorCode.ANSWERED, f"already answered{where}: {answer.name or answer.option}")
    if verb.digest != digest(request):
        return Refusal(ErrorCode.CHANGED, "the question is not the one that was shown; look at it again")
    option = next((each for each in request.options if each.id == verb.option), None)
    if option is None and not (request.kind == "question" and verb.texts):
        return Refusal(ErrorCode.BAD_REQUEST, f"{verb.option!r} is no answer to this question")
    if not request.complete and (option is None or option.kind not in REJECTIONS):
        return Refusal(ErrorCode.BAD_REQUEST, "the agent did not say all that would run: it can only be declined")
    name = option.name if option is not None else "; ".join(verb.texts.values())
    return RequestResolved(request.id, verb.option or "text", name, by, now_ms)
