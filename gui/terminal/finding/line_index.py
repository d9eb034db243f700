"""The lines of an emulator, read a part at a time and kept current while output arrives.

A row's number never changes (``row_numbers``). Lines that are wholly in the history do not change any more; the other
lines, the *tail*, are read again each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from session_host.terminal.base import Emulator
from session_host.terminal.lines import MAX_ROWS, TextLine, joined_lines, lines_around
from session_host.terminal.rows import Row

from .row_numbers import RowNumbers

_ROWS_AT_ONCE = 25
_NEW_ROWS_AT_ONCE = 200


class Refreshed(NamedTuple):
    """The changes since the last refresh of the index.

    Attributes:
        is_new: whether the rows were renumbered; then no line was kept.
        dropped: how many of the oldest lines were dropped.
        added: how many lines were added at the end of ``lines``.
    """

    is_new: bool = False
    dropped: int = 0
    added: int = 0


class LineIndex:
    """The lines of one emulator's active screen.

    Attributes:
        lines: the lines of the history that have been read, oldest first, without a gap.
        tail: the lines that are at least partly on the screen.
        is_behind: whether the history has rows below ``lines`` that have not been read yet.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._restart()

    def _restart(self) -> None:
        emulator = self._emulator
        self.lines: list[TextLine] = []
        self.tail: list[TextLine] = []
        self.is_behind = False
        self._numbers = RowNumbers(emulator)
        self._end = emulator.scrollback_rows
        least = max(self._end - MAX_ROWS, 0)
        while self._end > least and emulator.history(self._end - 1, 1)[0].wrapped:
            self._end -= 1
        self._first = self._end

    @property
    def dropped(self) -> int:
        """The number of the oldest row."""
        return self._numbers.dropped

    @property
    def is_complete(self) -> bool:
        """Whether all older lines have been read."""
        return self._first <= self.dropped

    @property
    def rows(self) -> int:
        """The number of rows of the history and the screen."""
        return self._emulator.scrollback_rows + self._emulator.size.rows

    def all_lines(self) -> Iterator[TextLine]:
        """The lines that have been read, oldest first."""
        yield from self.lines
        yield from self.tail

    def dropped_now(self) -> int | None:
        """The number of the oldest row at this moment; None if the rows must be renumbered."""
        return self._numbers.dropped_now()

    def refresh(self) -> Refreshed:
        """Update the index after output: drop old lines, add some of the new ones, and read the tail again."""
        dropped = self.dropped_now()
        is_new = dropped is None or self._end < dropped
        if dropped is None or is_new:
            self._restart()
        else:
            self._numbers.dropped = dropped
        gone = 0
        while gone < len(self.lines) and self.lines[gone].row < self.dropped:
            gone += 1
        del self.lines[:gone]
        self._first = max(self._first, self.dropped)
        added = self._read_below()
        return Refreshed(is_new, gone, added)

    def _read_below(self) -> int:
        """Read new rows below ``lines``, and the tail; returns the number of lines added to ``lines``."""
        emulator = self._emulator
        history = emulator.scrollback_rows
        start = self._end - self.dropped
        page = emulator.history(start, min(history - start, _NEW_ROWS_AT_ONCE))
        self.is_behind = start + len(page) < history
        whole = len(page)
        while whole > max(len(page) - MAX_ROWS, 0) and page[whole - 1].wrapped:
            whole -= 1
        columns = emulator.size.columns
        new = joined_lines(page[:whole], self._end, columns)
        self.lines += new
        self._end += whole
        begun: list[Row] = [] if self.is_behind else page[whole:]
        top = self.dropped + history
        self.tail = joined_lines(begun + emulator.rows(), top - len(begun), columns)
        if self._end > self.dropped:
            self._numbers.mark(self._end - 1)
        return len(new)

    def read_older(self) -> int:
        """Read some lines above ``lines``; returns their number."""
        if self.is_complete:
            return 0
        first = max(self._first - _ROWS_AT_ONCE, self.dropped)
        above = 1 if first > self.dropped else 0
        page = self._emulator.history(first - above - self.dropped, self._first - first + above)
        # A line begins after a row that does not wrap.
        skipped = next((index for index in range(above, len(page)) if index == 0 or not page[index - 1].wrapped), above)
        first += skipped - above
        new = joined_lines(page[skipped:], first, self._emulator.size.columns)
        self.lines[:0] = new
        self._first = first
        return len(new)

    def around(self, first: int, rows: list[Row], dropped: int) -> list[TextLine]:
        """The lines that contain the visible rows.

        Args:
            first: the first visible row, counted from the oldest.
            rows: the rows.
            dropped: the number of the oldest row.
        """
        return lines_around(self._emulator, first, rows, max_rows=MAX_ROWS, dropped=dropped)
