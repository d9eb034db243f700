"""The visible text of a terminal, with the offset of each cell."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from session_host.terminal.base import Cursor
from session_host.terminal.lines import TextLine, joined_lines
from session_host.terminal.rows import Row

_NO_ROW = Row((), wrapped=False)
_CODE_UNIT_BYTES = 2
_ENCODING = "utf-16-le"


class Cells(NamedTuple):
    """Neighbouring cells of one row."""

    row: int
    column: int
    width: int


class ScreenText:
    """The text of the visible rows: one line for each row or each group of soft-wrapped rows.

    Blank lines below the last text and below the cursor are left out. The cursor's line is filled with spaces up to the
    cursor.

    Attributes:
        lines: the lines; all but the last end with a line feed.
        caret: the cursor's offset; the text's end if the cursor is not in view.
        length: the length of the text.
        selection: the offsets of the selected text's begin and end; None for no selection in view.
    """

    def __init__(self, rows: Sequence[Row | None], columns: int, cursor: Cursor | None) -> None:
        known = [row or _NO_ROW for row in rows]
        lines = joined_lines(known, 0, columns, max_rows=len(known))
        self._known = known
        if cursor is not None:
            lines = [self._filled(line, cursor) for line in lines]
        while lines and not lines[-1].text and not (cursor is not None and lines[-1].row <= cursor.row):
            lines.pop()
        self._lines = lines
        self._rows = [line.row for line in lines]
        self.lines = tuple(line.text + "\n" for line in lines[:-1]) + tuple(line.text for line in lines[-1:])
        self._starts = [0, *accumulate(length_of(line) for line in self.lines)]
        self.length = self._starts[-1]
        self._data = "".join(self.lines).encode(_ENCODING, "surrogatepass")
        self.caret = self.length if cursor is None else self.offset_at(cursor.row, cursor.column)
        self.selection = self._selected(known)

    def text(self, first: int = 0, end: int | None = None) -> str:
        """The text from the offset ``first`` up to ``end``, exclusive; None for the end of the text."""
        last = self.length if end is None or end < 0 else end
        part = self._data[max(first, 0) * _CODE_UNIT_BYTES : last * _CODE_UNIT_BYTES]
        return part.decode(_ENCODING, "replace")

    def offset_at(self, row: int, column: int) -> int:
        """The offset of a cell's character; for a cell after the line's text, the end of the line."""
        number = bisect_right(self._rows, row) - 1
        if number < 0:
            return self.length
        line = self._lines[number]
        if row >= line.row + line.rows:
            return self.length
        cell = (row - line.row) * line.columns + column
        if line.cells is None:
            character = min(cell, len(line.text))
        else:
            character = bisect_left(line.cells, cell)
            before = line.cells[character - 1] if character else cell
            is_there = character < len(line.cells) and line.cells[character] == cell
            if not is_there and before + self._width(line, before) > cell:
                character = bisect_left(line.cells, before)
        return self._starts[number] + length_of(line.text[:character])

    def cells_of(self, offset: int) -> Cells | None:
        """The cells of the character at an offset; for a line feed, the cell after the line; None outside the text."""
        if not self._lines or not 0 <= offset <= self.length:
            return None
        number = min(bisect_right(self._starts, offset), len(self._lines)) - 1
        line = self._lines[number]
        character = len(self.text(self._starts[number], offset))
        if character >= len(line.text):
            return self._after(line)
        row, column = line.cell_of(character)
        return Cells(row, column, self._width(line, (row - line.row) * line.columns + column))

    def _width(self, line: TextLine, cell: int) -> int:
        """The number of cells, 1 or 2, of the character in a cell of a line."""
        row, column = divmod(cell, line.columns)
        runs = self._known[line.row + row].runs
        return next((run.cells for run in runs if run.column == column and run.cluster), 1)

    def _after(self, line: TextLine) -> Cells:
        """The cell after a line's text; the last one of the row if the text fills it."""
        if not line.text:
            return Cells(line.row, 0, 1)
        row, column = line.cell_of(len(line.text) - 1)
        width = self._width(line, (row - line.row) * line.columns + column)
        return Cells(row, min(column + width, line.columns - 1), 1)

    def _filled(self, line: TextLine, cursor: Cursor) -> TextLine:
        """The line, filled with spaces up to the cursor if the cursor is in it."""
        if not line.row <= cursor.row < line.row + line.rows:
            return line
        after = self._after(line)
        missing = (cursor.row - after.row) * line.columns + cursor.column - after.column
        if missing <= 0:
            return line
        begin = (after.row - line.row) * line.columns + after.column
        cells = line.cells
        if cells is not None or begin != len(line.text):
            cells = array("I", range(len(line.text)) if cells is None else cells)
            cells.extend(range(begin, begin + missing))
        return line._replace(text=line.text + " " * missing, cells=cells)

    def _selected(self, rows: Sequence[Row]) -> tuple[int, int] | None:
        spans = [(number, *row.selection) for number, row in enumerate(rows) if row.selection is not None]
        if not spans:
            return None
        (row, first, _), (last_row, _, last) = spans[0], spans[-1]
        begin, end = self.offset_at(row, first), self.offset_at(last_row, last + 1)
        return (begin, end) if begin < end else None


def length_of(text: str) -> int:
    """The length of a text as offsets count it, in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode(_ENCODING, "surrogatepass")) // _CODE_UNIT_BYTES
