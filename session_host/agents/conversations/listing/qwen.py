"""Lists Qwen Code's conversations (0.24): ``projects/<directory>/chats/<id>.jsonl``; each line has the directory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.qwen import Message, projects

from .base import KeptConversation, clean
from .claude import encoded
from .ends import FileEnds, last_record
from .files import FileLister, FoundFile, directories_in, files_in


class _Line(msgspec.Struct, rename="camel"):
    type: str
    cwd: str = ""
    message: Message | None = None
    is_sidechain: bool = False


class QwenFiles:
    """See ``FileReader``."""

    def files(self, query: ConversationQuery) -> Iterable[FoundFile]:
        here = encoded(query.directory)
        for directory in directories_in(projects(query)):
            yield from files_in(directory / "chats", ".jsonl", is_here=directory.name == here)

    def read(self, found: FoundFile) -> KeptConversation | None:
        cwd = prompt = ""
        with FileEnds(found.path) as ends:
            for line in ends.first_records(_Line):
                if line.is_sidechain:
                    return None
                cwd = cwd or line.cwd
                if prompt := _prompt(line):
                    break
            last = last_record(ends.last_lines(), b'"type":"user"', _Line)
        last_prompt = _prompt(last) if last is not None else ""
        if not (prompt or last_prompt):
            return None
        return KeptConversation(
            found.path.stem, cwd, clean(prompt or last_prompt), clean(last_prompt), found.changed_s
        )  # fmt: skip


def _prompt(line: _Line) -> str:
    if line.type != "user" or line.message is None or line.is_sidechain:
        return ""
    return line.message.text.strip()


QWEN: Final = FileLister(QwenFiles())
