"""Answers to an agent's questions: which may be given, where, and what they did. The host decides by it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from session_host.protocol.messages import AnswerRequest
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import ErrorCode

from .items import (
    DIALOG,
    INCOMPLETE,
    PLACES,
    REJECTIONS,
    WITHDRAWN,
    AgentRequest,
    OptionKind,
    RequestOption,
    RequestResolved,
    digest,
)

Intent = Literal["allow", "allow_always", "deny"]
"""What a user wants who does not see an agent's options."""

_KINDS: Final[Mapping[Intent, tuple[OptionKind, ...]]] = {
    "allow": ("allow_once",),
    "allow_always": ("allow_always",),
    "deny": ("reject_once", "cancel", "reject_always"),
}
"""The kinds of options for an intent, in order of preference."""

_SETS_MODE: Final = frozenset({"window", "attach"})
"""The places where an answer may set the agent's mode: its user sees the option's whole name there."""

HIDDEN: Final = "••••••"
"""In place of a secret answer."""


class Refusal(NamedTuple):
    """The refusal of an input: an ``ErrorCode``, and the reason as one line for the user."""

    code: str
    text: str


def option_for(request: AgentRequest, intent: Intent) -> RequestOption | None:
    """The mildest option of a request for an intent; None if it has none. None that sets a mode is taken for one."""
    options = [option for option in request.options if not option.sets_mode]
    return next((option for kind in _KINDS[intent] for option in options if option.kind == kind), None)


def hindrance(request: AgentRequest, option: RequestOption | None, by: str, *, seen_end: bool = True) -> str:
    """Why a request may not be answered so, one line; "" if it may.

    Args:
        request: the request.
        option: one of its options; None for texts alone.
        by: where it is answered: see ``PLACES``.
        seen_end: whether the user saw all that the answer allows.
    """
    if option is not None and option.kind in REJECTIONS:
        return ""
    if not request.complete:
        return INCOMPLETE
    if option is not None and option.sets_mode and by not in _SETS_MODE:
        return "an answer that sets the agent’s mode is given in a window or with `outlive attach`"
    return "this is not shown to its end here: it can only be declined" if option is not None and not seen_end else ""


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
        return Refusal(ErrorCode.ANSWERED, outcome(earlier))
    if answer.digest != digest(request):
        return Refusal(ErrorCode.CHANGED, "the question has changed since it was shown; read it again")
    option = chosen(request, answer)
    if option is None and not (request.kind == "question" and answer.texts):
        return Refusal(ErrorCode.BAD_REQUEST, f"{answer.option!r} is not an answer to this question")
    if why := hindrance(request, option, by):
        return Refusal(ErrorCode.NOT_ALLOWED, why)
    if option is None:
        return RequestResolved(request.id, answer.option or "text", _shown(request, answer.texts), by, now_ms)
    words = answer.texts.get("", "").strip() if option.kind in REJECTIONS else ""
    return RequestResolved(request.id, option.id, option.label, by, now_ms, option.kind, words)


def chosen(request: AgentRequest, answer: AnswerRequest) -> RequestOption | None:
    """The option that an answer names; None for none."""
    return next((option for option in request.options if option.id == answer.option), None)


def outcome(resolved: RequestResolved) -> str:
    """How a request was resolved, for those who come too late."""
    if not resolved.option:
        return "already answered in its terminal" if resolved.by == DIALOG else WITHDRAWN
    where = f" {PLACES[resolved.by]}" if resolved.by in PLACES else ""
    return f"already answered{where}: {one_line(resolved.name or resolved.option)}"


def done_words(kind: OptionKind | Literal[""]) -> str:
    """What an answer with an option of this kind did, for the one who gave it; "" for texts, or if it is not known."""
    if kind in REJECTIONS:
        return "Declined"
    return {"allow_once": "Allowed", "allow_always": "Always allowed"}.get(kind, "Answered")


def without_secrets(request: AgentRequest, texts: Mapping[str, str]) -> dict[str, str]:
    """The texts of an answer, with the secret ones hidden."""
    secret = {asked.id for asked in request.questions if asked.secret}
    return {question: HIDDEN if question in secret else text for question, text in texts.items()}


def _shown(request: AgentRequest, texts: Mapping[str, str]) -> str:
    """Answers to questions in one line, for the transcript. A secret one is hidden: the transcript is recorded."""
    return "; ".join(", ".join(text.split("\n")) for text in without_secrets(request, texts).values())
