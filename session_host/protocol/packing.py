"""Compressed snapshots of chats. They may come from another machine, which may lie about anything."""

from __future__ import annotations

import zlib
from typing import Final

from session_host.errors import OutliveError

MAX_SNAPSHOT_BYTES: Final = 512 * 1024 * 1024
"""The longest snapshot that is read from another machine, and sent to one."""

MAX_OWN_BYTES: Final = 4 * 1024 * 1024 * 1024
"""The longest snapshot of this machine: msgpack has no longer bytes."""

MAX_FAR_LINES: Final = 25_000
"""The longest history of another machine's terminal that is kept here: a line takes up to 8 KB."""


def unpacked(data: bytes | bytearray, *, is_own: bool = False) -> bytes:
    """A snapshot as it was before it was compressed; ``is_own``: it is of this machine, and may be longer.

    Raises:
        OutliveError: it is damaged, or too long.
    """
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(data, MAX_OWN_BYTES if is_own else MAX_SNAPSHOT_BYTES)
    except zlib.error as error:
        raise OutliveError("the snapshot is damaged") from error
    if not unpacking.eof:
        raise OutliveError("the snapshot is damaged, or too long")
    return found
