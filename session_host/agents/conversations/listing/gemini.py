"""Lists Gemini CLI's conversations (0.61): ``tmp/<project>/chats/session-….jsonl``.

A project's directory names the real working directory in ``.project_root``, and the first line its hash. Files of
earlier versions, one JSON object each, and sub-agents' are not listed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from session_host.agents.conversations.backwards import decoded
from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.gemini import NOT_RESUMED, chats_directories
from session_host.agents.conversations.gemini_answers import Record

from .base import StoredConversation, stored_conversation
from .ends import FileEnds
from .files import FileLister, FoundFile, files_in

_MAX_PATH_BYTES: Final = 4096


class _FirstLine(msgspec.Struct, rename="camel"):
    session_id: str
    project_hash: str = ""
    kind: str = "main"


class GeminiFiles:
    """See ``FileReader``."""

    def __init__(self, query: ConversationQuery) -> None:
        self._query = query

    def files(self) -> Iterable[FoundFile]:
        here = os.path.realpath(self._query.directory)
        for chats in chats_directories(self._query.environment):
            yield from files_in(chats, ".jsonl", is_here=_root(chats.parent) == here)

    def read(self, found: FoundFile) -> StoredConversation | None:
        with FileEnds(found.path) as ends:
            first = next(ends.first_records(_FirstLine), None)
            if first is None or first.kind != "main":
                return None
            prompt = next((text for each in ends.first_records(Record) for text in _prompts(each)), "")
            last_lines = (line for line in reversed(ends.last_lines()) if b'"user"' in line)
            decoder = msgspec.json.Decoder(Record)
            last_records = (record for line in last_lines if (record := decoded(decoder, line, Record)) is not None)
            last_prompt = next((text for each in last_records for text in reversed(_prompts(each))), "")
        root = _root(found.path.parent.parent)
        directory = root if hashlib.sha256(root.encode(errors="replace")).hexdigest() == first.project_hash else ""
        return stored_conversation(first.session_id, directory, "", (prompt, last_prompt), found.changed_s)


def _prompts(record: Record) -> list[str]:
    """The prompts of a message, or of all messages that a line puts in the place of the previous ones."""
    messages = (record.change.messages if record.change is not None else None) or [record]
    texts = [message.text.strip() for message in messages if message.type == "user"]
    return [text for text in texts if text and not text.startswith(NOT_RESUMED)]


def _root(project: Path) -> str:
    try:
        with FileEnds(project / ".project_root") as ends:
            return ends.first_bytes(_MAX_PATH_BYTES).decode(errors="replace").strip("\n")
    except OSError:
        return ""


GEMINI: Final = FileLister(GeminiFiles)
