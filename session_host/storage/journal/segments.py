"""The format of segments and snapshots: bytes to values and back. Pure.

Reading trusts nothing: lengths are bounded by the file's size, and no content raises an error.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import compress, compressobj, crc32, decompressobj

import msgspec

from session_host.protocol.values import MAX_COLUMNS, MAX_ROWS, CellSize, GridSize

VERSION: Final = 1

MAX_PAYLOAD_BYTES: Final = 8 * 1024 * 1024
"""Longer output is split into several records."""

_SEGMENT_MAGIC: Final = b"OUTLIVEJ"
_SNAPSHOT_MAGIC: Final = b"OUTLIVES"
_HEAD: Final = struct.Struct("<8sHHHHHBB4xqQQ")
_CRC: Final = struct.Struct("<I")
HEAD_BYTES: Final = _HEAD.size + _CRC.size

# A record's CRC is before the bytes that it covers.
_RECORD: Final = struct.Struct("<IIB3xqQ")
_COVERED: Final = struct.Struct("<IB3xqQ")
RECORD_BYTES: Final = _RECORD.size
_RESIZE: Final = struct.Struct("<QHHHH")

_SNAPSHOT: Final = struct.Struct("<8sHBxIQQIQ")
_SNAPSHOT_COVERED: Final = 16
"""The CRC covers the bytes from this offset on: all behind the CRC itself."""
SNAPSHOT_HEAD_BYTES: Final = _SNAPSHOT.size
_MAX_META_BYTES: Final = 64 * 1024

PACKING_LEVEL: Final = 1
"""zlib's quickest: a spinner's redraws take a thirtieth, a coloured log a third. Level 6 takes four times as long for a
quarter less, and is worse for redraws.
"""

MAX_SNAPSHOT_BYTES: Final = 512 * 1024 * 1024

PACKED_AT_ONCE: Final = 1024 * 1024
UNPACKED_AT_ONCE: Final = 4096
"""Bytes that are compressed, or decompressed, in one step."""

OUTPUT: Final = 1
RESIZE: Final = 2

UNKNOWN_SIZE: Final = GridSize(0, 0)


class Output(NamedTuple):
    """A piece of the program's output."""

    time_ns: int
    """Wall clock, since 1970 in UTC; it may jump."""
    offset: int
    """The offset of the first byte in the session's output."""
    data: bytes


class Resize(NamedTuple):
    """A change of the terminal's size."""

    time_ns: int
    offset: int
    """The offset in the output."""
    number: int
    """The number of this resize, counted from 1."""
    size: GridSize
    cell: CellSize


Entry = Output | Resize


class Snapshot(NamedTuple):
    """A terminal's whole state at one offset."""

    offset: int
    resizes: int
    """The number of the last resize that it has seen."""
    build: str
    """``terminal.engine_build`` of the engine that took it, and alone can read it."""
    size: GridSize
    scrollback_lines: int
    """How many lines of history the terminal keeps."""
    title: str
    data: bytes


class Head(NamedTuple):
    """The head of a segment: the terminal's size and the time at its beginning."""

    version: int
    time_ns: int
    offset: int
    resizes: int
    size: GridSize
    """UNKNOWN_SIZE if it was unknown."""
    cell: CellSize
    is_packed: bool = False
    """Whether a zlib stream of the records follows, as in a segment that is no longer written to."""
    is_cut: bool = False
    """Whether output after the segment's end could not be written."""

    @property
    def is_newer(self) -> bool:
        """Whether a later version of Outlive wrote it; then nothing but the version is known."""
        return self.version > VERSION


class Frame(NamedTuple):
    """One record of a segment, its payload unread."""

    kind: int
    time_ns: int
    offset: int
    payload: memoryview
    end: int
    """The offset of the next record, from the segment's beginning."""


# ------------------------------------------------------------------------------------ segments


def encode_head(head: Head) -> bytes:
    """The head of a segment."""
    size, cell = head.size, head.cell
    packed = _HEAD.pack(
        _SEGMENT_MAGIC,
        head.version,
        size.columns,
        size.rows,
        *_cell(cell),
        head.is_packed,
        head.is_cut,
        head.time_ns,
        head.offset,
        head.resizes,
    )
    return packed + _CRC.pack(crc32(packed))


def decode_head(data: bytes | memoryview) -> Head | None:
    """The head that a segment begins with; None if it is damaged."""
    if len(data) < HEAD_BYTES:
        return None
    magic, version, columns, rows, width, height, packed, cut, time_ns, offset, resizes = _HEAD.unpack_from(data)
    if magic != _SEGMENT_MAGIC or _CRC.unpack_from(data, _HEAD.size)[0] != crc32(memoryview(data)[: _HEAD.size]):
        return None
    size = GridSize(columns, rows)
    if version <= VERSION and size != UNKNOWN_SIZE and not _is_possible(size):
        return None
    return Head(version, time_ns, offset, resizes, size, CellSize(width, height), bool(packed), bool(cut))


def packed(head: Head, segment: bytes) -> Iterator[bytes]:
    """A segment with its records, up to the first that is torn or damaged, compressed: in pieces."""
    end = HEAD_BYTES
    for record in decode_frames(segment):
        end = record.end
    stream, view = compressobj(PACKING_LEVEL), memoryview(segment)
    yield encode_head(head._replace(is_packed=True))
    for first in range(HEAD_BYTES, end, PACKED_AT_ONCE):
        yield stream.compress(view[first : min(first + PACKED_AT_ONCE, end)])
    yield stream.flush()


def unpacked(segment: bytes, max_bytes: int) -> tuple[bytes, bool]:
    """A segment with its records as they were written, up to ``max_bytes`` or to where the packed ones are damaged.

    Returns:
        The segment, and whether it is whole.
    """
    head = decode_head(segment)
    if head is None or head.is_newer or not head.is_packed:
        return segment, True
    stream, view = decompressobj(), memoryview(segment)
    pieces, left_bytes = [encode_head(head._replace(is_packed=False))], max_bytes
    try:
        # By pieces: a damaged one does not take the records before it.
        for first in range(HEAD_BYTES, len(segment), UNPACKED_AT_ONCE):
            pieces.append(stream.decompress(view[first : first + UNPACKED_AT_ONCE], left_bytes))
            left_bytes -= len(pieces[-1])
            if left_bytes <= 0 or stream.eof:
                break
    except zlib.error:
        pass
    return b"".join(pieces), stream.eof


def encode_entry(entry: Entry) -> list[bytes | memoryview]:
    """The records of an entry, in pieces to be written one after another; the bytes of output are not copied."""
    if isinstance(entry, Resize):
        payload = _RESIZE.pack(entry.number, entry.size.columns, entry.size.rows, *_cell(entry.cell))
        return _record(RESIZE, entry.time_ns, entry.offset, payload)
    if len(entry.data) <= MAX_PAYLOAD_BYTES:
        return _record(OUTPUT, entry.time_ns, entry.offset, entry.data)
    pieces: list[bytes | memoryview] = []
    view = memoryview(entry.data)
    for first in range(0, len(view), MAX_PAYLOAD_BYTES):
        part = view[first : first + MAX_PAYLOAD_BYTES]
        pieces.extend(_record(OUTPUT, entry.time_ns, entry.offset + first, part))
    return pieces


def _record(kind: int, time_ns: int, offset: int, payload: bytes | memoryview) -> list[bytes | memoryview]:
    crc = crc32(payload, crc32(_COVERED.pack(len(payload), kind, time_ns, offset)))
    return [_RECORD.pack(crc, len(payload), kind, time_ns, offset), payload]


def decode_frames(segment: bytes | memoryview) -> Iterator[Frame]:
    """The records of a segment, head included, up to its end or the first that is torn or damaged."""
    view = memoryview(segment)
    total = len(view)
    position = HEAD_BYTES
    while position + RECORD_BYTES <= total:
        crc, length, kind, time_ns, offset = _RECORD.unpack_from(view, position)
        end = position + RECORD_BYTES + length
        if length > MAX_PAYLOAD_BYTES or end > total or crc != crc32(view[position + _CRC.size : end]):
            return
        yield Frame(kind, time_ns, offset, view[position + RECORD_BYTES : end], end)
        position = end


def is_torn(segment: bytes | memoryview, *, may_grow: bool) -> bool:
    """Whether a segment has bytes behind its last undamaged record.

    Args:
        segment: the segment, head included.
        may_grow: the rest may be the beginning of a record that is being written.
    """
    view = memoryview(segment)
    end = HEAD_BYTES
    for record in decode_frames(view):
        end = record.end
    rest = len(view) - end
    if not may_grow or rest < RECORD_BYTES:
        return rest > 0 and not may_grow
    length: int = _RECORD.unpack_from(view, end)[1]
    return length > MAX_PAYLOAD_BYTES or RECORD_BYTES + length <= rest


def entry_of(record: Frame) -> Entry | None:
    """Decode a record; None for an unknown kind, or a size that no terminal has."""
    if record.kind == OUTPUT:
        return Output(record.time_ns, record.offset, bytes(record.payload))
    if record.kind == RESIZE and len(record.payload) >= _RESIZE.size:
        number, columns, rows, width, height = _RESIZE.unpack_from(record.payload)
        size = GridSize(columns, rows)
        if _is_possible(size):
            return Resize(record.time_ns, record.offset, number, size, CellSize(width, height))
    return None


def _is_possible(size: GridSize) -> bool:
    return 1 <= size.columns <= MAX_COLUMNS and 1 <= size.rows <= MAX_ROWS


def _cell(cell: CellSize) -> tuple[int, int]:
    return min(max(cell.width_px, 0), 0xFFFF), min(max(cell.height_px, 0), 0xFFFF)


# ----------------------------------------------------------------------------------- snapshots


class _Meta(msgspec.Struct, frozen=True, array_like=True):
    build: str
    size: GridSize
    scrollback_lines: int
    title: str


_meta_encoder = msgspec.msgpack.Encoder()
_meta_decoder = msgspec.msgpack.Decoder(_Meta)


def encode_snapshot(snapshot: Snapshot, *, is_packed: bool = False) -> list[bytes]:
    """The file of a snapshot, in pieces to be written one after another; ``is_packed`` compresses its data."""
    data = compress(snapshot.data, PACKING_LEVEL) if is_packed else snapshot.data
    title = snapshot.title.encode("utf-8", "replace").decode()[:4096]
    meta = _meta_encoder.encode(_Meta(snapshot.build, snapshot.size, snapshot.scrollback_lines, title))
    fields = (snapshot.offset, snapshot.resizes, len(meta), len(data))
    covered = _SNAPSHOT.pack(_SNAPSHOT_MAGIC, VERSION, 0, 0, *fields)[_SNAPSHOT_COVERED:]
    crc = crc32(data, crc32(meta, crc32(covered)))
    return [_SNAPSHOT.pack(_SNAPSHOT_MAGIC, VERSION, is_packed, crc, *fields), meta, data]


def snapshot_offset(data: bytes | memoryview) -> int | None:
    """The offset in the beginning of a snapshot's file, unchecked; None if that is no such file."""
    if len(data) < SNAPSHOT_HEAD_BYTES:
        return None
    magic, version, _packed, _crc, offset, *_rest = _SNAPSHOT.unpack_from(data)
    return offset if magic == _SNAPSHOT_MAGIC and version == VERSION else None


def decode_snapshot(data: bytes | memoryview) -> Snapshot | None:
    """The snapshot in a file; None if it is damaged, or a later version of Outlive wrote it."""
    if snapshot_offset(data) is None:
        return None
    view = memoryview(data)
    _magic, _version, is_packed, crc, offset, resizes, meta_length, length = _SNAPSHOT.unpack_from(view)
    meta_end = SNAPSHOT_HEAD_BYTES + meta_length
    if meta_length > _MAX_META_BYTES or meta_end + length != len(view) or crc != crc32(view[_SNAPSHOT_COVERED:]):
        return None
    try:
        meta = _meta_decoder.decode(view[SNAPSHOT_HEAD_BYTES:meta_end])
    except msgspec.MsgspecError:
        return None
    if not _is_possible(meta.size):
        return None
    content = bytes(view[meta_end:])
    if is_packed:
        stream = decompressobj()
        try:
            content = stream.decompress(content, MAX_SNAPSHOT_BYTES)
        except zlib.error:
            return None
        if not stream.eof:
            return None
    return Snapshot(offset, resizes, meta.build, meta.size, meta.scrollback_lines, meta.title, content)
