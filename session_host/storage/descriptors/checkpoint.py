"""Checkpoints: the engine's state and the input log's state at one offset, in a file in memory.

Writing one has three steps: append it, point the input log's header to it, free the previous one's pages. So there is
always a complete checkpoint.
"""

from __future__ import annotations

import os
import zlib

import msgspec

from session_host.protocol.values import CellSize, GridSize

from .input_log import CheckpointLocation, LogHeader
from .log_state import LogState
from .output_file import PAGE_BYTES, punch, read_at, write_at


class Checkpoint(msgspec.Struct, array_like=True):
    """The state of a session at one offset of the output.

    Attributes:
        offset, resizes: how much output, and how many resizes, the engine had processed.
        form: the engine's build if ``data`` is its own snapshot, "vt" if any engine can read it.
        log_state: the state from the input log; the last entries may be applied to it a second time.
    """

    offset: int
    resizes: int
    form: str
    size: GridSize
    cell: CellSize
    scrollback_lines: int
    title: str
    data: bytes
    log_state: LogState


def write(file: int, checkpoint: Checkpoint, first_entry: int) -> CheckpointLocation:
    """Append a checkpoint; it counts once the input log points to it. May take milliseconds."""
    # As msgpack, with the data unchanged: an encoder would copy a long chat several times.
    encode, at = msgspec.msgpack.encode, checkpoint
    before = b"".join(map(encode, (at.offset, at.resizes, at.form, at.size, at.cell, at.scrollback_lines, at.title)))
    head = b"\xdd" + len(Checkpoint.__struct_fields__).to_bytes(4, "big") + before
    head += b"\xc6" + len(at.data).to_bytes(4, "big")
    offset = -(-os.fstat(file).st_size // PAGE_BYTES) * PAGE_BYTES
    length = crc = 0
    for piece in (head, at.data, encode(at.log_state)):
        write_at(file, piece, offset + length)
        length += len(piece)
        crc = zlib.crc32(piece, crc)
    return CheckpointLocation(offset, length, crc, first_entry)


def commit(file: int, at: CheckpointLocation, header: LogHeader) -> None:
    """Point the input log's header to this checkpoint, and free the previous one."""
    header.checkpoint = at
    punch(file, 0, at.offset)


def read(file: int, header: LogHeader) -> Checkpoint | None:
    """Read the newest checkpoint; None if there is none, or it cannot be read."""
    at = header.checkpoint
    if at is None:
        return None
    data = read_at(file, at.length, at.offset)
    if len(data) != at.length or zlib.crc32(data) != at.crc:
        return None
    try:
        return msgspec.msgpack.decode(data, type=Checkpoint)
    except msgspec.DecodeError:
        return None
