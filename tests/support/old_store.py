"""The store of version 0.1.0, with that version's statements: its processes keep a store open over an upgrade."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec

from session_host.protocol.events import Removed, StatusChanged
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import Activity
from session_host.storage.store.database import STORE_SCHEMA
from session_host.storage.store.session_row import FIELDS, to_row

STEPS: Final = 2
"""How many steps of the schema that version knew."""


class Version(NamedTuple):
    """A place among the changes of rows; that version also sent it to other machines."""

    file: tuple[int, int]
    number: int


class OldChanges(NamedTuple):
    """What that version said of changed rows, here with the ids of the changed ones."""

    version: Version
    changed: list[str]
    removed: list[str] | None


class OldStore:
    """An open store of 0.1.0."""

    def __init__(self, path: Path, steps: int = STEPS) -> None:
        """Create the file with so many steps of the schema, and keep it open."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._file = (path.stat().st_dev, path.stat().st_ino)
        self._connection.execute("PRAGMA journal_mode = WAL")
        for name, function in STORE_SCHEMA.functions.items():
            self._connection.create_function(name, 1, function, deterministic=True)
        for step in STORE_SCHEMA.steps[:steps]:
            for statement in step:
                self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {steps}")
        there = {name for _, name, *_ in self._connection.execute("PRAGMA table_info(session)")}
        self._columns = [name for name in FIELDS if name in there]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()

    def insert(self, record: ChatFacts) -> None:
        """Add a row."""
        values = dict(zip(FIELDS, to_row(record), strict=True))
        marks = ", ".join("?" * len(self._columns))
        names = ", ".join(self._columns)
        self._connection.execute(
            f"INSERT INTO session ({names}) VALUES ({marks})",
            [values[name] for name in self._columns],
        )

    def set_title(self, session_id: str, title: str) -> None:
        """Change a row."""
        self._connection.execute("UPDATE session SET title = ? WHERE id = ?", (title, session_id))

    def add_status(self, session_id: str, own_number: int, activity: Activity = Activity.WORKING) -> int:
        """Add an event as a host does; returns the number that it was told."""
        event = StatusChanged(before=Activity.IDLE, after=activity, detail=str(own_number))
        return self._add(session_id, own_number, "status", event)

    def _add(self, session_id: str, own_number: int | None, kind: str, event: object) -> int:
        [(number,)] = self._connection.execute(
            "INSERT OR IGNORE INTO event (chat, own_number, at, kind, name, content)"
            " SELECT id, ?, ?, ?, name, ? FROM session WHERE id = ? RETURNING number",
            (own_number, "2026-01-02T03:04:05.000Z", kind, msgspec.json.encode(event).decode(), session_id),
        ).fetchall()
        return int(number)

    def remove(self, session_id: str) -> None:
        """Remove a row."""
        self._add(session_id, None, "removed", Removed())
        self._connection.execute("DELETE FROM session WHERE id = ?", (session_id,))

    def version(self) -> Version:
        """The place after all changes of rows."""
        (number,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM change").fetchone()
        return Version(self._file, number)

    def changes_since(self, version: Version) -> OldChanges:
        """The rows that were changed after a place."""
        changed = "SELECT id FROM session WHERE id IN (SELECT id FROM change WHERE number > ?) ORDER BY ordinal"
        removed = "SELECT id FROM change WHERE number > ? AND id NOT IN (SELECT id FROM session)"
        values = (version.number,)
        return OldChanges(self.version(), self._ids(changed, values), self._ids(removed, values))

    def events_since(self, number: int) -> list[int]:
        """The numbers of the events after one."""
        query = "SELECT number FROM event WHERE number > ? ORDER BY number LIMIT 500"
        return [each for (each,) in self._connection.execute(query, (number,))]

    def _ids(self, query: str, values: Sequence[int]) -> list[str]:
        return [str(each) for (each,) in self._connection.execute(query, values)]
