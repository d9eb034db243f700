"""What a turn of Gemini CLI in a terminal did."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.gemini import transcripts_of
from session_host.agents.conversations.records import newest_first, records_backwards
from session_host.agents.conversations.turns import seconds_of
from session_host.protocol.untrusted_numbers import Said
from session_host.structured.items import FileChange, Item, ToolKind

from .base import GEMINI_STATUSES, Counted, counted_tokens, worked

_TOOLS: Final[Mapping[str, ToolKind]] = {
    "run_shell_command": "execute",
    "replace": "edit",
    "write_file": "edit",
    "read_file": "read",
    "read_many_files": "read",
    "list_directory": "read",
    "glob": "search",
    "grep_search": "search",
    "search_file_content": "search",
    "google_web_search": "search",
    "web_fetch": "fetch",
}
_AGENTS: Final = frozenset({"codebase_investigator", "cli_help", "delegate_to_agent", "generalist", "invoke_agent"})
_EXIT_CODE: Final = re.compile(r"Command exited with code: (\d{1,9})\b")


class _Tokens(msgspec.Struct):
    input: Said = None
    cached: Said = None
    output: Said = None
    thoughts: Said = None


class _Edit(msgspec.Struct, rename="camel"):
    file_path: str = ""
    file_diff: str = ""
    is_new_file: bool = False


class _Call(msgspec.Struct, rename="camel"):
    id: str = ""
    name: str = ""
    status: str = ""
    result_display: _Edit | str | None = None


class _Message(msgspec.Struct, rename="camel"):
    id: str = ""
    type: str = ""
    timestamp: object = None
    content: object = None
    tokens: _Tokens | None = None
    tool_calls: list[_Call] = []

    @property
    def is_prompt(self) -> bool:
        """Whether the user wrote it; results of tools are messages of the user, too."""
        parts = self.content if isinstance(self.content, list) else []
        return self.type == "user" and any(isinstance(part, dict) and "text" in part for part in parts)


def count_gemini(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
    """The same. A message is written again with its calls: its last line has all of it."""
    messages = dict[str, _Message]()
    for message in records_backwards(newest_first(transcripts_of(query))[0], _Message, query.most_bytes):
        if message.is_prompt and seconds_of(message.timestamp) == began_s:
            break
        if message.is_prompt and seconds_of(message.timestamp) >= next_s:
            messages.clear()  # The next turn has begun.
        elif message.type == "gemini":
            messages.setdefault(message.id, message)
    else:
        return found
    calls = [call for message in reversed(messages.values()) for call in message.tool_calls]
    if any(call.name in _AGENTS for call in calls):
        return found
    used = [message.tokens for message in messages.values() if message.tokens is not None]
    return worked(
        found,
        [*map(_item, calls)],
        map(_tokens, used),
    )


def _tokens(used: _Tokens) -> tuple[int, int, int]:
    cached = counted_tokens(used.cached)
    return counted_tokens(used.input) - cached, cached, counted_tokens(used.output) + counted_tokens(used.thoughts)


def _item(call: _Call) -> Item:
    shown = call.result_display
    exit_code = int(code[1]) if isinstance(shown, str) and (code := _EXIT_CODE.match(shown)) else None
    changes: tuple[FileChange, ...] = ()
    if isinstance(shown, _Edit) and shown.file_diff:
        changes = (FileChange(shown.file_path, shown.file_diff, "add" if shown.is_new_file else "update"),)
    status = GEMINI_STATUSES.get(call.status, "failed")
    tool = _TOOLS.get(call.name, "other")
    return Item(call.id, "tool", 0, status=status, tool=tool, exit_code=exit_code, changes=changes)
