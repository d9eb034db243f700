"""The directories of sessions that are being removed.

A removal moves the session's directory aside before it deletes the row, in one transaction. So a process that is killed
leaves a whole session or none: ``Store.unfinished_removals`` puts the directory of a session that has a row back. What
its conversation may name stays in its place while another chat continues or copies that.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Collection
from pathlib import Path

from session_host.paths import AGENT_FILES, PASTED
from session_host.protocol.values import HANDED_OVER


def directory(database: Path, session_id: str = "") -> Path:
    """The directory to which sessions' directories are moved: among them, since a rename needs the same disk."""
    return database.parent / "sessions" / ".removed" / session_id


def move(database: Path, session_id: str, but: Collection[str] = ()) -> bool:
    """Move a session's directory aside; returns whether there was one.

    ``but``: the names of what stays in its place in it, so that all else is moved one by one.
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


def _move_entries(source: Path, target: Path, but: Collection[str] = ()) -> None:
    for each in list(source.iterdir()):
        if each.name not in but:
            with contextlib.suppress(FileNotFoundError):
                each.rename(target / each.name)


def named(database: Path, session_id: str) -> list[str]:
    """What a session's directory, in its place, has that its conversation may name: pasted files, one handed over."""
    original = _original(database, session_id)
    handed = any((original / AGENT_FILES).glob(f"{HANDED_OVER}*"))
    return [*([PASTED] if (original / PASTED).is_dir() else []), *([AGENT_FILES] if handed else [])]


def ids(database: Path) -> list[str]:
    """The sessions with directories that are aside."""
    try:
        return [path.name for path in directory(database).iterdir()]
    except FileNotFoundError:
        return []


def _original(database: Path, session_id: str) -> Path:
    return database.parent / "sessions" / session_id
