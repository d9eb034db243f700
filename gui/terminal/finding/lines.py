"""Lines of a terminal: rows with soft wraps joined, and the cell of each character."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from session_host.terminal.base import Row

MOST_ROWS = 100
"""The maximum number of rows that are joined; the rest of a longer line is a line of its own."""


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


def joined_lines(rows: Sequence[Row], first: int, columns: int) -> list[TextLine]:
    """The lines of rows that begin with a line's first row, which has the number ``first``."""
    lines: list[TextLine] = []
    begin = 0
    for place, row in enumerate(rows):
        if row.wrapped and place + 1 < len(rows) and place + 1 - begin < MOST_ROWS:
            continue
        lines.append(_line(rows[begin : place + 1], first + begin, columns))
        begin = place + 1
    return lines


def _line(rows: Sequence[Row], first: int, columns: int) -> TextLine:
    if len(rows) == 1 and not any(run.cluster for run in rows[0].runs):
        return TextLine(first, 1, rows[0].text(), columns, None)
    parts: list[str] = []
    cells = array("I")

    def put(text: str, cell: int, step: int) -> None:
        parts.append(text)
        cells.extend([cell] * len(text) if step == 0 else range(cell, cell + len(text)))

    for place, row in enumerate(rows):
        base, column = place * columns, 0
        for run in row.runs:
            put(" " * (run.column - column), base + column, 1)
            put(run.text, base + run.column, 0 if run.cluster else 1)
            column = run.column + run.cells
        if place + 1 < len(rows) and not (columns - column == 1 and _begins_wide(rows[place + 1])):
            put(" " * (columns - column), base + column, 1)
    text = "".join(parts).rstrip(" ")
    del cells[len(text) :]
    is_plain = not cells or (cells[-1] == len(cells) - 1 and cells == array("I", range(len(cells))))
    return TextLine(first, len(rows), text, columns, None if is_plain else cells)


def _begins_wide(row: Row) -> bool:
    """Whether a row begins with a wide character, for which the row before may have had no room."""
    return bool(row.runs) and row.runs[0].column == 0 and row.runs[0].cells == 2 and row.runs[0].cluster
