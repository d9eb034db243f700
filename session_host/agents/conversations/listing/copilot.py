"""Lists Copilot CLI's conversations (1.0): ``session-state/<id>/events.jsonl``.

The first line has the real working directory. ``workspace.yaml`` beside it has the name: the beginning of the first
prompt, unless the user gave another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.copilot import sessions

from .base import StoredConversation, stored_conversation
from .ends import FileEnds, last_record
from .files import FileLister, FoundFile, directories_in

_MAX_YAML_BYTES: Final = 4096
_NAME: Final = re.compile(rb"^name: (.*)$", re.MULTILINE)
_PLAIN: Final = re.compile(rb"[^\s\"'|>&*!%@`\[\]{}#][^\"']*")
"""A scalar of YAML without quotes; for others, the first prompt is the title."""


class _Context(msgspec.Struct):
    cwd: str = ""


class _Data(msgspec.Struct, rename="camel"):
    content: str = ""
    context: _Context | None = None
    parent_tool_call_id: str | None = None


class _Event(msgspec.Struct, rename="camel"):
    type: str
    data: _Data
    agent_id: str | None = None


class CopilotFiles:
    """See ``FileReader``."""

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
                elif prompt := _prompt(event):
                    break
            last = last_record(ends.last_lines(), b'"user.message"', _Event)
        prompts = prompt, _prompt(last) if last is not None else ""
        own = found.path.parent
        return stored_conversation(own.name, cwd, _name(own), prompts, found.changed_s)


def _prompt(event: _Event) -> str:
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


COPILOT: Final = FileLister(CopilotFiles)
