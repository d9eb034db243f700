"""Sessions as rows of the table ``session``, and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import msgspec

from session_host.protocol.untrusted_text import is_conversation
from session_host.storage.store.session_record import SessionRecord

FIELDS = SessionRecord.__struct_fields__
COLUMNS = ", ".join(FIELDS)
INSERTED = f"INTO session ({COLUMNS}) VALUES ({', '.join('?' * len(FIELDS))})"
"""The end of the statement that inserts the values of ``to_row``."""

_JSON_FIELDS = frozenset({"argv", "env", "arguments", "located_by"})
_REPEATED_FIELDS = ("name", "agent", "cwd", "real_cwd", "boot_id", "engine", "default_name")
"""Thousands of records have the same few values: each is kept in memory once."""

_TRUTH_FIELDS = ("branch_made", "pinned")


def to_row(record: SessionRecord) -> list[object]:
    """The values of a row, in the order of ``COLUMNS``."""
    return [to_column(field, getattr(record, field)) for field in FIELDS]


def to_column(field: str, value: object) -> object:
    """The value of one column."""
    return json.dumps(value) if field in _JSON_FIELDS else str(value) if field == "state" else value


def from_row(row: Iterable[object]) -> SessionRecord:
    """Read the columns ``COLUMNS``.

    Raises:
        ValueError, TypeError: the values are none that we can have written.
    """
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    for field in _REPEATED_FIELDS:
        if isinstance(text := values.get(field), str):
            values[field] = sys.intern(text)
    for field in _JSON_FIELDS & values.keys():
        values[field] = json.loads(values[field])
    for field in _TRUTH_FIELDS:
        values[field] = bool(values.get(field))
    return from_values(values)


def from_values(values: dict[str, Any]) -> SessionRecord:
    """Make a record of values of another process.

    Raises:
        ValueError: the values are none that we can have written.
    """
    conversation = values.get("provider_session_id")
    if not isinstance(conversation, str) or not is_conversation(conversation):
        values["provider_session_id"] = None  # It would end up in an argv.
    return msgspec.convert(values, SessionRecord)
