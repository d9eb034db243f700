"""One session's row in the store: the columns of its facts."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from session_host.protocol.facts import ChatFacts, Entry, Origin, Outcome, Program
from session_host.protocol.untrusted_text import is_conversation


def free_name(wanted: str, taken: Collection[str], all_names: Collection[str]) -> str:
    """``wanted`` unless it is taken; else ``wanted-2`` and so on.

    Args:
        wanted: the wanted name.
        taken: the names of running chats, which differ; of all chats for a name that Outlive chooses.
        all_names: the names of all chats; their numbers are not used again, nor those between them.
    """
    if wanted not in taken:
        return wanted
    # A number of more digits is part of the name itself, as in "log-2026".
    numbered = re.compile(re.escape(wanted) + r"-([1-9]\d{0,2})")
    number = max((int(found[1]) for name in all_names if (found := numbered.fullmatch(name))), default=1) + 1
    while (name := f"{wanted}-{number}") in all_names:
        number += 1
    return name


def meant(named: list[ChatFacts]) -> list[ChatFacts]:
    """Those that the user means by the name that all have: one that runs or is asleep; else one not continued."""
    return (
        [record for record in named if not record.outcome.is_over or record.is_asleep]
        or [record for record in named if record.entry.continued_by is None]
        or named
    )


_NAMES: Final = {"conversation": "provider_session_id", "overrides": "env"}
"""Columns with another name than their field's."""
_SPREAD: Final = {
    "worktree": {"repository": "repository", "worktree": "path", "branch": "branch", "branch_made": "branch_made"},
    "size": {"columns": "columns", "rows": "rows"},
}
"""The columns of a field that is a struct, with the names of its own fields."""


def columns_of(*parts: Origin | Entry | Outcome | Program) -> dict[str, Any]:
    """The columns of parts, and their values."""
    columns: dict[str, Any] = {}
    for part in parts:
        for field in part.__struct_fields__:
            value = getattr(part, field)
            if (spread := _SPREAD.get(field)) is None:
                columns[_NAMES.get(field, field)] = value
            else:
                columns |= {column: getattr(value, name, None) for column, name in spread.items()}
    return columns


_EMPTY: Final = ChatFacts(Origin(id="", agent="", argv=[], cwd="", created_at=""), Entry(name=""))
FIELDS: Final = tuple(columns_of(_EMPTY.origin, _EMPTY.entry, _EMPTY.outcome, _EMPTY.program))
COLUMNS: Final = ", ".join(FIELDS)
INSERTED: Final = f"INTO session ({COLUMNS}) VALUES ({', '.join('?' * len(FIELDS))})"
"""The end of the statement that inserts the values of ``to_row``."""

_JSON_FIELDS: Final = frozenset({"argv", "env", "arguments", "located_by", "files_in", "later"})
_TRUTH_FIELDS: Final = frozenset({"branch_made", "pinned"})
_NEEDED: Final = frozenset({"id", "agent", "argv", "cwd", "created_at", "name"})
_JSON_COLUMNS: Final = [FIELDS.index(field) for field in sorted(_JSON_FIELDS)]
_TRUTH_COLUMNS: Final = [FIELDS.index(field) for field in sorted(_TRUTH_FIELDS)]
_REPEATED_COLUMNS: Final = [
    FIELDS.index(field)
    for field in ("name", "agent", "cwd", "real_cwd", "boot_id", "engine", "default_name", "machine_id", "host_name")
]
"""Thousands of rows have the same few values: each is kept in memory once."""
_CONVERSATION: Final = FIELDS.index("provider_session_id")
_WORKTREE, _ENTRY, _OUTCOME, _PROGRAM = map(FIELDS.index, ("repository", "name", "state", "title"))
_SIZE: Final = FIELDS.index("columns")
_WORKTREE_END: Final = _WORKTREE + len(_SPREAD["worktree"])


def copied_columns(facts: ChatFacts) -> dict[str, Any]:
    """The columns of a row, and their values."""
    return columns_of(facts.origin, facts.entry, facts.outcome, facts.program)


def to_row(facts: ChatFacts) -> list[object]:
    """The values of a row, in the order of ``COLUMNS``."""
    return [to_column(field, value) for field, value in copied_columns(facts).items()]


def to_column(field: str, value: object) -> object:
    """The value of one column."""
    if field in _JSON_FIELDS:
        return msgspec.json.encode(value).decode()
    if field in _TRUTH_FIELDS:
        return bool(value)
    if field == "provider_session_id":
        return value or None
    return str(value) if field == "state" else value


def from_row(row: Sequence[Any]) -> ChatFacts:
    """Read the columns ``COLUMNS``.

    Raises:
        ValueError, TypeError: the values are none that we can have written.
    """
    values = list(row)
    for column in _JSON_COLUMNS:
        values[column] = _decoded(values[column])
    return _from_values(values)


@lru_cache(maxsize=256)
def _decoded(text: str) -> Any:
    """A list or dict of a row; equal ones are one object, which nobody changes."""
    return msgspec.json.decode(text)


def from_copy(copied: Mapping[str, Any]) -> ChatFacts:
    """Make the facts of columns by their names; those that are missing have their defaults.

    Raises:
        ValueError: the values are none that we can have written.
    """
    defaults = {field: value for field, value in copied_columns(_EMPTY).items() if field not in _NEEDED}
    return _from_values([copied.get(field, defaults.get(field)) for field in FIELDS])


def _from_values(values: list[Any]) -> ChatFacts:
    """Make the facts of values in the order of ``FIELDS``.

    Raises:
        ValueError: the values are none that we can have written.
    """
    for column in _REPEATED_COLUMNS:
        if isinstance(text := values[column], str):
            values[column] = sys.intern(text)
    for column in _TRUTH_COLUMNS:
        values[column] = bool(values[column])
    conversation = values[_CONVERSATION]
    if not isinstance(conversation, str) or not is_conversation(conversation):
        values[_CONVERSATION] = ""  # It would end up in an argv.
    worktree = values[_WORKTREE:_WORKTREE_END]
    return ChatFacts(
        msgspec.convert(
            [*values[:_WORKTREE], None if None in worktree else worktree, *values[_WORKTREE_END:_ENTRY]], Origin
        ),
        msgspec.convert(values[_ENTRY:_OUTCOME], Entry),
        msgspec.convert(values[_OUTCOME:_PROGRAM], Outcome),
        msgspec.convert([*values[_PROGRAM:_SIZE], values[_SIZE : _SIZE + 2], *values[_SIZE + 2 :]], Program),
    )
