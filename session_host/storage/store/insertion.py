"""The statements that add a session, and those that keep names apart; each within a transaction of the caller."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from session_host.errors import NameTaken, StoreError, StoreIncomplete
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store.session_record import SessionRecord
from session_host.storage.store.session_row import INSERTED, to_row

RUNNING = f"({', '.join(repr(state.value) for state in sorted(RUNNING_STATES))})"
"""The states of a running session, as a part of a statement (S608: made of literals)."""
COMPLETE = 0x4F75744C
"""SQLite's ``application_id`` ("OutL"), set once the file has all chats that ran when the file was made."""
_RECENT_DIRECTORIES_KEPT = 50


def is_complete(connection: sqlite3.Connection) -> bool:
    """Whether the file has all chats that ran when it was made."""
    (number,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(number == COMPLETE)


def check_complete(connection: sqlite3.Connection, path: Path) -> None:
    """Check that the file has all chats that ran when it was made.

    Raises:
        StoreIncomplete: it may lack some.
    """
    if not is_complete(connection):
        raise StoreIncomplete(f"{path}: new, and still without the running chats; try again")


def check_name(connection: sqlite3.Connection, session_id: str, name: str) -> None:
    """Check that no other running session has a name.

    Raises:
        NameTaken: one has.
    """
    query = f"SELECT id FROM session WHERE name = ? AND id != ? AND state IN {RUNNING}"  # noqa: S608
    if other := connection.execute(query, (name, session_id)).fetchone():
        raise NameTaken(f"a running chat is already named {name!r} ({other[0][:8]}); choose another name")


def insert(connection: sqlite3.Connection, record: SessionRecord, path: Path, *, replaces: bool = False) -> None:
    """Add a row, or replace the session's own; note its directory; let it take the place of the session it resumes.

    Raises:
        StoreError: the id exists already, or the resumed session was continued already.
    """
    if record.resumed_from is not None:
        _take_place(connection, record)
    try:
        connection.execute(f"INSERT {'OR REPLACE ' * replaces}{INSERTED}", to_row(record))
    except sqlite3.IntegrityError as error:
        raise StoreError(f"{path}: cannot save chat {record.id} ({error})") from error
    if record.resumed_from is not None:
        _continue(connection, record)
    # A worktree is removed with its chat; its maker notes the directory that it was made from.
    if record.worktree is None:
        note_directory(connection, record.cwd)


def _take_place(connection: sqlite3.Connection, record: SessionRecord) -> None:
    """Take over the pin and the position of the session that the record's one resumes."""
    query = "SELECT pinned, position FROM session WHERE id = ? AND (pinned OR position IS NOT NULL)"
    if found := connection.execute(query, (record.resumed_from,)).fetchone():
        record.pinned, record.position = bool(found[0]), found[1]
        connection.execute("UPDATE session SET pinned = 0, position = NULL WHERE id = ?", (record.resumed_from,))


def _continue(connection: sqlite3.Connection, record: SessionRecord) -> None:
    """Mark a session as continued; raises if another chat already continues it."""
    done = connection.execute(
        "UPDATE session SET continued_by = ? WHERE id = ? AND (continued_by IS NULL OR continued_by = ?)",
        (record.id, record.resumed_from, record.id),
    )
    if done.rowcount:
        return
    row = connection.execute("SELECT continued_by FROM session WHERE id = ?", (record.resumed_from,)).fetchone()
    if row is not None:
        raise StoreError(f"{record.name}: this conversation already continues in {row[0]}; attach to that chat")


def note_directory(connection: sqlite3.Connection, path: str) -> None:
    """Note that a session was started from this directory."""
    connection.execute(
        "INSERT OR REPLACE INTO recent_directory (path, used)"
        " VALUES (?, (SELECT coalesce(max(used), 0) + 1 FROM recent_directory))",
        (path,),
    )
    connection.execute(
        "DELETE FROM recent_directory WHERE used <= (SELECT max(used) - ? FROM recent_directory)",
        (_RECENT_DIRECTORIES_KEPT,),
    )
