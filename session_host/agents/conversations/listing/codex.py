"""Lists Codex's conversations (0.169): ``sessions/Y/M/D/rollout-<time>-<id>.jsonl``.

The first line has the id, the real working directory and the origin of the thread; the last ``turn_context`` has the
directory in which Codex resumes it. The origin ``exec`` is a command that answers once; a sub-agent's thread cannot be
resumed alone. Archived threads are left out, as in Codex's own list. ``session_index.jsonl`` has the names that users
gave to threads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from session_host.agents.conversations.backwards import decoded
from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.codex import Line as RolloutLine
from session_host.agents.conversations.codex import home, prompt_in

from .base import StoredConversation, stored_conversation
from .ends import FileEnds, last_record
from .files import FileLister, FoundFile, directories_in, files_in

_SCRIPTED: Final = "exec"
_MAX_INDEX_BYTES: Final = 1 << 20
_PROMPT_MARK: Final = b'"UserMessage"'


class _Meta(msgspec.Struct):
    id: str
    cwd: str = ""
    source: Any = ""
    thread_source: str | None = ""


class _Named(msgspec.Struct):
    id: str
    thread_name: str


class _FirstLine(msgspec.Struct):
    payload: _Meta
    type: str = ""


class _Context(msgspec.Struct):
    cwd: str


class _ContextLine(msgspec.Struct):
    payload: _Context


class CodexFiles:
    """See ``FileReader``."""

    def __init__(self, query: ConversationQuery) -> None:
        self._query = query
        self._names = _names(query)

    def files(self) -> Iterable[FoundFile]:
        years = directories_in(home(self._query) / "sessions")
        for month in (month for year in years for month in directories_in(year)):
            for day in directories_in(month):
                yield from files_in(day, ".jsonl")

    def read(self, found: FoundFile) -> StoredConversation | None:
        with FileEnds(found.path) as ends:
            meta = next((line.payload for line in ends.first_records(_FirstLine) if line.type == "session_meta"), None)
            if meta is None or meta.thread_source == "subagent" or isinstance(meta.source, dict):
                return None
            prompt = next((text for line in ends.first_records(RolloutLine) if (text := prompt_in(line))), "")
            last_lines = ends.last_lines()
        last = last_record(last_lines, _PROMPT_MARK, RolloutLine)
        context = last_record(last_lines, b'"turn_context"', _ContextLine)
        directory = context.payload.cwd if context is not None else meta.cwd
        prompts = prompt, (prompt_in(last) or "") if last is not None else ""
        name = self._names.get(meta.id, "")
        return stored_conversation(
            meta.id, directory, name, prompts, found.changed_s, is_scripted=meta.source == _SCRIPTED
        )


def _names(query: ConversationQuery) -> dict[str, str]:
    """The names of threads by their ids; a later one replaces an earlier one."""
    try:
        with FileEnds(home(query) / "session_index.jsonl") as ends:
            lines = ends.last_lines(_MAX_INDEX_BYTES)
    except OSError:
        return {}
    decoder = msgspec.json.Decoder(_Named)
    named = (decoded(decoder, line, _Named) for line in lines)
    return {each.id: each.thread_name for each in named if each is not None}


CODEX: Final = FileLister(CodexFiles)
