"""What a turn of Qwen Code in a terminal did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.qwen import transcripts_of
from session_host.agents.conversations.records import newest_first, records_backwards
from session_host.agents.conversations.turns import seconds_of
from session_host.protocol.untrusted_numbers import Said, exit_code
from session_host.structured.items import FileChange, Item, ToolKind

from .base import GEMINI_STATUSES, Counted, counted_tokens, worked

_TOOLS: Final[Mapping[str, ToolKind]] = {
    "run_shell_command": "execute",
    "edit": "edit",
    "write_file": "edit",
    "read_file": "read",
    "read_many_files": "read",
    "list_directory": "read",
    "glob": "search",
    "grep_search": "search",
    "web_search": "search",
    "web_fetch": "fetch",
}
_AGENTS: Final = frozenset({"agent", "task"})


class _Tokens(msgspec.Struct, rename="camel"):
    """The tokens of a request. Thoughts are a part of the candidates with some providers, and beside them with others:
    the total has them once.
    """

    prompt_token_count: Said = None
    cached_content_token_count: Said = None
    candidates_token_count: Said = None
    total_token_count: Said = None


class _Named(msgspec.Struct):
    name: str = ""


class _Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    function_response: _Named | None = None


class _Message(msgspec.Struct):
    parts: list[_Part] = []


class _Shown(msgspec.Struct, rename="camel"):
    """What the agent shows of a result: of an edit its diff, of a command its end."""

    file_path: str = ""
    file_diff: str = ""
    original_content: str | None = ""
    exit_code: Said = None


class _Result(msgspec.Struct, rename="camel"):
    call_id: str = ""
    status: str = ""
    result_display: object = None


class _Line(msgspec.Struct, rename="camel"):
    type: str
    message: _Message | None = None
    usage_metadata: _Tokens | None = None
    tool_call_result: _Result | None = None
    is_sidechain: bool = False
    timestamp: object = None


def count_qwen(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
    """A turn with what it did between the prompt of a time and the first one since another time."""
    items, used, has_agents = list[Item](), list[_Tokens](), False
    for line in records_backwards(newest_first(transcripts_of(query))[0], _Line, query.most_bytes):
        if line.is_sidechain:
            continue
        if line.type == "user":
            at_s = seconds_of(line.timestamp)
            if at_s == began_s:
                break
            if at_s >= next_s:
                items, used, has_agents = [], [], False  # The next turn has begun.
        elif line.type == "assistant" and line.usage_metadata is not None:
            used.append(line.usage_metadata)
        elif line.type == "tool_result" and line.tool_call_result is not None and line.message is not None:
            name = next((part.function_response.name for part in line.message.parts if part.function_response), "")
            has_agents |= name in _AGENTS
            items.append(_item(name, line.tool_call_result))
    else:
        return found
    if has_agents:
        return found
    return worked(
        found,
        items[::-1],
        map(_tokens, used),
    )


def _tokens(used: _Tokens) -> tuple[int, int, int]:
    read, cached = counted_tokens(used.prompt_token_count), counted_tokens(used.cached_content_token_count)
    # Without the number of those that were read, the total says nothing of those that were written.
    written = counted_tokens(used.total_token_count) - read if read else 0
    return read - cached, cached, max(written, counted_tokens(used.candidates_token_count))


def _item(name: str, result: _Result) -> Item:
    shown = _Shown()
    if isinstance(result.result_display, dict):
        try:
            shown = msgspec.convert(result.result_display, _Shown)
        except msgspec.ValidationError:  # Of another tool.
            shown = _Shown()
    changes: tuple[FileChange, ...] = ()
    if shown.file_diff:
        changes = (FileChange(shown.file_path, shown.file_diff, "update" if shown.original_content else "add"),)
    status = GEMINI_STATUSES.get(result.status, "failed")
    tool = _TOOLS.get(name, "other")
    code = exit_code(shown.exit_code)
    if tool == "execute" and code:
        status = "done"  # It ran, and its exit code says that it failed.
    return Item(result.call_id, "tool", 0, status=status, tool=tool, exit_code=code, changes=changes)
