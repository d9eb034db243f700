"""Finds a line in an emulator's history and screen, scrolls to it and selects it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple
from unicodedata import combining, east_asian_width

from session_host.protocol.values import GridSize
from session_host.terminal.base import Emulator
from session_host.terminal.lines import MAX_ROWS, Match, TextLine, joined_lines, lines_around
from session_host.terminal.prompts import RowMark
from session_host.terminal.rows import Row

Spans = Callable[[str], list[tuple[int, int]]]
"""Returns the parts of a line to mark: (first, end) in characters."""

_SEARCHED_AT_ONCE = 500
_NEAR_ROWS = 60
"""A line may be so far from its computed position: some characters have another width than computed."""
_BEGINNING_CHARACTERS = 24
"""So much of a joined text is in its first row."""
_ABOVE_SHARE = 3
"""The share of the screen (a third) to show above the line."""


def show_line(emulator: Emulator, text: str, spans: Spans) -> bool:
    """Scroll to the newest line with this text, and select what ``spans`` marks in it, from first to last.

    Returns:
        Whether the line exists.
    """
    match = _find(emulator, text.strip(), spans)
    if match is None:
        return False
    history, rows = emulator.scrollback_rows, emulator.size.rows
    top = min(max(match.row - rows // _ABOVE_SHARE, 0), history)
    emulator.scroll_to_bottom()
    emulator.scroll(top - history)
    bottom = top + rows - 1
    first, last = (match.column, match.row - top), (match.last_column, min(match.last_row, bottom) - top)
    emulator.select(first, last, "cell")
    return True


def _find(emulator: Emulator, text: str, spans: Spans) -> Match | None:
    """The cells to mark in the newest line with this text, else in the newest one that contains it.

    The emulator returns all of its text much faster than its rows. So the line's position is computed from the lines
    above it, and only the rows there are read; if the line is not there, all rows are searched.
    """
    if not text:
        return None
    emulator.select_all()
    lines = emulator.selected_text().split("\n")
    emulator.clear_selection()
    containing = [number for number, line in enumerate(lines) if text in line]
    # Of rows that the program wrapped itself, which the search joins, the first one.
    containing = containing or [number for number, line in enumerate(lines) if text[:_BEGINNING_CHARACTERS] in line]
    if not containing:
        return None
    number = next((each for each in reversed(containing) if lines[each].strip() == text), containing[-1])
    line = lines[number]
    begin = _begin(emulator, lines, number)
    if begin is None:
        found = _search_all_rows(emulator, text)
        return None if found is None else _match(found, spans)
    if line.isascii():  # One character is one cell.
        return _match(TextLine(begin, 0, line, emulator.size.columns, None), spans)
    [found] = joined_lines(_line_rows(emulator, begin), begin, emulator.size.columns, max_rows=sys.maxsize)
    return _match(found, spans)


def _match(line: TextLine, spans: Spans) -> Match:
    marked = spans(line.text) or [(0, len(line.text))]
    return line.match(marked[0][0], marked[-1][1])


def _begin(emulator: Emulator, lines: list[str], number: int) -> int | None:
    """The first row of a line, by the lengths of the lines above it; None if it is not near there."""
    columns, line = emulator.size.columns, lines[number]
    expected = sum(-(-_cells(each) // columns) or 1 for each in lines[:number])
    first = max(expected - _NEAR_ROWS, 0)
    rows = _rows(emulator, first, expected + _NEAR_ROWS)
    found = [
        first + index
        for index, row in enumerate(rows)
        if _begins(line, row) and not (rows[index - 1].wrapped if index else first)
    ]
    return min(found, key=lambda row: abs(row - expected), default=None)


def _begins(line: str, row: Row) -> bool:
    """Whether a line begins with the text of a row, or is that text."""
    text = row.text()
    return line.startswith(text) if row.wrapped else line == text.rstrip(" ")


def _cells(line: str) -> int:
    if line.isascii():
        return len(line)
    return sum(0 if combining(each) else 1 + (east_asian_width(each) in "WF") for each in line)


def _line_rows(emulator: Emulator, begin: int) -> list[Row]:
    """The rows of the line that begins at a row."""
    found: list[Row] = []
    while not found or found[-1].wrapped:
        page = _rows(emulator, begin + len(found), begin + len(found) + _SEARCHED_AT_ONCE)
        end = next((index + 1 for index, row in enumerate(page) if not row.wrapped), len(page))
        found += page[:end]
        if not page:
            break
    return found


def _rows(emulator: Emulator, first: int, end: int) -> list[Row]:
    """Rows, counted from the oldest."""
    history = emulator.scrollback_rows
    page = emulator.history(first, min(end, history) - first) if first < history else []
    return page + emulator.rows()[max(first - history, 0) : max(end - history, 0)] if end > history else page


def _search_all_rows(emulator: Emulator, text: str) -> TextLine | None:
    """The newest line with this text, else the newest one that contains it; reads all rows below it."""
    containing = None
    for line in _lines_upwards(emulator):
        if line.text.strip() == text:
            return line
        if containing is None and text in line.text:
            containing = line
    return containing


def _lines_upwards(emulator: Emulator) -> Iterator[TextLine]:
    """The lines from the bottom to the top, each of any number of rows."""
    columns = emulator.size.columns
    below: list[Row] = []
    first = 0
    for number, row in _rows_upwards(emulator):
        if below and not row.wrapped:
            yield from joined_lines(below[::-1], first, columns, max_rows=sys.maxsize)
            below = []
        below.append(row)
        first = number
    yield from joined_lines(below[::-1], first, columns, max_rows=sys.maxsize)


def _rows_upwards(emulator: Emulator) -> Iterator[tuple[int, Row]]:
    history, screen = emulator.scrollback_rows, emulator.rows()
    for index in reversed(range(len(screen))):
        yield history + index, screen[index]
    end = history
    while end > 0:
        first = max(0, end - _SEARCHED_AT_ONCE)
        page = emulator.history(first, end - first)
        for index in reversed(range(len(page))):
            yield first + index, page[index]
        end = first


_INDEXED_AT_ONCE = 25
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


class RowNumbers:
    """Numbers the rows of one emulator's active screen.

    Attributes:
        dropped: the number of the oldest row, as of the last call of ``follow``.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.dropped = 0
        self._kind = self._current_kind()
        self._mark: RowMark | None = None
        self._marked_row = 0

    def _current_kind(self) -> tuple[GridSize, bool]:
        return self._emulator.size, self._emulator.modes.alternate_screen

    def dropped_now(self) -> int | None:
        """The number of the oldest row at this moment; None if the rows must be renumbered."""
        if self._kind != self._current_kind():
            return None
        if self._mark is not None:
            row = self._mark.row_number()
            return None if row is None else self._marked_row - row
        rows, limit = self._emulator.scrollback_rows, self._emulator.scrollback_limit
        # There was no history, so no row was marked. If the history is full now, it may have dropped rows.
        return None if rows and rows >= limit else self.dropped

    def mark(self, row: int) -> None:
        """Use the row with the number ``row``, in the history, as the reference from now on."""
        self._marked_row = row
        self._mark = self._emulator.mark_row(row - self.dropped)

    def follow(self) -> bool:
        """Update ``dropped`` after output; False if the rows must be renumbered, by a new ``RowNumbers``."""
        dropped = self.dropped_now()
        if dropped is None:
            return False
        self.dropped = dropped
        history = self._emulator.scrollback_rows
        if history and self._marked_row != dropped + history - 1:
            self.mark(dropped + history - 1)
        return True


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
        first = max(self._first - _INDEXED_AT_ONCE, self.dropped)
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
