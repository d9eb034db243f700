"""Qwen Code (0.24): a transcript per conversation, ``projects/<directory>/chats/<id>.jsonl``; a file per process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from session_host.system.files import read_regular

from .base import Availability, ConversationQuery, LookupResult, StoredConversation, stored_conversation
from .claude import transcripts
from .listing_files import FileLister, FoundFile
from .records import FileEnds, has_text, last_record, newest_first, processes_in_conversation, records_backwards
from .turns import RecordedText, RecordedTurn, seconds_of, turns_of

_USER_LINE: Final = re.compile(b'"user"')


class _Part(msgspec.Struct):
    text: str = ""
    thought: bool = False
    function_call: object = msgspec.field(name="functionCall", default=None)


class Message(msgspec.Struct):
    """The message of a transcript's line."""

    parts: list[_Part] = []

    @property
    def text(self) -> str:
        """The text, without thoughts and tools."""
        return "".join(part.text for part in self.parts if not part.thought)

    @property
    def goes_on(self) -> bool:
        """Whether a tool is called."""
        return any(part.function_call is not None for part in self.parts)


class _Line(msgspec.Struct, rename="camel"):
    """A line of a transcript."""

    type: str
    cwd: str = ""
    message: Message | None = None
    is_sidechain: bool = False
    timestamp: object = None


_MAX_SUB_AGENT_BYTES: Final = 64 * 1024


class _SubAgent(msgspec.Struct, rename="camel"):
    """The file beside a sub-agent's transcript."""

    status: str = ""
    description: str = ""
    is_backgrounded: bool = False


def sub_agents_directory(query: ConversationQuery) -> Path | None:
    """The directory of the sub-agents of a conversation; None before there is one."""
    return next(iter(projects(query).glob(f"*/subagents/{query.conversation}")), None)


def running_sub_agents(directory: Path) -> list[str]:
    """The descriptions of the sub-agents that run in the background."""
    found = []
    for path in sorted(directory.glob("agent-*.meta.json")):
        try:
            agent = msgspec.json.decode(read_regular(path, _MAX_SUB_AGENT_BYTES), type=_SubAgent)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            continue
        if agent.status == "running" and agent.is_backgrounded:
            found.append(agent.description)
    return found


class Qwen:
    """Qwen Code's conversations; see the module."""

    variables: Final = ("HOME", "QWEN_HOME", "QWEN_RUNTIME_DIR")

    @property
    def lister(self) -> FileLister:
        return FileLister(QwenFiles)

    def find(self, query: ConversationQuery) -> LookupResult:
        for path in newest_first(transcripts_of(query)):
            if has_text(path, _USER_LINE):
                return LookupResult(Availability.WHOLE)
        if query.used:
            return LookupResult(Availability.LOST, f"Qwen Code's transcript is missing from {projects(query)}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, query: ConversationQuery) -> list[int]:
        return processes_in_conversation(_home(query) / "sessions", query.conversation)

    def record(self, query: ConversationQuery) -> Path:
        return next(iter(newest_first(transcripts_of(query))), projects(query) / "transcript")

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        for path in newest_first(transcripts_of(query))[:1]:
            yield from turns_of(_recorded_texts(path, query.most_bytes))


def _home(query: ConversationQuery) -> Path:
    return query.from_variable("QWEN_HOME", query.home / ".qwen")


def projects(query: ConversationQuery) -> Path:
    """The directory with a directory for each project."""
    return query.from_variable("QWEN_RUNTIME_DIR", _home(query)) / "projects"


def transcripts_of(query: ConversationQuery) -> list[Path]:
    """The conversation's transcripts."""
    return query.transcripts_named(projects(query), "*/chats/*.jsonl", query.conversation)


def _recorded_texts(path: Path, most_bytes: int) -> Iterator[RecordedText]:
    for line in records_backwards(path, _Line, most_bytes):
        if line.is_sidechain or line.message is None:
            continue
        if line.type == "assistant":
            yield RecordedText("agent", line.message.text, goes_on=line.message.goes_on)
        elif line.type == "user":
            yield RecordedText("user", line.message.text, seconds_of(line.timestamp))


class _Payload(msgspec.Struct, rename="camel"):
    custom_title: str = ""


class _Named(msgspec.Struct, rename="camel"):
    """The line with the name that the user gave to the conversation."""

    system_payload: _Payload


class QwenFiles:
    """Lists the conversations; each line has the directory. See ``FileReader``."""

    def __init__(self, query: ConversationQuery) -> None:
        self._query = query

    def files(self) -> Iterable[FoundFile]:
        return transcripts(projects(self._query), self._query.directory, "chats")

    def read(self, found: FoundFile) -> StoredConversation | None:
        cwd = prompt = ""
        with FileEnds(found.path) as ends:
            for line in ends.first_records(_Line):
                if line.is_sidechain:
                    return None
                cwd = cwd or line.cwd
                if prompt := _prompt(line):
                    break
            last_lines = ends.last_lines()
        last = last_record(last_lines, b'"type":"user"', _Line)
        named = last_record(last_lines, b'"custom_title"', _Named)
        title = named.system_payload.custom_title if named is not None else ""
        prompts = prompt, _prompt(last) if last is not None else ""
        return stored_conversation(found.path.stem, cwd, title, prompts, found.changed_s)


def _prompt(line: _Line) -> str:
    if line.type != "user" or line.message is None or line.is_sidechain:
        return ""
    return line.message.text.strip()
