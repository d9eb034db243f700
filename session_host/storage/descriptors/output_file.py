"""The session's output as a file; its length is the offset. Output path, 2 of 15."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from .session_descriptors import SessionDescriptors
from .splice import Splicer

_KEEP_SIZE_AND_PUNCH_HOLE = 0x01 | 0x02
"""fallocate(2): free the pages, keep the length."""

PAGE_BYTES = 4096
SHORT_READ_BYTES = 1024
"""A shorter read is taken as the last one, since one more system call would cost as much as the read."""


class MemoryFile:
    """A file in memory that grows at its end and is freed from its start.

    Attributes:
        start: the offset of the first byte that is still kept.
        end: the offset after the last byte.
        written_at_s: when a previous host wrote to it, in seconds since 1970; 0 for never.
    """

    def __init__(self, file: int) -> None:
        """Open the file at the position where a previous host left it."""
        self._file = file
        found = os.fstat(file)
        self.end = found.st_size
        self.written_at_s = found.st_mtime if self.end else 0.0
        self.start = _first_kept(file, self.end)

    def read(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` to ``end``, which must be kept."""
        return read_at(self._file, end - start, start)

    def pieces(self, start: int, end: int, most: int) -> Iterator[tuple[int, bytes]]:
        """Yield the bytes from ``start`` to ``end`` in pieces of at most ``most`` bytes, each with its offset."""
        for at in range(start, end, most):
            yield at, self.read(at, min(at + most, end))

    def free_before(self, offset: int) -> None:
        """Free the pages of all bytes before ``offset``."""
        self.start = max(self.start, min(offset, self.end))
        punch(self._file, 0, self.start)


class OutputFile(MemoryFile):
    """The output of a session's program, from a start that moves up to its end.

    Attributes:
        at_end: the PTY has reported that no process holds its other side.
        sources: the descriptors that are readable when there is output.
    """

    def __init__(self, descriptors: SessionDescriptors, splicer: Splicer, *, read_only: bool = False) -> None:
        """Open the file at the position where a previous host left it.

        Args:
            descriptors: the session's descriptors.
            splicer: moves the bytes.
            read_only: change nothing (for a rehearsal).
        """
        structured = descriptors.agent_output >= 0
        super().__init__(descriptors.agent_output if structured else descriptors.output_file)
        self._master, self._pipe_read, self._pipe_write = (
            descriptors.master,
            descriptors.pipe_read,
            descriptors.pipe_write,
        )
        self._splicer = splicer
        # The agent of a structured session writes into the pipe itself.
        self._takes_pipe = structured
        self.sources = (descriptors.master, descriptors.pipe_read) if structured else (descriptors.master,)
        self.at_end = False
        # Bytes that a previous host left in the pipe are older than those in the PTY.
        if splicer.in_kernel and not read_only:
            self.end += splicer.drain_pipe(descriptors.pipe_read, self._file, self.end, 1 << 20)

    def read_new(self, most: int) -> bytes:
        """Move new output from the PTY to the file and return it, up to about ``most`` bytes."""
        start = end = self.end
        while True:
            moved, self.at_end = self._splicer.splice_from_pty(
                self._master, self._pipe_read, self._pipe_write, self._file, end, SHORT_READ_BYTES
            )
            if self._takes_pipe:
                moved += self._splicer.drain_pipe(self._pipe_read, self._file, end + moved, most)
            self.end = end = end + moved
            if moved < SHORT_READ_BYTES or end - start >= most:
                return self.read(start, end) if end > start else b""

    def drop_new(self, most: int) -> None:
        """Read up to ``most`` bytes of new output from the PTY, and keep none of them."""
        try:
            self.at_end = not os.read(self._master, most)
        except BlockingIOError:
            self.at_end = False
        except OSError:  # EIO: no process holds the other side.
            self.at_end = True

    def append(self, data: bytes) -> bytes:
        """Append the host's own bytes; returns them, after the NULs that were appended if they would cross a page.

        A kill leaves all of ``data`` or nothing if it is not longer than a page, else any number of its pages: the
        kernel may interrupt a write only at the end of a page (``generic_perform_write``).
        """
        room = -self.end % PAGE_BYTES
        padding = bytes(room) if room < len(data) else b""
        for part in (padding, data):
            if part:
                write_at(self._file, part, self.end)
                self.end += len(part)
        return padding + data


class TranscriptLog(MemoryFile):
    """The transcript log of a structured session: records, appended whole."""

    def append(self, record: bytes) -> None:
        """Append a record; it survives this process from now on."""
        write_at(self._file, record, self.end)
        self.end += len(record)

    def cut(self, end: int) -> None:
        """Cut off a record at the end that a kill has torn."""
        os.ftruncate(self._file, end)
        self.end = end


def _first_kept(file: int, end: int) -> int:
    """The offset of the first byte on a page that was not freed."""
    try:
        return os.lseek(file, 0, os.SEEK_DATA)
    except OSError:  # ENXIO: all pages were freed, or the file is empty.
        return end // PAGE_BYTES * PAGE_BYTES


def read_at(file: int, length: int, offset: int) -> bytes:
    """The bytes at an offset, fewer at the file's end; pread(2) may read a part only: 2 GiB at most."""
    data = os.pread(file, length, offset)
    while len(data) < length and (more := os.pread(file, length - len(data), offset + len(data))):
        data += more
    return data


def write_at(file: int, data: bytes, offset: int) -> None:
    """Write all of ``data`` at an offset; pwrite(2) may write a part only."""
    done = 0
    while done < len(data):
        done += os.pwrite(file, data[done:] if done else data, offset + done)


def punch(file: int, start: int, end: int) -> None:
    """Free the whole pages between ``start`` and ``end``; they read as zeros from then on."""
    first = -(-start // PAGE_BYTES) * PAGE_BYTES
    length = end // PAGE_BYTES * PAGE_BYTES - first
    if length > 0:
        # If the kernel or file system cannot punch holes, the bytes stay; that only costs memory.
        _fallocate()(file, _KEEP_SIZE_AND_PUNCH_HOLE, first, length)


@cache
def _fallocate() -> Any:
    function = getattr(ctypes.CDLL(None), "fallocate", None)
    if function is None:
        return lambda *_: -1
    function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return function
