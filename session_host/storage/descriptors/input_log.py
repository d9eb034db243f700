"""Input log: everything accepted for the program, and how much of it was written to the PTY.

Key path, 15 of 16. Answer path, 14 of 15.

A file in memory. Its length shows what was accepted: an entry is complete, or it is cut off if a kill tore it during a
long write. Its *position* shows what the program has read: ``sendfile`` moves bytes into the PTY and the position past
them in one call, so a replacement host always knows.

The first page is the header. Its fields are overwritten in place, each by one store or one write::

    0    magic
    16   the newest checkpoint: its offset, length and crc, and the first entry that it does not include
    64   the child's PID, written by the child itself before its exec
    72   the child's exit: 1 << 32 | wait status (bit 32: it is known), written by the first process that sees it
    80   while the engine interprets output: the offset of that output, plus one; else 0
    88   1 once the end is recorded in the store: a replacement host must not record it again
    96   how many hosts in a row died while the engine interpreted the same output, and the offset of that output
    112  1 once the engine is suspected of killing its hosts: the next host uses the other engine
    120  the request that ends the program: 1 for stop, 2 for kill, 3 for idle, 4 for sleep
    128  when the child exited, in ms since 1970, written by the first process that sees it; 0 by version 0.1.0
    136  how many hosts died by themselves after the child's exit, before the end was recorded

and then come entries; see ``log_entries``.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from session_host.errors import OutliveError
from session_host.protocol.facts import SLEEP
from session_host.system.clock import as_text, now_ms

from .log_entries import FOR_PROGRAM, HEADER, HEADER_BYTES, NO_TAG, EntryKind, LogEntry, PendingEntry, PendingInput
from .output_file import PAGE_BYTES, punch
from .splice import Splicer

_MAGIC = b"outlive ledger 1"
_CHECKPOINT = struct.Struct("<QQIIQ")
_CHECKPOINT_AT = 16
_CHILD, _EXIT, _FEEDING, _RECORDED, _CRASHES, _CRASHED_AT, _SUSPECTED, _REQUESTED, _EXITED_AT, _FAILED_ENDS = range(
    8, 18
)
"""The positions of these fields in the header, in words of eight bytes."""

_END_REQUESTS = ("", "stop", "kill", "idle", SLEEP)
"""By their numbers in the file."""
_STRENGTH = ("", "idle", SLEEP, "stop", "kill")
"""A stronger request takes the place of a weaker one."""

_pack_header = HEADER.pack
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024


class CheckpointLocation(NamedTuple):
    """Where in the checkpoints' file the newest one is, and the first entry to apply on top of it."""

    offset: int
    length: int
    crc: int
    first_entry: int


class InputLogCorrupt(OutliveError):
    """The file is not an input log, or has another version."""


class LogHeader:
    """An input log's first page; the keeper and the host may each have it."""

    def __init__(self, file: int) -> None:
        """Map it.

        Raises:
            InputLogCorrupt: the file is not an input log.
        """
        if os.pread(file, len(_MAGIC), 0) != _MAGIC:
            raise InputLogCorrupt("the session's input log is of another version")
        self._file = file
        self._header = mmap.mmap(file, PAGE_BYTES)
        self._words = memoryview(self._header).cast("Q")

    def close(self) -> None:
        """Unmap it."""
        self._words.release()
        self._header.close()

    @property
    def child(self) -> int:
        """The child's PID, 0 before it is about to exec."""
        return self._words[_CHILD]

    @child.setter
    def child(self, pid: int) -> None:
        self._words[_CHILD] = pid

    def forget_child(self) -> None:
        """Clear the PID of a child that was killed before its exec."""
        self._words[_CHILD] = self._words[_EXIT] = self._words[_EXITED_AT] = 0

    @property
    def exit_status(self) -> int | None:
        """The child's wait status once it is known."""
        value = self._words[_EXIT]
        return value & 0xFFFFFFFF if value else None

    @exit_status.setter
    def exit_status(self, status: int) -> None:
        self.note_exit()
        self._words[_EXIT] = 1 << 32 | status

    @property
    def exited_at(self) -> str:
        """When the child exited, ISO 8601, UTC; "" while it is not known."""
        at_ms = self._words[_EXITED_AT]
        return as_text(at_ms / 1000) if at_ms else ""

    def note_exit(self) -> None:
        """Note that the child has exited by now; a later call changes nothing."""
        self._words[_EXITED_AT] = self._words[_EXITED_AT] or now_ms()

    @property
    def exit_saved(self) -> bool:
        """Whether the exit is saved in the store; after that, a missing row was removed on purpose."""
        return bool(self._words[_RECORDED])

    @exit_saved.setter
    def exit_saved(self, recorded: bool) -> None:
        self._words[_RECORDED] = int(recorded)

    @property
    def failed_ends(self) -> int:
        """How many hosts died by themselves after the child's exit, before they had recorded the end."""
        return self._words[_FAILED_ENDS]

    def count_failed_end(self) -> None:
        """After the death of a host that was not killed, count it if the end is still to be recorded."""
        if (self._words[_EXIT] or self._words[_EXITED_AT]) and not self._words[_RECORDED]:
            self._words[_FAILED_ENDS] += 1

    @property
    def end_request(self) -> str:
        """Why the child was ended, see ``facts.Outcome``; "" if nothing asked for it."""
        number = self._words[_REQUESTED]
        return _END_REQUESTS[number] if number < len(_END_REQUESTS) else ""

    def request_end(self, request: str) -> None:
        """Note a request, unless the child has ended already, or a stronger one is noted; see ``_STRENGTH``."""
        if not self._words[_EXIT] and _STRENGTH.index(request) > _STRENGTH.index(self.end_request):
            self._words[_REQUESTED] = _END_REQUESTS.index(request)

    @property
    def engine_suspected(self) -> bool:
        """Whether the engine is suspected of killing this session's hosts."""
        return bool(self._words[_SUSPECTED])

    @engine_suspected.setter
    def engine_suspected(self, suspected: bool) -> None:
        self._words[_SUSPECTED] = int(suspected)

    def engine_started(self, offset: int) -> None:
        """Note that the engine starts interpreting output at this offset."""
        self._words[_FEEDING] = offset + 1

    def engine_returned(self) -> None:
        """Note that the engine has returned."""
        self._words[_FEEDING] = 0

    def count_engine_crash(self) -> int:
        """After a host's death, count it if the engine was interpreting output.

        Returns:
            How many hosts in a row died at the same offset; 0 if the engine was not interpreting.
        """
        words = self._words
        at, words[_FEEDING] = words[_FEEDING], 0
        if at == 0:
            return 0
        words[_CRASHES] = words[_CRASHES] + 1 if words[_CRASHED_AT] == at else 1
        words[_CRASHED_AT] = at
        return words[_CRASHES]

    @property
    def checkpoint(self) -> CheckpointLocation | None:
        """The newest checkpoint, None before the first."""
        offset, length, crc, _, first_entry = _CHECKPOINT.unpack_from(self._header, _CHECKPOINT_AT)
        return CheckpointLocation(offset, length, crc, first_entry) if length else None

    @checkpoint.setter
    def checkpoint(self, at: CheckpointLocation) -> None:
        # One write within one page is not torn by a kill.
        os.pwrite(self._file, _CHECKPOINT.pack(at.offset, at.length, at.crc, 0, at.first_entry), _CHECKPOINT_AT)
        punch(self._file, PAGE_BYTES, at.first_entry)


class InputLog:
    """The input log of a session, as its one host sees it.

    Attributes:
        header: the first page, which is overwritten in place.
        end: the file's length.
        pending: the accepted input that the program has not read yet.
    """

    def __init__(self, file: int, master: int, splicer: Splicer) -> None:
        """Open the log; initialise an empty file.

        Raises:
            InputLogCorrupt: it holds something else.
        """
        self._file = file
        self._master = master
        self._splicer = splicer
        self.end = os.fstat(file).st_size
        if self.end == 0:
            os.pwrite(file, _MAGIC + bytes(PAGE_BYTES - len(_MAGIC)), 0)
            self.end = os.lseek(file, PAGE_BYTES, os.SEEK_SET)
        self.header = LogHeader(file)
        self._position = os.lseek(file, 0, os.SEEK_CUR)
        self.pending = PendingInput()

    def close(self) -> None:
        """Unmap the header."""
        self.header.close()

    # ------------------------------------------------------------ entries

    def append(self, kind: EntryKind, payload: bytes = b"", tag: bytes = NO_TAG, number: int = 0) -> None:
        """Append an entry; it survives this process from now on.

        Args:
            kind: the kind of the entry.
            payload: the bytes for the program, or the content that the kind defines.
            tag: 16 bytes, see ``EntryKind``.
            number: see ``EntryKind``.
        """
        start = self._write(_pack_header(len(payload), kind, tag, number) + payload)
        if kind in FOR_PROGRAM:
            self.pending.append(
                PendingEntry(start, len(payload), tag if kind == EntryKind.INPUT else NO_TAG, number), len(payload)
            )

    def _write(self, entry: bytes) -> int:
        """Write an entry at the end; returns the offset of its payload."""
        start, length = self.end, len(entry)
        done = os.pwrite(self._file, entry, start)
        while done < length:
            done += os.pwrite(self._file, entry[done:], start + done)
        self.end = start + length
        return start + HEADER_BYTES

    def read_entries(self, start: int, *, cut: bool) -> Iterator[LogEntry]:
        """Read the entries from ``start`` on; ``cut``: cut an incomplete entry, left by a kill, off the file's end."""
        length_of_file = os.fstat(self._file).st_size
        data = os.pread(self._file, length_of_file - start, start)
        position = start
        while position + HEADER_BYTES <= length_of_file:
            length, kind, tag, number = HEADER.unpack_from(data, position - start)
            payload = position + HEADER_BYTES
            if length > MAX_PAYLOAD_BYTES or payload + length > length_of_file:
                break
            entry = LogEntry(position, kind, tag, number, data[payload - start : payload - start + length])
            yield entry
            position = entry.end
        if cut and position < length_of_file:
            os.ftruncate(self._file, position)
        self.end = position

    # ------------------------------------------------------------ input for the program

    def send_pending(self) -> bool:
        """Write pending input to the program until the PTY is full; returns whether nothing is left."""
        pending = self.pending
        while pending.entries:
            start, length, _, _ = pending.entries[0]
            if self._position < start:
                self._position = os.lseek(self._file, start, os.SEEK_SET)
            left = start + length - self._position
            while left > 0:
                count = self._splicer.sendfile_to_pty(self._master, self._file, left)
                if not count:
                    return False
                left -= count
                self._position += count
                pending.bytes -= count
            pending.pop_first()
        return True

    def mark_pending(self, entry: LogEntry) -> None:
        """Mark the unwritten part of a previous host's entry as pending."""
        if entry.kind in FOR_PROGRAM and entry.end > self._position:
            start = entry.start + HEADER_BYTES
            self.pending.append(
                PendingEntry(start, len(entry.payload), NO_TAG, entry.number), entry.end - max(self._position, start)
            )

    @property
    def first_pending(self) -> int:
        """Offset of the first entry not fully written to the program, or the end."""
        return self.pending.entries[0].start - HEADER_BYTES if self.pending.entries else self.end

    def drop_pending(self) -> int:
        """Drop the pending input of a program that has ended; returns the number of bytes dropped."""
        left = self.pending.clear()
        self._position = os.lseek(self._file, self.end, os.SEEK_SET)
        return left
