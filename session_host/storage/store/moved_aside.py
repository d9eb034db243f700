"""The directories of sessions that are being removed.

A removal moves the session's directory aside before it deletes the row, in one transaction. So a process that is killed
leaves a whole session or none: ``Store.unfinished_removals`` puts the directory of a session that has a row back. Files
that were pasted into it stay in their place while another chat's conversation may name them.
"""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path


def directory(database: Path, session_id: str = "") -> Path:
    """The directory to which sessions' directories are moved: among them, since a rename needs the same disk."""
    return database.parent / "sessions" / ".removed" / session_id


def move(database: Path, session_id: str, *, but: str = "") -> bool:
    """Move a session's directory aside; returns whether there was one.

    ``but``: the name of a file or directory in it that stays in its place, so that the others are moved one by one.
    """
    original, target = _original(database, session_id), directory(database, session_id)
    with contextlib.suppress(FileNotFoundError):
        target.parent.mkdir(mode=0o700, exist_ok=True)
        if not but:
            original.rename(target)
        else:
            target.mkdir(mode=0o700, exist_ok=True)
            _move_entries(original, target, but)
        return True
    return False


def put_back(database: Path, session_id: str) -> None:
    """Move a session's directory back; without effect if another process did."""
    original, target = _original(database, session_id), directory(database, session_id)
    with contextlib.suppress(FileNotFoundError):
        try:
            target.rename(original)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            _move_entries(target, original)
            target.rmdir()


def _move_entries(source: Path, target: Path, but: str = "") -> None:
    for each in list(source.iterdir()):
        if each.name != but:
            with contextlib.suppress(FileNotFoundError):
                each.rename(target / each.name)


def has(database: Path, session_id: str, name: str) -> bool:
    """Whether a session's directory, in its place, has a file or directory of this name."""
    return (_original(database, session_id) / name).exists()


def ids(database: Path) -> list[str]:
    """The sessions with directories that are aside."""
    try:
        return [path.name for path in directory(database).iterdir()]
    except FileNotFoundError:
        return []


def _original(database: Path, session_id: str) -> Path:
    return database.parent / "sessions" / session_id
