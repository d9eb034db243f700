"""Lists Claude Code's conversations (2.1): ``projects/<directory>/<id>.jsonl``.

The directory's name is that of the real working directory with "-" for all but ASCII letters and digits; a long one is
cut and hashed. Its own list reads the first and the last 64 KiB of each file, too: a title (``custom-title``, else
``ai-title``) is written again at the end. A sub-agent's file is marked ``isSidechain``; a conversation that moved into
a git worktree names it (``relocated``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from session_host.agents.conversations.backwards import decoded
from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.claude import Message, projects
from session_host.protocol.untrusted_text import is_conversation

from .base import StoredConversation, stored_conversation
from .ends import FileEnds, last_record
from .files import FileLister, FoundFile, directories_in, files_in

_NOT_KEPT: Final = re.compile("[^A-Za-z0-9]")
_SCRIPTED: Final = "sdk-cli"
_OWN_NOTE: Final = re.compile(
    r"<(local-command-[a-z]+|bash-[a-z]+|system-reminder|task-notification|user-prompt-submit-hook|ide_[a-z_]+)>"
    r"|\[Request interrupted by user"
)
"""Beginnings of texts in the user's name that are not the user's."""

_COMMAND: Final = re.compile(r"<command-name>([^<]*)</command-name>")


class _Line(msgspec.Struct, rename="camel"):
    """A line of a transcript; see ``conversations.claude``."""

    type: str = ""
    cwd: str = ""
    entrypoint: str = ""
    message: Message | None = None
    is_sidechain: bool = False
    is_meta: bool = False
    is_compact_summary: bool = False
    last_prompt: str = ""


class _Note(msgspec.Struct, rename="camel"):
    custom_title: str = ""
    ai_title: str = ""
    summary: str = ""
    relocated_cwd: str = ""


class ClaudeFiles:
    """See ``FileReader``."""

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


CLAUDE: Final = FileLister(ClaudeFiles)
