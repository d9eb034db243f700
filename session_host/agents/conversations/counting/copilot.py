"""What a turn of Copilot CLI in a terminal did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.copilot import events_of
from session_host.agents.conversations.records import records_backwards
from session_host.agents.conversations.turns import seconds_of
from session_host.protocol.untrusted_numbers import Said, exit_code
from session_host.structured.items import FileChange, Item, ItemStatus, ToolKind

from .base import Counted, counted_tokens, worked

_TOOLS: Final[Mapping[str, ToolKind]] = {
    "bash": "execute",
    "create": "edit",
    "edit": "edit",
    "apply_patch": "edit",
    "view": "read",
    "grep": "search",
    "glob": "search",
    "web_fetch": "fetch",
}
_KINDS: Final[Mapping[str, Literal["add", "delete"]]] = {"create": "add", "delete": "delete"}
_AGENT: Final = "task"
_FILE: Final = "\ndiff --git "


class _Usage(msgspec.Struct, rename="camel"):
    input_tokens: Said = None
    output_tokens: Said = None
    cache_read_tokens: Said = None


class _Shell(msgspec.Struct, rename="camel"):
    exit_code: Said = None


class _Result(msgspec.Struct, rename="camel"):
    """The result of a tool; that of a question has only its kind."""

    kind: str = ""
    detailed_content: str = ""


class _FileEdit(msgspec.Struct):
    path: str = ""
    kind: str = ""


class _Data(msgspec.Struct, rename="camel"):
    tool_call_id: str = ""
    tool_name: str = ""
    parent_tool_call_id: str | None = None
    success: bool = True
    shell_execution: _Shell | None = None
    result: _Result | None = None
    file_edits: list[_FileEdit] | None = None
    usage: _Usage | None = None


class _Event(msgspec.Struct, rename="camel"):
    type: str
    data: _Data
    agent_id: str | None = None
    timestamp: object = None


def count_copilot(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
    """A turn with what it did between the prompt of a time and the first one since another time."""
    calls, ends, refused = list[_Data](), dict[str, _Data](), set[str]()
    used = list[_Usage]()
    for event in records_backwards(events_of(query), _Event, query.most_bytes):
        if event.agent_id or event.data.parent_tool_call_id:
            continue
        match event.type, event.data:
            case "user.message", _:
                at_s = seconds_of(event.timestamp)
                if at_s == began_s:
                    break
                if at_s >= next_s:
                    calls, ends, refused, used = [], {}, set(), []  # The next turn has begun.
            case "session.usage_record", _Data(usage=_Usage() as usage):
                used.append(usage)
            case "tool.execution_start", call:
                calls.append(call)
            case "tool.execution_complete", end:
                ends[end.tool_call_id] = end
            case "permission.completed", _Data(tool_call_id=call_id, result=_Result(kind=kind)):
                if not kind.startswith("approved"):
                    refused.add(call_id)
            case _:
                pass
    else:
        return found
    if any(call.tool_name == _AGENT for call in calls):
        return found
    items = [
        _item(each, ends.get(each.tool_call_id), is_refused=each.tool_call_id in refused) for each in reversed(calls)
    ]
    return worked(found, items, map(_tokens, used))


def _tokens(used: _Usage) -> tuple[int, int, int]:
    cached = counted_tokens(used.cache_read_tokens)
    return counted_tokens(used.input_tokens) - cached, cached, counted_tokens(used.output_tokens)


def _item(call: _Data, end: _Data | None, *, is_refused: bool) -> Item:
    done = end or _Data(success=False)
    status: ItemStatus = "declined" if is_refused else "done" if done.success else "failed"
    diffs = done.result.detailed_content.split(_FILE)[1:] if done.result is not None else []
    changes = tuple(
        FileChange(edit.path, f"{_FILE[1:]}{diff}", _KINDS.get(edit.kind, "update"))
        for edit, diff in zip(done.file_edits or [], diffs, strict=False)
    )
    code = exit_code(done.shell_execution.exit_code) if done.shell_execution is not None else None
    tool = _TOOLS.get(call.tool_name, "other")
    return Item(call.tool_call_id, "tool", 0, status=status, tool=tool, exit_code=code, changes=changes)
