"""Lists Qwen Code's conversations (0.24): ``projects/<directory>/chats/<id>.jsonl``; each line has the directory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.qwen import Message, projects

from .base import StoredConversation, stored_conversation
from .claude import transcripts
from .ends import FileEnds, last_record
from .files import FileLister, FoundFile


class _Line(msgspec.Struct, rename="camel"):
    type: str
    cwd: str = ""
    message: Message | None = None
    is_sidechain: bool = False


class _Payload(msgspec.Struct, rename="camel"):
    custom_title: str = ""


class _Named(msgspec.Struct, rename="camel"):
    """The line with the name that the user gave to the conversation."""

    system_payload: _Payload


class QwenFiles:
    """See ``FileReader``."""

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


QWEN: Final = FileLister(QwenFiles)
