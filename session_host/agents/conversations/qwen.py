"""Qwen Code (0.24): a transcript per conversation, ``projects/<directory>/chats/<id>.jsonl``; a file per process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from session_host.agents.conversations.backwards import newest_first, records_backwards
from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.agents.conversations.process_files import processes_in_conversation
from session_host.agents.conversations.transcript_files import has_text
from session_host.agents.conversations.turns import RecordedText, Turn, seconds_of, turns_of

_USER_LINE: Final = re.compile(b'"user"')


class _Part(msgspec.Struct):
    text: str = ""
    thought: bool = False


class Message(msgspec.Struct):
    """The message of a transcript's line."""

    parts: list[_Part] = []

    @property
    def text(self) -> str:
        """The text, without thoughts and tools."""
        return "".join(part.text for part in self.parts if not part.thought)


class _Line(msgspec.Struct, rename="camel"):
    """A line of a transcript."""

    type: str
    message: Message
    is_sidechain: bool = False
    timestamp: object = None


class Qwen:
    """Qwen Code's conversations; see the module."""

    variables: Final = ("HOME", "QWEN_HOME", "QWEN_RUNTIME_DIR")

    def find(self, query: ConversationQuery) -> LookupResult:
        for path in _transcripts(query):
            if has_text(path, _USER_LINE):
                return LookupResult(Availability.WHOLE)
        if query.used:
            return LookupResult(Availability.LOST, f"Qwen Code's transcript is missing from {projects(query)}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, query: ConversationQuery) -> list[int]:
        return processes_in_conversation(_home(query) / "sessions", query.conversation)

    def turns(self, query: ConversationQuery) -> Iterator[Turn]:
        for path in newest_first(_transcripts(query))[:1]:
            yield from turns_of(_recorded_texts(path))


def _home(query: ConversationQuery) -> Path:
    return query.from_variable("QWEN_HOME", query.home / ".qwen")


def projects(query: ConversationQuery) -> Path:
    """The directory with a directory for each project."""
    return query.from_variable("QWEN_RUNTIME_DIR", _home(query)) / "projects"


def _transcripts(query: ConversationQuery) -> list[Path]:
    return query.transcripts_named(projects(query), "*/chats/*.jsonl", query.conversation)


def _recorded_texts(path: Path) -> Iterator[RecordedText]:
    for line in records_backwards(path, _Line):
        text = line.message.text
        if line.is_sidechain:
            continue
        if line.type == "assistant":
            yield RecordedText("agent", text)
        elif line.type == "user":
            yield RecordedText("user", text, seconds_of(line.timestamp))
