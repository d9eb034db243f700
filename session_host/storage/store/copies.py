"""Copies of what the database holds, in files: of each session's row, in its directory, and of the window's layout.

If the database is lost, it is filled again from them. They are as private as the database. The copy of a row goes with
the session's directory when the chat is removed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from session_host.paths import make_directories
from session_host.protocol.facts import ChatFacts, Outcome
from session_host.system.files import replace_file

from .session_row import copied_columns, from_copy

_ROW = "record.json"
_LAYOUT = "layout.json"
_MAX_BYTES = 64 * 1024 * 1024


def save_row(database: Path, record: ChatFacts) -> None:
    """Replace the copy of a row, if the session has a directory; on a full disk, the previous copy stays."""
    _replace(_directory(database) / record.id / _ROW, msgspec.json.encode(copied_columns(record)).decode())


def save_new_row(database: Path, record: ChatFacts) -> None:
    """Save the first copy of a row, and create the session's directory; a full disk takes neither."""
    with contextlib.suppress(OSError):
        make_directories(_directory(database) / record.id)
    save_row(database, record)


def remove_row(database: Path, session_id: str) -> None:
    """Remove the copy of a row, if there is one, and the session's directory if that is empty then."""
    directory = _directory(database) / session_id
    with contextlib.suppress(OSError):
        (directory / _ROW).unlink(missing_ok=True)
        directory.rmdir()


def rows(database: Path) -> Iterator[ChatFacts]:
    """Read the copies of all rows; damaged ones are left out."""
    for session_id in copied_ids(database):
        if (found := row(database, session_id)) is not None:
            yield found


def row(database: Path, session_id: str) -> ChatFacts | None:
    """Read the copy of a row; None if there is none, or a damaged one."""
    return row_in(_directory(database) / session_id, session_id)


def row_in(directory: Path, session_id: str) -> ChatFacts | None:
    """As ``row``, for a session's directory that may have been moved."""
    with contextlib.suppress(OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors, too.
        values = msgspec.json.decode(_read(directory / _ROW))
        if isinstance(values, dict) and values.get("id") == session_id:
            return from_copy(values)
    return None


def copied_ids(database: Path) -> set[str]:
    """The ids of the sessions that have a copy of their row."""
    return {path.parent.name for path in _directory(database).glob(f"*/{_ROW}")}


def save_layout(database: Path, layout: str) -> None:
    """Replace the copy of the window's layout; on a full disk, the previous copy stays."""
    _replace(database.with_name(_LAYOUT), layout)


def keep_damaged_layout(database: Path, layout: str) -> Path | None:
    """Write a layout that cannot be read beside its copy; returns the file, None on a full disk."""
    number = 1
    while (path := database.with_name(f"{_LAYOUT}.damaged-{number}")).exists():
        number += 1
    try:
        replace_file(path, layout.encode(errors="surrogateescape"))
    except OSError:
        return None
    return path


def layout(database: Path) -> str | None:
    """Read the copy of the window's layout; None if there is none."""
    try:
        return _read(database.with_name(_LAYOUT))
    except (OSError, ValueError):
        return None


def _directory(database: Path) -> Path:
    return database.parent / "sessions"


def _replace(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        replace_file(path, text.encode())


def _read(path: Path) -> str:
    """Read a copy.

    Raises:
        OSError: it cannot be read, or is no file that we can have written.
        ValueError: it is no UTF-8.
    """
    # Without O_NONBLOCK, the opening of a FIFO would wait for its other end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_size > _MAX_BYTES:
            raise OSError(f"{path} is no regular file of this user")
        return file.read().decode()


def note_end(path: Path, end: Outcome) -> None:
    """Keep an end that is not in the store yet, for the next reader of the session's row.

    Raises:
        OSError: the disk does not take even this.
    """
    path.unlink(missing_ok=True)
    path.symlink_to(msgspec.json.encode(end).decode())


def noted_end(path: Path) -> Outcome | None:
    """The end that ``note_end`` kept, None if there is none."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(str(path.readlink()), type=Outcome)
    return None
