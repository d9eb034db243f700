"""The caret's motions in a text of rows and cells. Pure.

The motions are those of vi, as the copy modes of tmux and Alacritty have them. A line is one row, or several rows with
soft wraps; at the end of a line, a motion by character or word continues in the next line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row

_MAX_ROWS = 1000
"""The maximum number of rows that are read to find the end of one line."""


class Position(NamedTuple):
    """A cell; its row is numbered as in ``CellRows``."""

    row: int
    column: int


class CellRows(Protocol):
    """Rows of cells."""

    @property
    def columns(self) -> int:
        """The number of cells in a row."""

    @property
    def first(self) -> int:
        """The number of the first row."""

    @property
    def last(self) -> int:
        """The number of the last row."""

    @property
    def end(self) -> int:
        """The number of the last row with text, or with the program's cursor."""

    def cells(self, row: int) -> Sequence[str]:
        """The characters of a row; a blank cell has a space, the second cell of a wide character ""."""

    def is_blank(self, row: int) -> bool:
        """Whether a row has no text."""

    def wraps(self, row: int) -> bool:
        """Whether the line continues in the next row."""


def last_column(text: CellRows, row: int) -> int:
    """The column of a row's last character; 0 in a blank row."""
    cells = text.cells(row)
    column = len(cells) - 1
    while column > 0 and (not cells[column] or cells[column].isspace()):
        # The second cell of a wide character at the end belongs to it.
        if not cells[column] and not cells[column - 1].isspace():
            return column - 1
        column -= 1
    return max(column, 0)


def at(text: CellRows, row: int, column: int, *, is_free: bool = False) -> Position:
    """The position nearest to a cell, never in the second half of a wide character.

    The position is on a character of the row; with ``is_free``, it may be on the blank cells after the last character.
    """
    row = min(max(row, text.first), text.last)
    column = min(max(column, 0), text.columns - 1 if is_free else last_column(text, row))
    cells = text.cells(row)
    return Position(row, column - 1 if column and not cells[column] else column)


# ---------------------------------------------------------------- by character


def left(text: CellRows, position: Position, *, is_free: bool = False) -> Position:
    """The character before; ``is_free``: at the row's first cell, stay there."""
    if position.column > 0:
        return at(text, position.row, position.column - 1, is_free=True)
    if is_free or position.row == text.first:
        return position
    return Position(position.row - 1, last_column(text, position.row - 1))


def right(text: CellRows, position: Position, *, is_free: bool = False) -> Position:
    """The character after; ``is_free``: move up to the row's last cell, and stay there."""
    cells = text.cells(position.row)
    column = position.column + 1
    if column < len(cells) and not cells[column]:
        column += 1
    if column < len(cells) and (is_free or column <= last_column(text, position.row)):
        return Position(position.row, column)
    if is_free or position.row == text.last:
        return position
    return Position(position.row + 1, 0)


# ---------------------------------------------------------------- by word

_Step = tuple[Position | None, str]
"""A position and its character; None and a blank at the end of a line."""


def _kind(character: str, *, is_big: bool) -> int:
    """0 for blanks, another number for each kind of characters that make a word."""
    if character.isspace():
        return 0
    return 1 if is_big or character.isalnum() or character == "_" else 2


def _forward(text: CellRows, position: Position) -> Iterator[_Step]:
    row, column = position.row, position.column + 1
    while True:
        if column > 0 or not text.is_blank(row):
            cells = text.cells(row)
            yield from ((Position(row, at), cells[at]) for at in range(column, len(cells)) if cells[at])
        if not text.wraps(row):
            yield None, " "
        if row >= text.last:
            return
        row, column = row + 1, 0


def _backward(text: CellRows, position: Position) -> Iterator[_Step]:
    row, column = position.row, position.column - 1
    while True:
        if not text.is_blank(row):
            cells = text.cells(row)
            yield from ((Position(row, at), cells[at]) for at in range(column, -1, -1) if cells[at])
        if row <= text.first:
            yield None, " "
            return
        row, column = row - 1, text.columns - 1
        if not text.wraps(row):
            yield None, " "


def word_forward(text: CellRows, position: Position, *, is_big: bool = False) -> Position:
    """The beginning of the next word; the text's end if there is none."""
    kind = _kind(text.cells(position.row)[position.column] or " ", is_big=is_big)
    for found, character in _forward(text, position):
        next_kind = _kind(character, is_big=is_big)
        if found is not None and next_kind and next_kind != kind:
            return found
        kind = next_kind
    return text_end(text)


def word_end(text: CellRows, position: Position, *, is_big: bool = False) -> Position:
    """The next end of a word; the text's end if there is none."""
    return _run_end(_forward(text, position), is_big=is_big) or text_end(text)


def word_back(text: CellRows, position: Position, *, is_big: bool = False) -> Position:
    """The beginning of the word, or of the one before; the text's beginning if there is none."""
    return _run_end(_backward(text, position), is_big=is_big) or Position(text.first, 0)


def _run_end(steps: Iterator[_Step], *, is_big: bool) -> Position | None:
    """The last position of the first word in the order of the steps."""
    last: Position | None = None
    last_kind = 0
    for found, character in steps:
        kind = _kind(character, is_big=is_big)
        if last_kind and kind != last_kind:
            return last
        last, last_kind = found, kind
    return last if last_kind else None


# ---------------------------------------------------------------- by line and paragraph


def line_start(text: CellRows, position: Position) -> Position:
    """The first cell of the line, over soft wraps."""
    row = position.row
    while row > max(text.first, position.row - _MAX_ROWS) and text.wraps(row - 1):
        row -= 1
    return Position(row, 0)


def line_text(text: CellRows, position: Position) -> Position:
    """The first character of the line that is not a blank."""
    start = line_start(text, position)
    row = start.row
    while text.is_blank(row) and text.wraps(row) and row < min(text.last, start.row + _MAX_ROWS):
        row += 1
    cells = text.cells(row)
    return Position(row, next((column for column, cell in enumerate(cells) if cell and not cell.isspace()), 0))


def line_end(text: CellRows, position: Position) -> Position:
    """The last character of the line, over soft wraps."""
    row = position.row
    while row < min(text.last, position.row + _MAX_ROWS) and text.wraps(row):
        row += 1
    return Position(row, last_column(text, row))


def paragraph_back(text: CellRows, position: Position) -> Position:
    """The blank row above the paragraph; the text's beginning if there is none."""
    row = position.row - 1
    while row > text.first and text.is_blank(row):
        row -= 1
    while row > text.first and not text.is_blank(row):
        row -= 1
    return Position(max(row, text.first), 0)


def paragraph_forward(text: CellRows, position: Position) -> Position:
    """The blank row below the paragraph; the text's end if there is none."""
    row = position.row
    while row < text.end and text.is_blank(row):
        row += 1
    while row < text.end and not text.is_blank(row):
        row += 1
    return Position(row, 0) if row < text.end else text_end(text)


def text_end(text: CellRows) -> Position:
    """The last character of the text."""
    return Position(text.end, last_column(text, text.end))


_ROWS_AT_ONCE = 50
_BLANK = Row((), False)


def cells_of(row: Row, columns: int) -> list[str]:
    """The characters of a row, as ``CellRows.cells`` returns them."""
    cells = [" "] * columns
    for run in row.runs:
        cells[run.column : run.column + run.cells] = [run.text, *[""] * (run.cells - 1)] if run.cluster else run.text
    return cells


class GridText:
    """The rows of an emulator at one moment; implements ``CellRows``.

    Attributes:
        columns, first, last: see ``CellRows``.
    """

    def __init__(self, emulator: Emulator, dropped: int) -> None:
        """``dropped``: the number of the oldest row."""
        self._emulator = emulator
        self._history = emulator.scrollback_rows
        self._rows: dict[int, Row] = {}
        self._cells: dict[int, list[str]] = {}
        self.columns = emulator.size.columns
        self.first = dropped
        self.last = dropped + self._history + emulator.size.rows - 1

    @property
    def end(self) -> int:
        """See ``CellRows``."""
        cursor_row = self.first + self._history + self._emulator.cursor.row
        row = self.last
        while row > max(cursor_row, self.first) and not self._row(row).runs:
            row -= 1
        return row

    def cells(self, row: int) -> list[str]:
        """See ``CellRows``."""
        cells = self._cells.get(row)
        if cells is None:
            cells = self._cells[row] = cells_of(self._row(row), self.columns)
        return cells

    def is_blank(self, row: int) -> bool:
        """See ``CellRows``."""
        return all(run.text.isspace() for run in self._row(row).runs)

    def wraps(self, row: int) -> bool:
        """See ``CellRows``."""
        return row < self.last and self._row(row).wrapped

    def _row(self, number: int) -> Row:
        if number not in self._rows:
            index = number - self.first
            if index < self._history:
                begin = index - index % _ROWS_AT_ONCE
                read = self._emulator.history(begin, min(_ROWS_AT_ONCE, self._history - begin))
            else:
                begin, read = self._history, self._emulator.rows()
            for at, row in enumerate(read):
                self._rows[self.first + begin + at] = row
        return self._rows.get(number, _BLANK)
