"""An emulator's rows as the text of motions."""

from __future__ import annotations

from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row

_ROWS_AT_ONCE = 50
_BLANK = Row((), False)


def cells_of(row: Row, columns: int) -> list[str]:
    """The characters of a row, as ``Text.cells`` returns them."""
    cells = [" "] * columns
    for run in row.runs:
        cells[run.column : run.column + run.cells] = [run.text, *[""] * (run.cells - 1)] if run.cluster else run.text
    return cells


class GridText:
    """The rows of an emulator at one moment; implements ``Text``.

    Attributes:
        columns, first, last: see ``Text``.
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
        """See ``Text``."""
        cursor_row = self.first + self._history + self._emulator.cursor.row
        row = self.last
        while row > max(cursor_row, self.first) and not self._row(row).runs:
            row -= 1
        return row

    def cells(self, row: int) -> list[str]:
        """See ``Text``."""
        cells = self._cells.get(row)
        if cells is None:
            cells = self._cells[row] = cells_of(self._row(row), self.columns)
        return cells

    def is_blank(self, row: int) -> bool:
        """See ``Text``."""
        return all(run.text.isspace() for run in self._row(row).runs)

    def wraps(self, row: int) -> bool:
        """See ``Text``."""
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
