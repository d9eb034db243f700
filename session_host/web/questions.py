"""The open questions of a chat, to the letter."""

from __future__ import annotations

import asyncio

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
from session_host.structured.text import exact_lines, patch_style
from session_host.system.clock import as_text

from .forms import Form, Line, Option, Question

MAX_SHOWN_CHARACTERS = 1_000_000
"""A longer subject is not shown, so it can only be declined."""

_decoder = msgspec.msgpack.Decoder(list[AgentRequest])


async def open_requests(machine: Machine, info: SessionInfo) -> tuple[list[AgentRequest], str]:
    """A chat's open requests, and the question that only its terminal asks."""
    if info.state not in RUNNING_STATES:
        return [], ""
    try:
        reply: AgentRequests = await request(info.id, OpenRequests(0), machine)
    except WrongRuntime:
        return [], one_line(info.status.detail) or "it asks something"
    except SessionEnded:
        return [], ""
    try:
        requests = await asyncio.to_thread(_decoder.decode, reply.data)
        return requests, one_line(reply.elsewhere or ("" if requests else info.status.detail))
    except UNREADABLE:
        return [], "it asks something that cannot be read"


def question_of(asked: AgentRequest, machine: Machine, agent: str) -> Question:
    """A request for the page."""
    shown, complete = asked.shown_subject, asked.complete
    if len(asked.subject) > MAX_SHOWN_CHARACTERS:
        shown, complete = shown[:MAX_SHOWN_CHARACTERS], False
    lines = _lines(shown, asked)
    added, removed = (sum(style == kind for _, style in lines) for kind in ("added", "removed"))
    is_edit = asked.kind == "edit"
    return Question(
        request=asked.id,
        digest=digest(asked),
        kind=asked.kind,
        title=one_line(asked.title),
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
        forms=[
            Form(
                each.id,
                plain(each.shown_text, 4000, keep_lines=True),
                [(one_line(option), one_line(meaning)) for option, meaning in each.described()],
                each.free,
                each.secret,
                each.several,
            )
            for each in asked.questions
        ],
        takes_words=agent == "claude",
        added=added if is_edit else None,
        removed=removed if is_edit else None,
    )


def _lines(subject: str, asked: AgentRequest) -> list[Line]:
    style = patch_style if asked.kind == "edit" else _code
    return [(line, style(line)) for line in exact_lines(subject)]


def _code(_line: str) -> str:
    return "code"
