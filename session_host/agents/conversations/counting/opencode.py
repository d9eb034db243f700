"""What a turn of opencode in a terminal did."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.opencode import TIMEOUT_S, database, opened
from session_host.agents.conversations.records import decoded
from session_host.protocol.untrusted_numbers import Said, exit_code, money
from session_host.structured.dialects.patches import unified_patch
from session_host.structured.items import FileChange, Item, ItemStatus, ToolKind

from .base import Counted, counted_tokens, worked

_TOOLS: Final[Mapping[str, ToolKind]] = {
    "bash": "execute",
    "edit": "edit",
    "multiedit": "edit",
    "patch": "edit",
    "apply_patch": "edit",
    "write": "edit",
    "read": "read",
    "list": "read",
    "glob": "search",
    "grep": "search",
    "codesearch": "search",
    "websearch": "search",
    "webfetch": "fetch",
}
_REFUSED: Final = "The user rejected permission"
_ROWS: Final = (
    "WITH RECURSIVE conversation(id) AS (SELECT ? UNION"
    " SELECT session.id FROM session JOIN conversation ON session.parent_id = conversation.id)"
    " SELECT message.id, message.data, iif(message.session_id = ?, part.data, NULL) FROM message"
    " LEFT JOIN part ON part.message_id = message.id AND json_extract(part.data, '$.type') = 'tool'"
    " WHERE message.session_id IN conversation AND json_extract(message.data, '$.role') = 'assistant'"
    " AND message.time_created >= ? AND message.time_created < coalesce(("
    "SELECT min(time_created) FROM message WHERE session_id = ? AND json_extract(data, '$.role') = 'user'"
    " AND time_created >= ?), 1 << 62)"
    " ORDER BY message.time_created, message.id, part.id"
)
"""The messages and calls between the prompt of a time and the first one since another time; of sub-agents the messages.
"""


_Known = TypeVar("_Known", "_Metadata", "_Input")
_Read = TypeVar("_Read", "_Message", "_Part")


class _Cache(msgspec.Struct):
    read: Said = None
    write: Said = None


class _Tokens(msgspec.Struct):
    input: Said = None
    output: Said = None
    reasoning: Said = None
    cache: _Cache = msgspec.field(default_factory=_Cache)


class _Message(msgspec.Struct):
    tokens: _Tokens | None = None
    cost: Said = None


class _Input(msgspec.Struct, rename="camel"):
    file_path: str = ""
    content: str = ""


class _Metadata(msgspec.Struct):
    """What the agent notes of a call: of a command its end, of an edit its diff."""

    exit: Said = None
    diff: str = ""
    filepath: str = ""
    exists: bool = True


class _State(msgspec.Struct):
    status: str = ""
    error: str = ""
    input: object = None
    metadata: object = None


class _Part(msgspec.Struct, rename={"call_id": "callID"}):
    tool: str = ""
    call_id: str = ""
    state: _State = msgspec.field(default_factory=_State)


def count_opencode(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
    """A turn with what it did between the prompt of a time and the first one since another time."""
    given = (*[query.conversation] * 2, round(began_s * 1000), query.conversation, round(next_s * 1000))
    messages, parts = dict[str, _Message](), list[_Part]()
    try:
        with opened(database(query), TIMEOUT_S) as connection:
            for message_id, message, part in connection.execute(_ROWS, given):
                messages[message_id] = _decoded(message, _Message) or _Message()
                if part is not None and (call := _decoded(part, _Part)) is not None:
                    parts.append(call)
    except sqlite3.Error:
        return found  # The file is of another version, or busy.
    used = [message.tokens for message in messages.values() if message.tokens is not None]
    cost = sum(money(message.cost) or 0.0 for message in messages.values())
    return worked(found, [*map(_item, parts)], map(_counted, used), cost, "USD")


def _decoded(value: object, kind: type[_Read]) -> _Read | None:
    """The JSON of a column, which may hold any type."""
    return decoded(msgspec.json.Decoder(kind), value.encode(), kind) if isinstance(value, str) else None


def _counted(used: _Tokens) -> tuple[int, int, int]:
    read = counted_tokens(used.input) + counted_tokens(used.cache.write)
    return read, counted_tokens(used.cache.read), counted_tokens(used.output) + counted_tokens(used.reasoning)


def _item(part: _Part) -> Item:
    state, known = part.state, _converted(part.state.metadata, _Metadata)
    status: ItemStatus = "done" if state.status == "completed" else "failed"
    if state.error.startswith(_REFUSED):
        status = "declined"
    written = _converted(state.input, _Input)
    path, diff = known.filepath or written.file_path, known.diff
    if part.tool == "write" and not known.exists:
        diff = unified_patch("", written.content)
    changes = (FileChange(path, diff, "update" if known.exists else "add"),) if diff else ()
    tool = _TOOLS.get(part.tool, "other")
    return Item(part.call_id, "tool", 0, status=status, tool=tool, exit_code=exit_code(known.exit), changes=changes)


def _converted(value: object, kind: type[_Known]) -> _Known:
    """A part of the file, as far as this reader knows it."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:  # Of another tool.
        return kind()
