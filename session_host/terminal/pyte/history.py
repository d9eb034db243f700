"""The pyte engine's history: packed rows that left the top of the primary screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


class History:
    """Packed rows, oldest first, with absolute numbers that count from the first row that was ever in it.

    Attributes:
        rows: the rows; the maximum number is above the limit after a resize that wrapped lines.
        limit: the maximum number of lines.
        evicted: how many rows were dropped; the absolute number of the oldest row.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rows: deque[bytes] = deque(maxlen=limit)
        self.evicted = 0

    @property
    def max_rows(self) -> int:
        """The maximum number of rows."""
        return self.rows.maxlen or 0

    @property
    def shown_rows(self) -> int:
        """How many rows are visible: at most the limit."""
        return min(len(self.rows), self.limit)

    @property
    def end(self) -> int:
        """The absolute number after that of the newest row."""
        return self.evicted + len(self.rows)

    def row(self, number: int) -> bytes:
        """The row with an absolute number, which must exist."""
        return self.rows[number - self.evicted]

    def append(self, row: bytes) -> None:
        """Add the newest row, in place of the oldest if there are too many."""
        if len(self.rows) == self.rows.maxlen:
            self.evicted += 1
        self.rows.append(row)

    def replace(self, rows: Sequence[bytes], max_rows: int) -> None:
        """Keep so many of these rows, the newest, in place of the present ones."""
        self.evicted += max(0, len(rows) - max_rows)
        self.rows = deque(rows, maxlen=max_rows)

    def clear(self) -> None:
        """Drop all rows."""
        self.evicted += len(self.rows)
        self.rows.clear()
