"""Qwen Code (0.24): a transcript per conversation, ``projects/<directory>/chats/<id>.jsonl``; a file per process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from session_host.agents.conversations.backwards import newest_first, records_backwards
from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.agents.conversations.process_files import in_conversation
from session_host.agents.conversations.turns import Said, Turn, turns_of


class _Part(msgspec.Struct):
    text: str = ""
    thought: bool = False


class _Message(msgspec.Struct):
    parts: list[_Part] = []


class _Line(msgspec.Struct, rename="camel"):
    """A line of a transcript."""

    type: str
    message: _Message
    is_sidechain: bool = False


class Qwen:
    """Qwen Code's conversations; see the module."""

    variables: Final = ("HOME", "QWEN_HOME", "QWEN_RUNTIME_DIR")

    def find(self, sought: ConversationQuery) -> LookupResult:
        for path in _transcripts(sought):
            if b'"user"' in path.read_bytes():
                return LookupResult(Availability.WHOLE)
        if sought.used:
            return LookupResult(Availability.LOST, f"Qwen Code's transcript is missing from {_projects(sought)}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, sought: ConversationQuery) -> list[int]:
        return list(in_conversation(_home(sought) / "sessions", sought.conversation))

    def turns(self, sought: ConversationQuery) -> Iterator[Turn]:
        for path in newest_first(_transcripts(sought))[:1]:
            yield from turns_of(_said(path))


def _home(sought: ConversationQuery) -> Path:
    return sought.from_variable("QWEN_HOME", sought.home / ".qwen")


def _projects(sought: ConversationQuery) -> Path:
    return sought.from_variable("QWEN_RUNTIME_DIR", _home(sought)) / "projects"


def _transcripts(sought: ConversationQuery) -> Iterator[Path]:
    yield from _projects(sought).glob(f"*/chats/{sought.conversation}.jsonl")


def _said(path: Path) -> Iterator[Said]:
    for line in records_backwards(path, _Line):
        text = "".join(part.text for part in line.message.parts if not part.thought)
        if line.is_sidechain:
            continue
        if line.type == "assistant":
            yield Said("agent", text)
        elif line.type == "user":
            yield Said("user", text)
