"""The end of a session that could not be saved in the store, because its host had to leave while the disk was full.

It is the target of a symbolic link: a short one is kept in the link's inode, so that it needs no free block.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from session_host.protocol.values import State


class UnsavedEnd(msgspec.Struct, frozen=True, array_like=True):
    """An end that is not in the store yet; its fields are those of ``SessionRecord``."""

    state: State
    exit_code: int | None
    exit_signal: int | None
    end_request: str
    ended_at: str
    is_interrupted: bool


def note_end(path: Path, end: UnsavedEnd) -> None:
    """Keep the end for the next reader of the session's record.

    Raises:
        OSError: the disk does not take even this.
    """
    path.unlink(missing_ok=True)
    path.symlink_to(msgspec.json.encode(end).decode())


def noted_end(path: Path) -> UnsavedEnd | None:
    """The end that ``note_end`` kept, None if there is none."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(str(path.readlink()), type=UnsavedEnd)
    return None
