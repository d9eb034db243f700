"""Finds a line in an emulator's history and screen, scrolls to it and selects it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from session_host.terminal.base import Emulator, Row

Spans = Callable[[str], list[tuple[int, int]]]
"""Returns the parts of a line to mark: (first, end) in characters."""

_ROWS_AT_ONCE = 500
_ROWS_OF_A_LINE = 40
"""The maximum number of a line's further rows, up and down."""
_ABOVE_SHARE = 3
"""The share of the screen (a third) above the line."""


class Line(NamedTuple):
    """A line in the rows, with soft wraps joined."""

    first_row: int
    """The row's number from the oldest row of the history."""
    text: str
    cells: list[tuple[int, int]]
    """The (row, column) of each character."""

    def place_of(self, row: int, column: int) -> int | None:
        """The character at a cell, including the second cell of a wide one."""
        for near in (column, column - 1):
            if (row, near) in self.cells:
                return self.cells.index((row, near))
        return None


def show_line(emulator: Emulator, text: str, spans: Spans) -> bool:
    """Scroll to the newest line with this text, and select what ``spans`` marks in it, from first to last.

    Returns:
        Whether the line exists.
    """
    line = _find(emulator, text.strip())
    if line is None:
        return False
    history, rows = emulator.scrollback_rows, emulator.size.rows
    marked = spans(line.text) or [(0, len(line.text.rstrip()))]
    first, last = line.cells[marked[0][0]], line.cells[marked[-1][1] - 1]
    top = min(max(first[0] - rows // _ABOVE_SHARE, 0), history)
    emulator.scroll_to_bottom()
    emulator.scroll(top - history)
    bottom = top + rows - 1
    emulator.select((first[1], first[0] - top), (last[1], min(last[0], bottom) - top), "cell")
    return True


def line_at(emulator: Emulator, number: int) -> Line | None:
    """The line that a row belongs to, with soft wraps joined; rows count from the oldest of the history."""
    history = emulator.scrollback_rows
    screen: list[Row] = []

    def row_at(place: int) -> Row | None:
        if place < history:
            page = emulator.history(place, 1) if place >= 0 else []
            return page[0] if page else None
        if not screen:
            screen.extend(emulator.rows())
        return screen[place - history] if place - history < len(screen) else None

    row = row_at(number)
    if row is None:
        return None
    rows = [(number, row)]
    while len(rows) < _ROWS_OF_A_LINE and (above := row_at(rows[0][0] - 1)) is not None and above.wrapped:
        rows.insert(0, (rows[0][0] - 1, above))
    end = len(rows) + _ROWS_OF_A_LINE
    while len(rows) < end and rows[-1][1].wrapped and (below := row_at(rows[-1][0] + 1)) is not None:
        rows.append((rows[-1][0] + 1, below))
    return _line(rows, emulator.size.columns)


def _find(emulator: Emulator, text: str) -> Line | None:
    if not text or not _is_there(emulator, text):
        return None
    containing = None
    for line in _lines_upwards(emulator):
        if line.text.strip() == text:
            return line
        if containing is None and text in line.text:
            containing = line
    return containing


def _is_there(emulator: Emulator, text: str) -> bool:
    """A quick check, which suffices for most texts that are gone."""
    emulator.select_all()
    found = text in emulator.selected_text()
    emulator.clear_selection()
    return found


def _lines_upwards(emulator: Emulator) -> Iterator[Line]:
    """The lines from the bottom to the top."""
    history = emulator.scrollback_rows
    below: list[tuple[int, Row]] = []
    for number, row in _rows_upwards(emulator, history):
        if below and not row.wrapped:
            yield _line(below, emulator.size.columns)
            below = []
        below.insert(0, (number, row))
    if below:
        yield _line(below, emulator.size.columns)


def _rows_upwards(emulator: Emulator, history: int) -> Iterator[tuple[int, Row]]:
    screen = emulator.rows()
    for place in reversed(range(len(screen))):
        yield history + place, screen[place]
    end = history
    while end > 0:
        first = max(0, end - _ROWS_AT_ONCE)
        page = emulator.history(first, end - first)
        for place in reversed(range(len(page))):
            yield first + place, page[place]
        end = first


def _line(rows: list[tuple[int, Row]], columns: int) -> Line:
    parts: list[str] = []
    cells: list[tuple[int, int]] = []

    def put(text: str, row: int, column: int, step: int) -> None:
        parts.append(text)
        cells.extend((row, column + place * step) for place in range(len(text)))

    for place, (number, row) in enumerate(rows):
        column = 0
        for run in row.runs:
            put(" " * (run.column - column), number, column, 1)
            put(run.text, number, run.column, 0 if run.cluster else 1)
            column = run.column + run.cells
        if place + 1 < len(rows):
            following = rows[place + 1][1].runs
            # The last column is blank if a wide character did not fit there.
            is_wide = bool(following) and following[0].column == 0 and following[0].cells == 2 and following[0].cluster
            if columns - column != 1 or not is_wide:
                put(" " * (columns - column), number, column, 1)
    return Line(rows[0][0], "".join(parts), cells)
