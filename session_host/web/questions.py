"""The open questions of a chat, to the letter."""

from __future__ import annotations

from functools import partial

import msgspec

from session_host.client import control, questions
from session_host.client.machine import Machine
from session_host.client.questions import OpenQuestions
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import SessionEnded, WrongRuntime
from session_host.paths import short_directory
from session_host.protocol.untrusted_text import one_line, plain
from session_host.protocol.values import RUNNING_STATES
from session_host.structured.items import AgentRequest, digest
from session_host.structured.items import Question as StructuredQuestion
from session_host.structured.takes import is_limited, taken_words, takes_text
from session_host.structured.text import repeats_command, subject_lines
from session_host.system.clock import as_text

from .changed_lines import of_text
from .forms import Form, Option, Question
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


def host_of(machine: Machine, info: SessionInfo) -> questions.Ask:
    """Asks a chat's host."""
    return partial(control.request, info.id, machine=machine)


async def asked_by(machine: Machine, info: SessionInfo) -> OpenQuestions:
    """What a chat asks now, also if only its terminal has it."""
    if info.state not in RUNNING_STATES:
        return OpenQuestions([])
    try:
        found = await questions.asked_by(host_of(machine, info))
    except WrongRuntime:
        return OpenQuestions([], one_line(info.status.detail) or "it asks something")
    except SessionEnded:
        return OpenQuestions([])
    return found if found.requests or found.elsewhere else found._replace(elsewhere=one_line(info.status.detail))


def is_shown_whole(asked: AgentRequest) -> bool:
    """Whether the page shows all that an answer allows."""
    return len(asked.subject) <= MAX_SHOWN_CHARACTERS


def question_of(asked: AgentRequest, machine: Machine, agent: str) -> Question:
    """A request for the page."""
    complete = asked.complete and is_shown_whole(asked)
    lines = list(of_text(subject_lines(asked, asked.shown_subject[:MAX_SHOWN_CHARACTERS])))
    added, removed = (sum(style == kind for _, style, *_ in lines) for kind in ("added", "removed"))
    is_edit = asked.kind == "edit"
    return Question(
        request=asked.id,
        digest=digest(asked),
        kind=asked.kind,
        title="Run this command?" if repeats_command(asked) else one_line(asked.title),
        at=as_text(asked.at_ms / 1000),
        directory=one_line(short_directory(asked.directory, machine.home or None)) if asked.directory else "",
        reason=plain(asked.reason, 4000, keep_lines=True),
        complete=complete,
        lines=lines,
        exact=list(of_text(subject_lines(asked, asked.subject))) if asked.has_more and complete else None,
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


def _form(asked: StructuredQuestion) -> Form:
    """A question with the field for its answer, which the browser checks."""
    kind, least, most, optional = msgspec.structs.astuple(asked.takes)
    is_text = asked.several or kind not in {"integer", "number"}
    field = None
    if takes_text(asked):
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
