"""Pending input: entries that the program has not read wholly, oldest first. Pure."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from .log_entries import NOBODY

LONG_BYTES = 256 * 1024
"""Cap on what one entry counts against the input limit, so that keys fit behind a long paste."""


class Due(NamedTuple):
    """A record for the program.

    Attributes:
        start, length: where in the input log's file the program's part of it stands.
        who, number: an attachment and its input's sequence, as in the record; NOBODY where nobody waits for it.
    """

    start: int
    length: int
    who: bytes
    number: int


class DueInput:
    """What waits for the program.

    Attributes:
        records: what it does not have wholly.
        bytes: what it does not have of them.
    """

    def __init__(self) -> None:
        self.records: deque[Due] = deque()
        self.bytes = 0
        self._taken: list[tuple[bytes, int]] = []

    def add(self, record: Due, left: int) -> None:
        """A record is due, and of it so many bytes."""
        self.records.append(record)
        self.bytes += left

    def first_is_taken(self) -> None:
        """The program has all of the oldest record."""
        record = self.records.popleft()
        if record.who != NOBODY:
            self._taken.append((record.who, record.number))

    def take_taken(self) -> list[tuple[bytes, int]]:
        """The attachments and sequences of the inputs that the program got since this was last asked, oldest first."""
        taken, self._taken = self._taken, []
        return taken

    def has_room(self, length: int, bound: int) -> bool:
        """Whether so many more bytes may be due, the bound being for all; of a long paste only a part counts."""
        if length > LONG_BYTES < bound:
            return self.bytes <= bound
        if self.bytes + length <= bound:
            return True
        return sum(min(record.length, LONG_BYTES) for record in self.records) + length <= bound

    def forget(self) -> int:
        """Nothing is due any more; returns how many bytes that was."""
        left = self.bytes
        self.records.clear()
        self.bytes = 0
        return left
