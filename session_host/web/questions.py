"""The open questions of a chat, to the letter."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import msgspec

from session_host.client.control import request
from session_host.client.machine import Machine
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import SessionEnded, WrongRuntime
from session_host.paths import short_directory
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.messages import AgentRequests, OpenRequests
from session_host.protocol.untrusted_text import one_line, plain
from session_host.protocol.values import RUNNING_STATES
from session_host.structured.items import AgentRequest, digest
from session_host.structured.items import Question as StructuredQuestion
from session_host.structured.shortening import cut
from session_host.structured.takes import is_limited, taken_words
from session_host.structured.text import exact_lines
from session_host.system.clock import as_text, moment_of

from .changed_lines import of_patch
from .forms import Form, Option, Question, ShownLine
from .rows import agent_named

NO_LIMIT = 1e9
_INPUTS = {
    "integer": {"type": "number", "step": "1"},
    "number": {"type": "number", "step": "any"},
    "email": {"type": "email"},
    "uri": {"type": "url"},
    "date": {"type": "date"},
}
MAX_SHOWN_CHARACTERS = 1_000_000
"""A longer subject is not shown, so it can only be declined."""

_decoder = msgspec.msgpack.Decoder(list[AgentRequest])


class OpenQuestions(NamedTuple):
    """What a chat asks.

    Attributes:
        requests: its open requests, oldest first.
        elsewhere: the question that only its terminal asks; "" for none.
        outcome: how the last question was resolved that is not open any more; "" if that is not known.
        outcome_at: when, ISO 8601, UTC.
    """

    requests: list[AgentRequest]
    elsewhere: str = ""
    outcome: str = ""
    outcome_at: str = ""


async def asked_by(machine: Machine, info: SessionInfo) -> OpenQuestions:
    """What a chat asks now."""
    if info.state not in RUNNING_STATES:
        return OpenQuestions([])
    try:
        reply: AgentRequests = await request(info.id, OpenRequests(0), machine)
    except WrongRuntime:
        return OpenQuestions([], one_line(info.status.detail) or "it asks something")
    except SessionEnded:
        return OpenQuestions([])
    try:
        requests = await asyncio.to_thread(_decoder.decode, reply.data)
    except UNREADABLE:
        return OpenQuestions([], "it asks something that cannot be read")
    elsewhere = one_line(reply.elsewhere or ("" if requests else info.status.detail))
    outcome_at = as_text(moment_of(reply.outcome_at_ms).timestamp()) if reply.outcome else ""
    return OpenQuestions(requests, elsewhere, one_line(reply.outcome), outcome_at)


def question_of(asked: AgentRequest, machine: Machine, agent: str) -> Question:
    """A request for the page."""
    shown, complete = asked.shown_subject, asked.complete
    if len(asked.subject) > MAX_SHOWN_CHARACTERS:
        shown, complete = shown[:MAX_SHOWN_CHARACTERS], False
    lines = _lines(shown, asked)
    added, removed = (sum(style == kind for _, style, *_ in lines) for kind in ("added", "removed"))
    is_edit = asked.kind == "edit"
    return Question(
        request=asked.id,
        digest=digest(asked),
        kind=asked.kind,
        title=_title(asked),
        at=as_text(asked.at_ms / 1000),
        directory=one_line(short_directory(asked.directory, machine.home or None)) if asked.directory else "",
        reason=plain(asked.reason, 4000, keep_lines=True),
        complete=complete,
        lines=lines,
        exact=_lines(asked.subject, asked) if asked.has_more and complete else None,
        options=[
            Option(each.id, one_line(each.label), plain(each.name, 4000, keep_lines=True), each.kind)
            for each in asked.options
            if not each.sets_mode
        ],
        forms=[_form(each) for each in asked.questions],
        takes_words=(found := agent_named(agent)) is not None and found.hears_refusals,
        added=added if is_edit else None,
        removed=removed if is_edit else None,
    )


def _title(asked: AgentRequest) -> str:
    """The agent's title, or a general one if it only repeats the command, which is shown below it."""
    words = " ".join(asked.title.split()[1:]).removesuffix("?")  # Without the verb, such as "Run".
    repeats = bool(words) and words == " ".join(cut(asked.shown_subject).split())
    return "Run this command?" if asked.kind == "command" and repeats else one_line(asked.title)


def _form(asked: StructuredQuestion) -> Form:
    """A question with the field for its answer, which the browser checks."""
    kind, least, most, optional = msgspec.structs.astuple(asked.takes)
    is_text = asked.several or kind not in {"integer", "number"}
    field = None
    if asked.free or asked.secret or not asked.options:
        field = {"autocomplete": "off", **_INPUTS.get(kind, {})}
        if asked.secret:
            field["type"] = "password"
        elif not is_text:
            field |= {name: f"{value:g}" for name, value in (("min", least), ("max", most)) if value is not None}
            if least is not None and least >= 0:  # The keyboard of iPhones for numbers has no minus.
                field["inputmode"] = "numeric" if kind == "integer" else "decimal"
    is_bound = is_limited(asked)
    return Form(
        asked.id,
        plain(asked.text, 4000, keep_lines=True),
        [(one_line(option), one_line(meaning)) for option, meaning in asked.described()],
        asked.secret,
        asked.several,
        optional,
        field,
        (least or 0) if is_text and is_bound else 0,
        NO_LIMIT if most is None or not (is_text and is_bound) else most,
        taken_words(asked) if is_bound else "",
    )


def _lines(subject: str, asked: AgentRequest) -> list[ShownLine]:
    return of_patch(subject) if asked.kind == "edit" else [(line, "code") for line in exact_lines(subject)]
