"""Lines of a terminal: rows with soft wraps joined, and the cell of each character.

The functions that read an emulator count rows from the oldest of its history.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row

MAX_ROWS = 100
"""The usual maximum of rows that are joined; the rest of a longer line is a line of its own."""


class Match(NamedTuple):
    """The cells of a match; rows have numbers that they keep while the history drops older ones."""

    row: int
    column: int
    last_row: int
    last_column: int


class TextLine(NamedTuple):
    """A line.

    Attributes:
        row: the number of its first row.
        rows: how many rows it has.
        text: its text without trailing blanks.
        columns: the columns of a row.
        cells: the cell of each character, counted from the first row's first; None if they are 0, 1, 2, ….
    """

    row: int
    rows: int
    text: str
    columns: int
    cells: array[int] | None

    def match(self, first: int, end: int) -> Match:
        """The cells of the characters from ``first`` to before ``end``."""
        cells = self.cells
        begin, last = (first, end - 1) if cells is None else (cells[first], cells[end - 1])
        row, column = divmod(begin, self.columns)
        last_row, last_column = divmod(last, self.columns)
        return Match(self.row + row, column, self.row + last_row, last_column)

    def cell_of(self, character: int) -> tuple[int, int]:
        """The row's number and the column of a character."""
        row, column = divmod(character if self.cells is None else self.cells[character], self.columns)
        return self.row + row, column

    def character_at(self, row: int, column: int) -> int | None:
        """The first character in a cell, also in the second cell of a wide one; None beyond the text."""
        cell = (row - self.row) * self.columns + column
        for candidate in (cell, cell - 1) if column else (cell,):
            if self.cells is None:
                index, is_there = candidate, 0 <= candidate < len(self.text)
            else:
                index = bisect_left(self.cells, candidate)
                is_there = index < len(self.cells) and self.cells[index] == candidate
            if is_there:
                return index
        return None


def joined_lines(rows: Sequence[Row], first: int, columns: int, *, max_rows: int = MAX_ROWS) -> list[TextLine]:
    """The lines of rows that begin with a line's first row, which has the number ``first``."""
    lines: list[TextLine] = []
    begin = 0
    for index, row in enumerate(rows):
        if row.wrapped and index + 1 < len(rows) and index + 1 - begin < max_rows:
            continue
        lines.append(_joined_line(rows[begin : index + 1], first + begin, columns))
        begin = index + 1
    return lines


def lines_around(
    emulator: Emulator, first: int, rows: Sequence[Row], *, max_rows: int, dropped: int = 0
) -> list[TextLine]:
    """The lines that successive rows are part of.

    Args:
        emulator: the emulator.
        first: the number of the first of these rows.
        rows: the rows.
        max_rows: how many more rows are read above, and below.
        dropped: the number that the lines give to the oldest row.
    """
    history = emulator.scrollback_rows
    screen: list[Row] = []

    def row_at(index: int) -> Row | None:
        if index < history:
            page = emulator.history(index, 1) if index >= 0 else []
            return page[0] if page else None
        screen.extend(emulator.rows() if not screen else [])
        return screen[index - history] if index - history < len(screen) else None

    joined = list(rows)
    while len(joined) < len(rows) + max_rows and (above := row_at(first - 1)) is not None and above.wrapped:
        joined.insert(0, above)
        first -= 1
    limit = len(joined) + max_rows
    while len(joined) < limit and joined[-1].wrapped and (below := row_at(first + len(joined))) is not None:
        joined.append(below)
    return joined_lines(joined, dropped + first, emulator.size.columns)


def line_at(emulator: Emulator, number: int, *, max_rows: int) -> TextLine | None:
    """The line that a row belongs to, with at most ``max_rows`` above it and below it."""
    history = emulator.scrollback_rows
    if number < 0:
        return None
    rows = emulator.history(number, 1) if number < history else emulator.rows()[number - history :][:1]
    return lines_around(emulator, number, rows, max_rows=max_rows)[0] if rows else None


def _joined_line(rows: Sequence[Row], first: int, columns: int) -> TextLine:
    if not any(run.cluster for row in rows for run in row.runs):  # Each character is one cell.
        whole = "".join([row.text().ljust(columns) for row in rows])
        return TextLine(first, len(rows), whole.rstrip(" "), columns, None)
    parts: list[str] = []
    cells = array("I")

    def put(text: str, cell: int, step: int) -> None:
        parts.append(text)
        cells.extend([cell] * len(text) if step == 0 else range(cell, cell + len(text)))

    for index, row in enumerate(rows):
        base, column = index * columns, 0
        for run in row.runs:
            put(" " * (run.column - column), base + column, 1)
            put(run.text, base + run.column, 0 if run.cluster else 1)
            column = run.column + run.cells
        if index + 1 < len(rows) and not (columns - column == 1 and _begins_wide(rows[index + 1])):
            put(" " * (columns - column), base + column, 1)
    text = "".join(parts).rstrip(" ")
    del cells[len(text) :]
    is_plain = not cells or (cells[-1] == len(cells) - 1 and cells == array("I", range(len(cells))))
    return TextLine(first, len(rows), text, columns, None if is_plain else cells)


def _begins_wide(row: Row) -> bool:
    """Whether a row begins with a wide character, for which the row before may have had no room."""
    return bool(row.runs) and row.runs[0].column == 0 and row.runs[0].cells == 2 and row.runs[0].cluster
