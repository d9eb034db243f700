"""Pending input: entries that the program has not read completely, oldest first. Pure."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from .log_entries import NO_TAG

LONG_BYTES = 256 * 1024
"""Cap on what one entry counts against the input limit, so that keys fit behind a long paste."""


class PendingEntry(NamedTuple):
    """An entry of the input log that the program has not read completely.

    Attributes:
        start, length: the position and size of the entry's payload in the input log's file, in bytes.
        tag, number: the attachment and its input's sequence, as in the entry; NO_TAG if no viewer waits.
    """

    start: int
    length: int
    tag: bytes
    number: int


class PendingInput:
    """Input that waits for the program.

    Attributes:
        entries: those that the program has not read completely, oldest first.
        bytes: how many of their bytes the program has not read.
    """

    def __init__(self) -> None:
        self.entries: deque[PendingEntry] = deque()
        self.bytes = 0
        self._delivered: list[tuple[bytes, int]] = []

    def append(self, entry: PendingEntry, left_bytes: int) -> None:
        """Add an entry; the program has not read its last ``left_bytes`` bytes."""
        self.entries.append(entry)
        self.bytes += left_bytes

    def pop_first(self) -> None:
        """Remove the oldest entry, which the program has read completely, and note it as delivered."""
        entry = self.entries.popleft()
        if entry.tag != NO_TAG:
            self._delivered.append((entry.tag, entry.number))

    def collect_delivered(self) -> list[tuple[bytes, int]]:
        """Return the attachments and sequences of the inputs delivered since the last call, oldest first."""
        delivered, self._delivered = self._delivered, []
        return delivered

    def has_room(self, length: int, bound: int) -> bool:
        """Whether ``length`` more bytes fit within ``bound`` for all; a long paste counts only in part."""
        if length > LONG_BYTES < bound:
            return self.bytes <= bound
        if self.bytes + length <= bound:
            return True
        return sum(min(entry.length, LONG_BYTES) for entry in self.entries) + length <= bound

    def clear(self) -> int:
        """Drop all entries; returns how many bytes the program had not read."""
        left = self.bytes
        self.entries.clear()
        self.bytes = 0
        return left
