"""Claude Code (2.1): one transcript per conversation, in one directory per project; one file per running process.

Claude Code creates ``projects/<directory>/<id>.jsonl`` about a second after the first prompt. If Claude Code is killed
at that moment, the file has no line of the user's. Then both ``--resume`` and ``--session-id`` refuse the id.

``sessions/<pid>.json`` names the conversation that a process is in; a killed process leaves its file behind.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from session_host.protocol.untrusted_text import is_conversation

from .base import Availability, ConversationQuery, LookupResult, StoredConversation, stored_conversation
from .listing_files import FileLister, FoundFile, directories_in, files_in
from .records import (
    FileEnds,
    decoded,
    has_text,
    last_record,
    newest_first,
    processes_in_conversation,
    records_backwards,
)
from .turns import RecordedText, RecordedTurn, seconds_of, turns_of

_USER_LINE = re.compile(rb'"type":\s*"user"')
_INTERRUPTED = "[Request interrupted by user"


class _Block(msgspec.Struct):
    type: str = ""
    text: str = ""


class Message(msgspec.Struct):
    """The message of a transcript's line."""

    content: str | list[_Block] = ""
    model: str = ""
    stop_reason: str | None = None

    @property
    def text(self) -> str:
        """The text, without thoughts and tools."""
        if isinstance(self.content, str):
            return self.content
        return "\n\n".join(block.text for block in self.content if block.type == "text")

    @property
    def goes_on(self) -> bool:
        """Whether a tool is called; each block of a message is a line of its own."""
        return self.stop_reason == "tool_use" or not self.text

    @property
    def has_result(self) -> bool:
        """Whether it is a tool's result."""
        return not isinstance(self.content, str) and any(block.type == "tool_result" for block in self.content)


class _Attachment(msgspec.Struct, rename="camel"):
    type: str = ""
    prompt: object = None
    command_mode: str = ""


class _Line(msgspec.Struct, rename="camel"):
    """A line of a transcript.

    Attributes:
        attachment: beside a prompt, or one that was typed into the running turn.
        entrypoint: the program that began the conversation.
        is_sidechain: whether the line is of a sub-agent.
        is_meta: Claude Code's own note in the user's name, as is ``is_compact_summary``.
        is_api_error_message: Claude Code's own line in the model's name.
    """

    type: str = ""
    message: Message | None = None
    attachment: _Attachment | None = None
    timestamp: object = None
    cwd: str = ""
    entrypoint: str = ""
    last_prompt: str = ""
    is_sidechain: bool = False
    is_meta: bool = False
    is_compact_summary: bool = False
    is_api_error_message: bool = False


class Claude:
    """Claude Code's conversations; see the module."""

    variables: Final = ("HOME", "CLAUDE_CONFIG_DIR")

    @property
    def lister(self) -> FileLister:
        return FileLister(ClaudeFiles)

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

    def record(self, query: ConversationQuery) -> Path:
        project = _NOT_KEPT.sub("-", os.path.realpath(query.directory))
        return next(
            iter(newest_first(transcripts_of(query))), projects(query) / project / f"{query.conversation}.jsonl"
        )

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        for path in newest_first(transcripts_of(query))[:1]:
            yield from turns_of(_recorded_texts(path, query.most_bytes))


def _home(query: ConversationQuery) -> Path:
    return query.from_variable("CLAUDE_CONFIG_DIR", query.home / ".claude")


def projects(query: ConversationQuery) -> Path:
    """The directory with a directory of transcripts for each project."""
    return _home(query) / "projects"


def transcripts_of(query: ConversationQuery) -> list[Path]:
    """The transcripts of the conversation; several if it moved to another directory."""
    return query.transcripts_named(projects(query), "*/*.jsonl", query.conversation)


def _recorded_texts(path: Path, most_bytes: int) -> Iterator[RecordedText]:
    for line in records_backwards(path, _Line, most_bytes):
        message, attached = line.message, line.attachment
        if line.is_sidechain or line.is_meta or line.is_compact_summary:
            continue
        if attached is not None and (attached.type, attached.command_mode) == ("queued_command", "prompt"):
            yield RecordedText("user", str(attached.prompt), seconds_of(line.timestamp))
        if message is None:
            continue
        if line.type == "assistant" and (line.is_api_error_message or message.model == "<synthetic>"):
            yield RecordedText("agent", "")  # Its turn is over.
        elif line.type == "assistant":
            yield RecordedText("agent", message.text, goes_on=message.goes_on)
        elif line.type == "user" and message.text.startswith(_INTERRUPTED):
            yield RecordedText("agent", "", stops=True)
        elif line.type == "user" and not message.has_result:
            yield RecordedText("user", message.text, seconds_of(line.timestamp))


_NOT_KEPT: Final = re.compile("[^A-Za-z0-9]")
_SCRIPTED: Final = "sdk-cli"
_OWN_NOTE: Final = re.compile(
    r"<(local-command-[a-z]+|bash-[a-z]+|system-reminder|task-notification|user-prompt-submit-hook|ide_[a-z_]+)>"
    r"|\[Request interrupted by user"
)
"""Beginnings of texts in the user's name that are not the user's."""

_COMMAND: Final = re.compile(r"<command-name>([^<]*)</command-name>")


class _Note(msgspec.Struct, rename="camel"):
    custom_title: str = ""
    ai_title: str = ""
    summary: str = ""
    relocated_cwd: str = ""


class ClaudeFiles:
    """Lists the conversations; see ``FileReader``.

    The directory's name is that of the real working directory with "-" for all but ASCII letters and digits; a long one
    is cut and hashed. Claude Code's own list reads the first and the last 64 KiB of each file, too: a title
    (``custom-title``, else ``ai-title``) is written again at the end. A sub-agent's file is marked ``isSidechain``; a
    conversation that moved into a git worktree names it (``relocated``).
    """

    def __init__(self, query: ConversationQuery) -> None:
        self._query = query

    def files(self) -> Iterable[FoundFile]:
        return transcripts(projects(self._query), self._query.directory)

    def read(self, found: FoundFile) -> StoredConversation | None:
        if not is_conversation(found.path.stem):
            return None
        with FileEnds(found.path) as ends:
            cwd = prompt = command = ""
            is_scripted = False
            for line in ends.first_records(_Line):
                if line.is_sidechain:
                    return None
                cwd = cwd or line.cwd
                is_scripted = is_scripted or line.entrypoint == _SCRIPTED
                text = _prompt(line)
                if match := _COMMAND.search(text):
                    command = command or match[1]
                elif text:
                    prompt = text
                    break
            last = ends.last_lines()
        moved = last_record(last, b'"relocated"', _Note)
        directory = _directory(found.path.parent.name, cwd, moved.relocated_cwd if moved is not None else "")
        prompts = prompt or command, _last_prompt(last)
        return stored_conversation(
            found.path.stem, directory, _title(last), prompts, found.changed_s, is_scripted=is_scripted
        )


def transcripts(projects: Path, queried: str, subdirectory: str = "") -> Iterable[FoundFile]:
    """The files ``projects/<directory>/<subdirectory>/*.jsonl``; ``queried`` is the query's working directory."""
    here = _NOT_KEPT.sub("-", os.path.realpath(queried))
    for directory in directories_in(projects):
        yield from files_in(directory / subdirectory, ".jsonl", is_here=directory.name == here)


def _prompt(line: _Line) -> str:
    message = line.message
    if line.type != "user" or message is None or line.is_meta or line.is_compact_summary or message.has_result:
        return ""
    text = message.text.strip()
    if "<pasted_content" in text:  # Few prompts need the module with the rule for this.
        from session_host.structured.dialects.claude.saved import without_paste_tags

        text = without_paste_tags(text)
    return "" if _OWN_NOTE.match(text) else text


def _last_prompt(lines: list[bytes]) -> str:
    decoder = msgspec.json.Decoder(_Line)
    for line in reversed(lines):
        if b'"last-prompt"' in line or b'"user"' in line:
            found = decoded(decoder, line, _Line)
            if found is not None and (text := found.last_prompt or _prompt(found)):
                return text
    return ""


def _title(lines: list[bytes]) -> str:
    for mark in (b'"custom-title"', b'"ai-title"', b'"summary"'):
        note = last_record(lines, mark, _Note)
        if note is not None and (title := note.custom_title or note.ai_title or note.summary):
            return title
    return ""


def _directory(name: str, cwd: str, moved_to: str) -> str:
    """The working directory in which the conversation can be resumed."""
    fitting = (each for each in (moved_to, cwd) if each and _NOT_KEPT.sub("-", each) == name)
    return next(fitting, cwd)
