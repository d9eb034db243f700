"""The directories of sessions that are being removed.

A removal moves the session's directory aside before it deletes the row, in one transaction. So a process that is killed
leaves a whole session or none: ``Store.unfinished_removals`` puts the directory of a session that has a row back.
"""

from __future__ import annotations

import contextlib
from pathlib import Path


def directory(database: Path, session_id: str = "") -> Path:
    """The directory to which sessions' directories are moved: among them, since a rename needs the same disk."""
    return database.parent / "sessions" / ".removed" / session_id


def move(database: Path, session_id: str) -> bool:
    """Move a session's directory aside; returns whether there was one."""
    target = directory(database, session_id)
    with contextlib.suppress(FileNotFoundError):
        target.parent.mkdir(mode=0o700, exist_ok=True)
        _original(database, session_id).rename(target)
        return True
    return False


def put_back(database: Path, session_id: str) -> None:
    """Move a session's directory back; without effect if another process did."""
    with contextlib.suppress(FileNotFoundError):
        directory(database, session_id).rename(_original(database, session_id))


def ids(database: Path) -> list[str]:
    """The sessions with directories that are aside."""
    try:
        return [path.name for path in directory(database).iterdir()]
    except FileNotFoundError:
        return []


def _original(database: Path, session_id: str) -> Path:
    return database.parent / "sessions" / session_id
