"""Reads a journal, also while it is written, and restores what it shows; damaged parts are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from session_host.errors import OutliveError
from session_host.protocol.values import GridSize

from .folder import LOG, SNAPSHOT, Folder, listed_sizes
from .segments import (
    HEAD_BYTES,
    SNAPSHOT_HEAD_BYTES,
    UNKNOWN_SIZE,
    Entry,
    Head,
    Output,
    Resize,
    Snapshot,
    decode_frames,
    decode_head,
    decode_snapshot,
    entry_of,
    is_torn,
    snapshot_offset,
)

if TYPE_CHECKING:
    from session_host.structured.transcript import Transcript
    from session_host.terminal.base import Emulator, EngineName


class _Segment(NamedTuple):
    number: int
    head: Head


def read(directory: Path, start: int = 0) -> Iterator[Entry]:
    """Yield the entries that reach beyond an offset, in order; first the resize that set the size at that offset.

    The first output and the first resize may begin before ``start``. If an offset is greater than the end of the output
    before it, output was lost in between. Damaged parts are skipped up to the next undamaged segment. Entries that are
    appended during the reading may be missing.

    Raises:
        StoreError: the directory cannot be opened or trusted. A missing journal counts as empty.
    """
    folder = Folder.find(directory)
    if folder is None:
        return
    with folder:
        yield from _in_order(_all_entries(folder, start), start)


def _all_entries(folder: Folder, start: int) -> Iterator[Entry]:
    """Yield all entries, from the last segment that begins at ``start`` or before; each segment's size comes first."""
    segments = _segments(folder)
    first = max((index for index, segment in enumerate(segments) if segment.head.offset <= start), default=0)
    for segment in segments[first:]:
        head = segment.head
        if head.size != UNKNOWN_SIZE:
            yield Resize(head.time_ns, head.offset, head.resizes, head.size, head.cell)
        try:
            data, _ = folder.load_log(segment.number)
        except OSError:
            continue  # Dropped since it was listed, or unreadable.
        for record in decode_frames(data):
            if entry := entry_of(record):
                yield entry


def _in_order(entries: Iterator[Entry], start: int) -> Iterator[Entry]:
    """Leave out repeated entries, and those before ``start``."""
    reached = start
    number = -1
    waiting: Resize | None = None
    for entry in entries:
        if isinstance(entry, Resize):
            if entry.number > number:
                number, waiting = entry.number, entry
                if entry.offset >= start and entry.time_ns:
                    yield entry
                    waiting = None
        elif entry.offset + len(entry.data) > reached:
            if waiting is not None:
                # The time was unknown when the segment was begun.
                yield waiting._replace(time_ns=waiting.time_ns or entry.time_ns)
                waiting = None
            reached = entry.offset + len(entry.data)
            yield entry


def _segments(folder: Folder) -> list[_Segment]:
    """Yield the readable segments, oldest first."""
    segments = []
    for number in _numbers(folder, LOG):
        head = decode_head(_beginning(folder, number, LOG, HEAD_BYTES))
        if head is not None and not head.is_newer:
            segments.append(_Segment(number, head))
    return segments


def snapshots(directory: Path) -> list[int]:
    """The offsets of the existing snapshots, ascending; unchecked.

    Raises:
        StoreError: the directory cannot be opened or trusted.
    """
    folder = Folder.find(directory)
    if folder is None:
        return []
    with folder:
        return sorted(offset for _, offset in _snapshot_offsets(folder))


def load_snapshot(directory: Path, offset: int) -> Snapshot | None:
    """Read the newest snapshot of an offset; None if there is none, or it is damaged.

    Raises:
        StoreError: the directory cannot be opened or trusted.
    """
    folder = Folder.find(directory)
    if folder is None:
        return None
    with folder:
        for number, its_offset in reversed(_snapshot_offsets(folder)):
            if its_offset == offset:
                try:
                    return decode_snapshot(folder.load(number, SNAPSHOT))
                except OSError:
                    return None
    return None


def stored_from(directory: Path) -> int | None:
    """The offset at which the oldest segment begins; None if there is no segment, or its head is damaged.

    Raises:
        StoreError: the directory cannot be opened or trusted.
    """
    folder = Folder.find(directory)
    if folder is None:
        return None
    with folder:
        oldest = next(iter(_numbers(folder, LOG)), 0)
        head = decode_head(_beginning(folder, oldest, LOG, HEAD_BYTES))
    return head.offset if head is not None and not head.is_newer else None


def has_damaged_end(directory: Path, *, is_written: bool) -> bool:
    """Whether the newest segment ends with bytes that cannot be read, or before output that could not be written.

    Args:
        directory: the journal's directory.
        is_written: a host appends to it now, so that its last record may be incomplete.

    Raises:
        StoreError: the directory cannot be opened or trusted.
    """
    folder = Folder.find(directory)
    if folder is None:
        return False
    with folder:
        newest = next(reversed(_numbers(folder, LOG)), 0)
        try:
            data, is_whole = folder.load_log(newest)
        except OSError:
            return newest > 0
    head = decode_head(data)
    return head is None or head.is_cut or not is_whole or is_torn(data, may_grow=is_written)


def size_bytes(directory: Path) -> int:
    """The bytes that a journal takes on disk, 0 if there is none."""
    return sum(listed_sizes(directory))


def _snapshot_offsets(folder: Folder) -> list[tuple[int, int]]:
    """(number, offset) of each snapshot, oldest first."""
    found = []
    for number in _numbers(folder, SNAPSHOT):
        offset = snapshot_offset(_beginning(folder, number, SNAPSHOT, SNAPSHOT_HEAD_BYTES))
        if offset is not None:
            found.append((number, offset))
    return found


def _numbers(folder: Folder, kind: str) -> list[int]:
    try:
        return folder.numbers(kind)
    except OSError:
        return []


def _beginning(folder: Folder, number: int, kind: str, length: int) -> bytes:
    try:
        return folder.load(number, kind, length)
    except OSError:
        return b""


_FEED_BYTES = 1024 * 1024
_MARK = b"]133;"
_CANCEL = b"\x18"
"""CAN ends an incomplete sequence, after lost output."""

_USUAL_SIZE = GridSize(80, 24)


def restore(directory: Path, engine: EngineName | None) -> Emulator | None:
    """Restore the terminal at the journal's end, from the last readable snapshot, else from all readable output.

    Args:
        directory: the journal's directory.
        engine: the engine to restore it with; None for the best there is.

    Returns:
        The emulator, to be closed by the caller; None if nothing is recorded.

    Raises:
        StoreError: the directory cannot be opened or trusted.
        UsageError: there is no such engine.
    """
    from session_host import terminal
    from session_host.protocol.launch import DEFAULT_SCROLLBACK_LINES

    engine = engine or terminal.default_engine()
    build = terminal.engine_build(engine)
    scrollback_lines = DEFAULT_SCROLLBACK_LINES
    for offset in reversed(snapshots(directory)):
        snapshot = load_snapshot(directory, offset)
        if snapshot is None:
            continue
        scrollback_lines = snapshot.scrollback_lines
        if snapshot.build != build:
            continue
        try:
            emulator = terminal.restore(engine, snapshot.data)
        except OutliveError:
            continue
        return _fed(emulator, directory, offset, snapshot.resizes)
    first = next(read(directory), None)
    if first is None:
        return None
    size = first.size if isinstance(first, Resize) else _USUAL_SIZE
    return _fed(terminal.create(engine, size, scrollback_lines=scrollback_lines), directory, 0, -1)


def restore_transcript(directory: Path, on_damage: Callable[[], object] = lambda: None) -> Transcript | None:
    """Restore a structured chat's transcript at the journal's end, as ``restore`` does a terminal.

    Args:
        directory: the journal's directory.
        on_damage: called if the rest of the transcript cannot be read.

    Raises:
        StoreError: the directory cannot be opened or trusted.
    """
    from session_host.structured.transcript import BUILD, Transcript

    transcript, reached = Transcript(), 0
    for offset in reversed(snapshots(directory)):
        snapshot = load_snapshot(directory, offset)
        if snapshot is None or snapshot.build != BUILD:
            continue
        with suppress(OutliveError):
            transcript, reached = Transcript.restore(snapshot.data), offset
            break
    for entry in read(directory, reached):
        if isinstance(entry, Output):
            if entry.offset > reached:
                on_damage()
                break  # Output was lost, and with it the offset of the next record.
            transcript.feed(entry.data[reached - entry.offset :])
            reached = max(reached, entry.offset + len(entry.data))
    else:
        if has_damaged_end(directory, is_written=False):
            on_damage()
    return transcript if reached else None


def _fed(emulator: Emulator, directory: Path, offset: int, resizes: int) -> Emulator:
    """Feed the emulator what was recorded after an offset and a resize; replies are dropped."""
    commands = emulator.commands
    commands.start_numbers(1)
    commands.restore_from_record()
    try:
        for time_ns, step in _steps(directory, offset, resizes):
            commands.clock = partial(_time_of, time_ns)
            if isinstance(step, Resize):
                emulator.resize(step.size, step.cell)
            else:
                emulator.feed(step)
            emulator.take_replies()
            emulator.take_events()
    except BaseException:
        emulator.close()
        raise
    commands.clock = None
    commands.take_changes()
    return emulator


def _time_of(time_ns: int) -> tuple[int, int]:
    """The time of recorded output, as a ``Clock`` gives it."""
    return time_ns // 1_000_000, time_ns // 1_000_000


def _steps(directory: Path, offset: int, resizes: int) -> Iterator[tuple[int, bytes | Resize]]:
    """Yield the output in pieces large enough for one call each, and the resizes between them, with their times in ns.

    The time of a piece is that of its last entry; an entry with a shell's marks is a piece of its own.
    """
    parts: list[bytes] = []
    waiting_bytes = 0
    reached, time_ns, has_mark = offset, 0, False
    for entry in read(directory, offset):
        if isinstance(entry, Output):
            data = entry.data[max(0, reached - entry.offset) :]
            has_mark = _MARK in data
            if has_mark and parts:
                yield time_ns, b"".join(parts)
                parts.clear()
                waiting_bytes = 0
            if entry.offset > reached:
                parts.append(_CANCEL)
            parts.append(data)
            waiting_bytes += len(data)
            reached = entry.offset + len(entry.data)
        elif entry.number <= resizes:
            continue
        time_ns = entry.time_ns
        if isinstance(entry, Resize) or waiting_bytes >= _FEED_BYTES or has_mark:
            yield entry.time_ns, b"".join(parts)
            parts.clear()
            waiting_bytes = 0
        if isinstance(entry, Resize):
            yield entry.time_ns, entry
    yield time_ns, b"".join(parts)
