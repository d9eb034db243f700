"""Writes a session's journal: appends records, starts segments, keeps to the size limit."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from session_host.errors import StoreError
from session_host.protocol.values import CellSize

from .folder import LOG, SNAPSHOT, Folder, read_whole, write_whole
from .segments import (
    HEAD_BYTES,
    OUTPUT,
    UNKNOWN_SIZE,
    VERSION,
    Entry,
    Head,
    Output,
    Resize,
    Snapshot,
    decode_frames,
    decode_head,
    decode_snapshot,
    encode_entry,
    encode_head,
    encode_snapshot,
    entry_of,
)

SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""A segment of this size is followed by another, even without ``begin_segment``."""

_MIN_SEGMENTS: Final = 4
"""Minimum number of segments within the limit, so that dropping one drops only a part."""

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Journal:
    """Writes one session's journal. Blocking; used from one thread at a time.

    Attributes:
        end: the offset after the last byte recorded, 0 when there is none.
        resizes: the number of the last resize recorded, 0 when there is none.
    """

    def __init__(self, folder: Folder, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._segment_limit_bytes = min(SEGMENT_BYTES, limit_bytes // _MIN_SEGMENTS)
        self._sizes: dict[int, int] = {}
        """Segment → bytes on disk, its snapshot included; oldest first."""
        self._packed: set[int] = set()
        """The segments that were compressed, or need not be."""
        self._descriptor = -1
        self._length = 0
        """The length of the present segment, in undamaged bytes."""
        self._torn = False
        """Whether a failed write left bytes at the end that could not be cut off."""
        self._head: Head | None = None
        """The head of the present segment."""
        self._time_ns = 0
        self._resize: Resize | None = None
        """The size in force at the end, as far as it is known."""
        self._unwritten_resize: Resize | None = None
        """A resize that could not be written; the output after the gap has its size."""
        self.end = 0
        self.resizes = 0

    @classmethod
    def open(cls, directory: Path, limit_bytes: int = 64 * 1024 * 1024) -> Journal:
        """Open the journal in a directory, or begin one; cut off a torn end that a crash left.

        Raises:
            StoreError: it cannot be written or trusted, or a newer Outlive wrote it.
        """
        journal = cls(Folder.make(directory), limit_bytes)
        try:
            journal._find_end()
        except OSError as error:
            journal.close()
            raise journal._store_error(error) from error
        except StoreError:
            journal.close()
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size_bytes(self) -> int:
        """The journal's size on disk, with all segments and snapshots."""
        return sum(self._sizes.values())

    @property
    def segment_bytes(self) -> int:
        """The length of the segment that is written to: how far back its snapshot lies."""
        return self._length

    @property
    def is_removed(self) -> bool:
        """Whether the directory, or the segment that is written to, was removed: nothing of it can be read again."""
        return self._folder.is_removed or (self._descriptor >= 0 and not os.fstat(self._descriptor).st_nlink)

    @property
    def last_resize(self) -> Resize | None:
        """The resize that set the present grid size; None if it is unknown."""
        return self._resize

    # ------------------------------------------------------------ writing

    def append(self, entries: Sequence[Entry]) -> None:
        """Append entries, in one write.

        Output before ``end`` and resizes up to ``resizes`` are left out, so that entries may be passed again. An offset
        beyond ``end`` leaves a gap, which readers see.

        Raises:
            StoreError: it cannot be written. The journal is unchanged; the next call tries to write again.
        """
        unrecorded = self._unrecorded(entries)
        if not unrecorded:
            return
        pieces: list[bytes | memoryview] = []
        for entry in unrecorded:
            pieces.extend(encode_entry(entry))
        try:
            self._write(pieces, unrecorded[0])
        except OSError as error:
            self._unwritten_resize = _last_resize(unrecorded) or self._unwritten_resize
            self._note_cut(is_cut=True)
            raise self._store_error(error) from error
        self._unwritten_resize = None
        self._note_cut(is_cut=False)
        for entry in unrecorded:
            self._advance(entry)

    def begin_segment(self, snapshot: Snapshot) -> None:
        """Continue in a new segment, which begins with a snapshot; the oldest segments make room for it.

        The snapshot should be of the offset ``end``. A later one leaves a gap. An earlier one is enough as long as
        the previous segment is kept.

        Raises:
            StoreError: it cannot be written. The journal is as it was before, except for segments that made room.
        """
        resize = self._resize
        if resize is None or snapshot.resizes >= self.resizes:
            cell = CellSize() if resize is None else resize.cell
            resize = Resize(self._time_ns, self.end, snapshot.resizes, snapshot.size, cell)
        pieces = encode_snapshot(snapshot)
        if sum(map(len, pieces)) > self._limit_bytes // 2:
            pieces = []  # The space is for the output; a terminal can be rebuilt from that.
        try:
            self._begin(max(self.end, snapshot.offset), resize, pieces)
        except OSError as error:
            raise self._store_error(error) from error
        self._unwritten_resize = (
            None
            if self._unwritten_resize is None or self._unwritten_resize.number <= snapshot.resizes
            else self._unwritten_resize
        )

    def close(self) -> None:
        """Sync the journal to the disk and close it; may be called twice."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            # A caller could do nothing about a disk that fails now.
            with contextlib.suppress(OSError):
                os.fsync(descriptor)
            os.close(descriptor)
        self._folder.close()

    def _unrecorded(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries that are not recorded yet, with an unwritten resize at its offset."""
        unrecorded: list[Entry] = []
        end, resizes = self.end, self.resizes
        known = self._resize is not None
        for entry in self._with_unwritten_resize(entries):
            if isinstance(entry, Resize):
                if entry.number > resizes or not known:
                    unrecorded.append(entry)
                    resizes, known = max(resizes, entry.number), True
            elif entry.data and entry.offset + len(entry.data) > end:
                if entry.offset < end:
                    entry = Output(entry.time_ns, end, entry.data[end - entry.offset :])  # noqa: PLW2901
                unrecorded.append(entry)
                end = entry.offset + len(entry.data)
        return [] if unrecorded == [self._unwritten_resize] else unrecorded

    def _with_unwritten_resize(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        resize = self._unwritten_resize
        if resize is None or any(isinstance(entry, Resize) and entry.number == resize.number for entry in entries):
            return entries
        index = next((index for index, entry in enumerate(entries) if entry.offset >= resize.offset), len(entries))
        return [*entries[:index], resize, *entries[index:]]

    def _write(self, pieces: list[bytes | memoryview], first: Entry) -> None:
        if self._descriptor < 0 or self._length >= self._segment_limit_bytes:
            self._time_ns = self._time_ns or first.time_ns
            self._begin(self.end, self._resize, [])
        self._cut_failed_write()
        self._make_room(sum(map(len, pieces)))
        try:
            written = write_whole(self._descriptor, pieces, self._length)
        except OSError:
            self._torn = True
            with contextlib.suppress(OSError):
                self._cut_failed_write()
            raise
        self._length += written
        self._sizes[self._newest] += written

    def _note_cut(self, *, is_cut: bool) -> None:
        """Note in the present segment whether output after it could not be written."""
        if self._head is None or self._head.is_cut == is_cut or self._descriptor < 0:
            return
        self._head = self._head._replace(is_cut=is_cut)
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, encode_head(self._head), 0)

    def _cut_failed_write(self) -> None:
        """Cut off the bytes that a failed write left."""
        if self._torn:
            os.ftruncate(self._descriptor, self._length)
            self._torn = False

    def _begin(self, offset: int, resize: Resize | None, snapshot: Sequence[bytes]) -> None:
        """Make the next segment, with its snapshot before it: a reader never sees one without the other."""
        number = self._newest + 1
        wanted = sum(map(len, snapshot)) + HEAD_BYTES
        self._make_room(wanted)
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                self._cut_failed_write()
        if snapshot:
            self._folder.save(number, SNAPSHOT, snapshot)
        head = _head(self._time_ns, offset, resize)
        try:
            descriptor = self._folder.create_log(number, encode_head(head))
        except OSError:
            with contextlib.suppress(OSError):
                self._folder.remove(number, SNAPSHOT)
            raise
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._length, self._torn = descriptor, HEAD_BYTES, False
        self._head, self._sizes[number] = head, wanted
        self.end = max(self.end, offset)
        self._resize = resize
        self.resizes = self.resizes if resize is None else max(self.resizes, resize.number)
        self._make_room(0)

    def _make_room(self, wanted_bytes: int) -> None:
        """Compress, then drop, the oldest segments until there is room for this many bytes; never the newest."""
        for number in list(self._sizes)[:-1]:
            if self.size_bytes + wanted_bytes <= self._limit_bytes:
                return
            if number not in self._packed:
                self._packed.add(number)
                with contextlib.suppress(OSError):  # The disk is full: the segment stays as it is.
                    self._folder.pack(number)
                self._sizes[number] = self._folder.size(number, LOG) + self._folder.size(number, SNAPSHOT)
        excess_bytes = self.size_bytes + wanted_bytes - self._limit_bytes
        for number in list(self._sizes)[:-1]:
            if excess_bytes <= 0:
                return
            try:
                # A snapshot without its segment would look like the beginning of one.
                self._folder.remove(number, SNAPSHOT)
                self._folder.remove(number, LOG)
            except OSError:
                continue  # The file is not ours, or the write will report the error.
            excess_bytes -= self._sizes.pop(number)

    def _advance(self, entry: Entry) -> None:
        if isinstance(entry, Resize):
            self._resize = entry
            self.resizes = max(self.resizes, entry.number)
        else:
            self.end = entry.offset + len(entry.data)
        self._time_ns = entry.time_ns

    @property
    def _newest(self) -> int:
        return next(reversed(self._sizes), 0)

    # ------------------------------------------------------------ opening

    def _find_end(self) -> None:
        """Read the journal's end from the last undamaged segment, and continue in it."""
        folder = self._folder
        folder.remove_unfinished()
        numbers = sorted({*folder.numbers(LOG), *folder.numbers(SNAPSHOT)})
        self._sizes = {number: folder.size(number, LOG) + folder.size(number, SNAPSHOT) for number in numbers}
        while self._sizes and not self._continue(self._newest):
            # No reader could read anything in it.
            number, _ = self._sizes.popitem()
            folder.remove(number, SNAPSHOT)
            folder.remove(number, LOG)

    def _continue(self, number: int) -> bool:
        """Continue in a segment if it can be read, or begin it again from its snapshot."""
        try:
            descriptor = self._folder.open_log(number)
        except FileNotFoundError:
            return self._begin_from_snapshot(number)
        self._descriptor = descriptor
        segment = read_whole(descriptor)
        head = decode_head(segment)
        if head is None or head.is_packed:
            self._descriptor = -1
            os.close(descriptor)
            return self._begin_from_snapshot(number) if head is None else self._follow_packed(head, number)
        if head.is_newer:
            raise StoreError(f"{self._folder.path}: written by a newer Outlive; upgrade to continue recording")
        self._follow(head, segment)
        if self._length < len(segment):
            os.ftruncate(descriptor, self._length)
            self._sizes[number] -= len(segment) - self._length
        return True

    def _follow_packed(self, head: Head, number: int) -> bool:
        """Continue after a segment that was compressed: the next write begins another one."""
        self._follow(head, self._folder.load_log(number)[0])
        self._length = 0
        return True

    def _follow(self, head: Head, segment: bytes) -> None:
        self._take_over(head)
        self._length = HEAD_BYTES
        for record in decode_frames(segment):
            self._length = record.end
            if record.kind == OUTPUT:
                self.end, self._time_ns = record.offset + len(record.payload), record.time_ns
            elif entry := entry_of(record):
                self._advance(entry)

    def _begin_from_snapshot(self, number: int) -> bool:
        """A crash came between a snapshot and its segment, or a power cut took the segment's head."""
        try:
            snapshot = decode_snapshot(self._folder.load(number, SNAPSHOT))
        except FileNotFoundError:
            return False
        if snapshot is None:
            return False
        head = Head(VERSION, 0, snapshot.offset, snapshot.resizes, snapshot.size, CellSize())
        self._descriptor = self._folder.create_log(number, encode_head(head))
        self._take_over(head)
        self._length = HEAD_BYTES
        self._sizes[number] = HEAD_BYTES + self._folder.size(number, SNAPSHOT)
        return True

    def _take_over(self, head: Head) -> None:
        self._head = head
        self._time_ns, self.end, self.resizes = head.time_ns, head.offset, head.resizes
        if head.size != UNKNOWN_SIZE:
            self._resize = Resize(head.time_ns, head.offset, head.resizes, head.size, head.cell)

    # ------------------------------------------------------------ errors

    def _store_error(self, error: OSError) -> StoreError:
        """The error in the user's words."""
        path = self._folder.path
        if error.errno in _FULL:
            return StoreError(f"{path}: the disk is full, so recording has stopped; free some space")
        if error.errno == errno.EROFS:
            return StoreError(f"{path}: the disk is read-only, so recording has stopped")
        failed = f"{path}/{error.filename}" if isinstance(error.filename, str) else str(path)
        return StoreError(f"{failed}: cannot record ({error.strerror or error}); check the file and the disk")


def pack(directory: Path) -> None:
    """Compress the segments of a journal that nobody writes to any more, as far as the disk takes them.

    Raises:
        StoreError: the directory cannot be trusted.
    """
    folder = Folder.find(directory)
    if folder is None:
        return
    with folder:
        for number in folder.numbers(LOG):
            with contextlib.suppress(OSError):
                folder.pack(number)


def _head(time_ns: int, offset: int, resize: Resize | None) -> Head:
    if resize is None:
        return Head(VERSION, time_ns, offset, 0, UNKNOWN_SIZE, CellSize())
    return Head(VERSION, time_ns, offset, resize.number, resize.size, resize.cell)


def _last_resize(entries: Sequence[Entry]) -> Resize | None:
    return next((entry for entry in reversed(entries) if isinstance(entry, Resize)), None)
