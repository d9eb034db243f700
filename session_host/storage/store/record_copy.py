"""A copy of a session's row, in a file in the session's directory.

If the database is lost, ended chats are listed again from these files. A copy is as private as the database, and goes
with the directory when the chat is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from session_host.storage.store.session_record import SessionRecord
from session_host.storage.store.session_row import from_values

_NAME = "record.json"
_MAX_BYTES = 16 * 1024 * 1024


def save_copy(database: Path, record: SessionRecord) -> None:
    """Replace the copy, if the session has a directory; on a full disk, the previous copy stays."""
    path = _path(database, record.id)
    unfinished = path.with_suffix(".new")
    # Of JSON's encoders, only this one takes the lone surrogates of an argument that is no UTF-8.
    data = json.dumps(msgspec.to_builtins(record)).encode()
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()


def remove_copy(database: Path, session_id: str) -> None:
    """Remove the copy, if there is one."""
    with contextlib.suppress(OSError):
        _path(database, session_id).unlink()


def copies(database: Path) -> Iterator[SessionRecord]:
    """Read all copies; damaged ones are left out."""
    for path in _directory(database).glob(f"*/{_NAME}"):
        record = _read(path)
        if record is not None and record.id == path.parent.name:
            yield record


def copied_ids(database: Path) -> set[str]:
    """The ids of the sessions that have a copy."""
    return {path.parent.name for path in _directory(database).glob(f"*/{_NAME}")}


def _directory(database: Path) -> Path:
    return database.parent / "sessions"


def _path(database: Path, session_id: str) -> Path:
    return _directory(database) / session_id / _NAME


def _read(path: Path) -> SessionRecord | None:
    try:
        # Without O_NONBLOCK, the opening of a FIFO would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_size > _MAX_BYTES:
                return None
            values = json.loads(file.read())
            return from_values(values) if isinstance(values, dict) else None
    except (OSError, ValueError, RecursionError):
        return None
