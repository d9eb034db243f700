"""Copilot CLI (1.0): a directory per conversation, ``session-state/<id>``, with a file per process that has it open.

``events.jsonl`` in the directory holds the messages. ``inuse.<pid>.hold`` stays when its process is killed. An unknown
id begins a new conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from session_host.agents.conversations.backwards import records_backwards
from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.agents.conversations.transcript_files import has_text
from session_host.agents.conversations.turns import RecordedText, Turn, seconds_of, turns_of
from session_host.system.processes import proc
from session_host.system.processes.identity import is_running

_PROMPT: Final = re.compile(rb'"user\.message"')


class _Data(msgspec.Struct, rename="camel"):
    content: str = ""
    parent_tool_call_id: str = ""


class _Event(msgspec.Struct, rename="camel"):
    """A line of the file; sub-agents' lines have one of the two ids."""

    type: str
    data: _Data
    agent_id: str = ""
    timestamp: object = None


class Copilot:
    """Copilot CLI's conversations; see the module."""

    variables: Final = ("HOME", "COPILOT_HOME")

    def find(self, query: ConversationQuery) -> LookupResult:
        events = _events(query)
        if events.exists() and has_text(events, _PROMPT):
            return LookupResult(Availability.WHOLE)
        if query.used:
            return LookupResult(Availability.LOST, f"Copilot CLI's transcript is missing: {events}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, query: ConversationQuery) -> list[int]:
        names = [path.name for path in _directory(query).glob("inuse.*.hold")]
        pids = [int(match[1]) for name in names if (match := re.fullmatch(r"inuse\.(\d{1,10})\.hold", name))]
        return [pid for pid in pids if is_running(pid, None) and _is_copilot(pid)]

    def turns(self, query: ConversationQuery) -> Iterator[Turn]:
        if _events(query).exists():
            yield from turns_of(_recorded_texts(_events(query)))


def sessions(query: ConversationQuery) -> Path:
    """The directory with a directory for each conversation."""
    return query.from_variable("COPILOT_HOME", query.home / ".copilot") / "session-state"


def _directory(query: ConversationQuery) -> Path:
    return sessions(query) / query.conversation


def _events(query: ConversationQuery) -> Path:
    return _directory(query) / "events.jsonl"


def _recorded_texts(path: Path) -> Iterator[RecordedText]:
    for event in records_backwards(path, _Event):
        if event.agent_id or event.data.parent_tool_call_id:
            continue
        if event.type == "assistant.message":
            yield RecordedText("agent", event.data.content)
        elif event.type == "user.message":
            yield RecordedText("user", event.data.content, seconds_of(event.timestamp))


def _is_copilot(pid: int) -> bool:
    """Whether the process runs this program: the PID may have been reused."""
    return b"copilot" in proc.command_line(pid)
