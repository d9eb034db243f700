"""Copilot CLI (1.0): a directory per conversation, ``session-state/<id>``, with a file per process that has it open.

``events.jsonl`` in the directory holds the messages. ``inuse.<pid>.hold`` stays when its process is killed. An unknown
id begins a new conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from session_host.system.processes import proc
from session_host.system.processes.identity import is_running

from .base import Availability, ConversationQuery, LookupResult, StoredConversation, stored_conversation
from .listing_files import FileLister, FoundFile, directories_in
from .records import FileEnds, has_text, last_record, records_backwards
from .turns import RecordedText, RecordedTurn, seconds_of, turns_of

_PROMPT: Final = re.compile(rb'"user\.message"')


class _Context(msgspec.Struct):
    cwd: str = ""


class _Data(msgspec.Struct, rename="camel"):
    content: str = ""
    context: _Context | None = None
    parent_tool_call_id: str | None = None
    tool_requests: list[object] | None = None


class _Event(msgspec.Struct, rename="camel"):
    """A line of the file; sub-agents' lines have one of the two ids."""

    type: str
    data: _Data
    agent_id: str | None = None
    timestamp: object = None


class Copilot:
    """Copilot CLI's conversations; see the module."""

    variables: Final = ("HOME", "COPILOT_HOME")

    @property
    def lister(self) -> FileLister:
        return FileLister(CopilotFiles)

    def find(self, query: ConversationQuery) -> LookupResult:
        events = events_of(query)
        if events.exists() and has_text(events, _PROMPT):
            return LookupResult(Availability.WHOLE)
        if query.used:
            return LookupResult(Availability.LOST, f"Copilot CLI's transcript is missing: {events}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, query: ConversationQuery) -> list[int]:
        names = [path.name for path in _directory(query).glob("inuse.*.hold")]
        pids = [int(match[1]) for name in names if (match := re.fullmatch(r"inuse\.(\d{1,10})\.hold", name))]
        return [pid for pid in pids if is_running(pid, None) and _is_copilot(pid)]

    def record(self, query: ConversationQuery) -> Path:
        return events_of(query)

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        if events_of(query).exists():
            yield from turns_of(_recorded_texts(events_of(query), query.most_bytes))


def sessions(query: ConversationQuery) -> Path:
    """The directory with a directory for each conversation."""
    return query.from_variable("COPILOT_HOME", query.home / ".copilot") / "session-state"


def _directory(query: ConversationQuery) -> Path:
    return sessions(query) / query.conversation


def events_of(query: ConversationQuery) -> Path:
    """The conversation's messages, if there is one."""
    return _directory(query) / "events.jsonl"


def _recorded_texts(path: Path, most_bytes: int) -> Iterator[RecordedText]:
    for event in records_backwards(path, _Event, most_bytes):
        if event.agent_id or event.data.parent_tool_call_id:
            continue
        if event.type == "assistant.message":
            yield RecordedText("agent", event.data.content, goes_on=bool(event.data.tool_requests))
        elif event.type == "abort":
            yield RecordedText("agent", "", stops=True)
        elif event.type == "user.message":
            yield RecordedText("user", event.data.content, seconds_of(event.timestamp))


def _is_copilot(pid: int) -> bool:
    """Whether the process runs this program: the PID may have been reused."""
    return b"copilot" in proc.command_line(pid)


_MAX_YAML_BYTES: Final = 4096
_NAME: Final = re.compile(rb"^name: (.*)$", re.MULTILINE)
_PLAIN: Final = re.compile(rb"[^\s\"'|>&*!%@`\[\]{}#][^\"']*")
"""A scalar of YAML without quotes; for others, the first prompt is the title."""


class CopilotFiles:
    """Lists the conversations; see ``FileReader``.

    The first line has the real working directory. ``workspace.yaml`` beside the file has the name: the beginning of the
    first prompt, unless the user gave another one.
    """

    def __init__(self, query: ConversationQuery) -> None:
        self._query = query

    def files(self) -> Iterable[FoundFile]:
        for directory in directories_in(sessions(self._query)):
            path = directory / "events.jsonl"
            try:
                yield FoundFile(path, path.stat().st_mtime)
            except OSError:
                continue  # Nothing was said yet.

    def read(self, found: FoundFile) -> StoredConversation | None:
        cwd = prompt = ""
        with FileEnds(found.path) as ends:
            for event in ends.first_records(_Event):
                if event.type == "session.start" and event.data.context is not None:
                    cwd = event.data.context.cwd
                elif prompt := _prompt_in(event):
                    break
            last = last_record(ends.last_lines(), b'"user.message"', _Event)
        prompts = prompt, _prompt_in(last) if last is not None else ""
        own = found.path.parent
        return stored_conversation(own.name, cwd, _name(own), prompts, found.changed_s)


def _prompt_in(event: _Event) -> str:
    is_subagents = event.agent_id or event.data.parent_tool_call_id
    return event.data.content.strip() if event.type == "user.message" and not is_subagents else ""


def _name(directory: Path) -> str:
    try:
        with FileEnds(directory / "workspace.yaml") as ends:
            text = ends.first_bytes(_MAX_YAML_BYTES)
    except OSError:
        return ""
    found = _NAME.search(text)
    return found[1].decode(errors="replace") if found and _PLAIN.fullmatch(found[1]) else ""
