"""The journal: output and resizes of a session with their times, on disk.

It knows files and bytes. It must not know processes, sockets or the clock: the caller gives the time
of each record. Each session has one directory, which only its user can read. It has segments, ``00000001.log``,
``00000002.log``, …, and for each segment, if possible, a snapshot of the terminal at its beginning,
``00000001.snapshot``.

All numbers are little-endian. A segment is a head of 52 bytes, then records to its end::

    head       magic "OUTLIVEJ" · version u16 · columns, rows u16 · cell width, height u16 (pixels) · packed u8
               cut u8 · 4 bytes of 0 · time i64 (ns since 1970, UTC) · offset u64 · resizes u64 · crc u32
    record     crc u32 · payload's length u32 · kind u8 · 3 bytes of 0 · time i64 · offset u64 · payload
               output (kind 1)  the bytes
               resize (kind 2)  number u64 · columns, rows u16 · cell width, height u16
    snapshot   magic "OUTLIVES" · version u16 · packed u8 · 0 · crc u32
               offset u64 · resizes u64 · meta's length u32 · data's length u64
               meta: MessagePack of [engine build, [columns, rows], lines of history, title]
               data: the engine's own form

A segment that is no longer written to is compressed when the journal needs room, and when the chat has ended: its
records are a zlib stream then, and so is its snapshot's data (packed is 1).
A CRC is zlib's CRC-32: of the rest of the head; of everything after it in a record and in a snapshot. A head's columns
and rows are the size where the segment begins, 0 if that is not known. Offsets count the bytes of the session's output;
where one is greater than where the output before it ended, output was lost. Cut is 1 while output behind the segment
cannot be written, as on a full disk: the head has its place already, so that much can be. No later version may
change the head's length, or where it has its version and CRC. Readers skip records of an unknown kind.

A damaged record ends its segment, and reading continues with the next one. After a crash of
Outlive, only the last record of the last segment can be incomplete; it is cut off when writing continues.
"""

from .reader import (
    has_damaged_end,
    load_snapshot,
    read,
    restore,
    restore_transcript,
    size_bytes,
    snapshots,
    stored_from,
)
from .segments import Entry, Output, Resize, Snapshot
from .writer import SEGMENT_BYTES, Journal, pack

__all__ = [
    "SEGMENT_BYTES",
    "Entry",
    "Journal",
    "Output",
    "Resize",
    "Snapshot",
    "has_damaged_end",
    "load_snapshot",
    "pack",
    "read",
    "restore",
    "restore_transcript",
    "size_bytes",
    "snapshots",
    "stored_from",
]
