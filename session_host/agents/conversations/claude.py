"""Claude Code (2.1): one transcript per conversation, in one directory per project; one file per running process.

Claude Code creates ``projects/<directory>/<id>.jsonl`` about a second after the first prompt. If Claude Code is killed
at that moment, the file has no line of the user's. Then both ``--resume`` and ``--session-id`` refuse the id.

``sessions/<pid>.json`` names the conversation that a process is in; a killed process leaves its file behind.
"""

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

_USER_LINE = re.compile(rb'"type":\s*"user"')
_INTERRUPTED = "[Request interrupted by user"


class _Block(msgspec.Struct):
    type: str = ""
    text: str = ""


class Message(msgspec.Struct):
    """The message of a transcript's line."""

    content: str | list[_Block] = ""
    model: str = ""

    @property
    def text(self) -> str:
        """The text, without thoughts and tools."""
        if isinstance(self.content, str):
            return self.content
        return "\n\n".join(block.text for block in self.content if block.type == "text")

    @property
    def has_result(self) -> bool:
        """Whether it is a tool's result."""
        return not isinstance(self.content, str) and any(block.type == "tool_result" for block in self.content)


class _Line(msgspec.Struct, rename="camel"):
    """A line of a transcript.

    Attributes:
        is_sidechain: whether the line is of a sub-agent.
        is_meta: Claude Code's own note in the user's name, as is ``is_compact_summary``.
        is_api_error_message: Claude Code's own line in the model's name.
    """

    type: str = ""
    message: Message | None = None
    timestamp: object = None
    is_sidechain: bool = False
    is_meta: bool = False
    is_compact_summary: bool = False
    is_api_error_message: bool = False


class Claude:
    """Claude Code's conversations; see the module."""

    variables: Final = ("HOME", "CLAUDE_CONFIG_DIR")

    def find(self, query: ConversationQuery) -> LookupResult:
        # Search by the id alone, since long directory names are cut and hashed. The chat is resumed in the same
        # directory.
        paths = newest_first(transcripts_of(query))
        unreadable: OSError | None = None
        for path in paths:
            try:
                if has_text(path, _USER_LINE):
                    return LookupResult(Availability.WHOLE)
            except OSError as error:
                unreadable = error  # Another directory may have the conversation, too.
        if unreadable is not None:
            raise unreadable
        if paths:
            return LookupResult(
                Availability.LOST,
                f"Claude Code exited before it saved the prompt: it is not in {paths[0]}",
            )
        if query.used:
            return LookupResult(Availability.LOST, f"Claude Code's transcript is missing from {projects(query)}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, query: ConversationQuery) -> list[int]:
        return processes_in_conversation(_home(query) / "sessions", query.conversation)

    def turns(self, query: ConversationQuery) -> Iterator[Turn]:
        for path in newest_first(transcripts_of(query))[:1]:
            yield from turns_of(_recorded_texts(path))


def _home(query: ConversationQuery) -> Path:
    return query.from_variable("CLAUDE_CONFIG_DIR", query.home / ".claude")


def projects(query: ConversationQuery) -> Path:
    """The directory with a directory of transcripts for each project."""
    return _home(query) / "projects"


def transcripts_of(query: ConversationQuery) -> list[Path]:
    """The transcripts of the conversation; several if it moved to another directory."""
    return query.transcripts_named(projects(query), "*/*.jsonl", query.conversation)


def _recorded_texts(path: Path) -> Iterator[RecordedText]:
    for line in records_backwards(path, _Line):
        message = line.message
        if message is None or line.is_sidechain or line.is_meta or line.is_compact_summary:
            continue
        if line.type == "assistant" and not line.is_api_error_message and message.model != "<synthetic>":
            yield RecordedText("agent", message.text)
        elif line.type == "user" and not message.has_result and not message.text.startswith(_INTERRUPTED):
            yield RecordedText("user", message.text, seconds_of(line.timestamp))
