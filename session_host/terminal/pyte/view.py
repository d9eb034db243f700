"""The viewport's position in the history, and the selection."""

from __future__ import annotations

from typing import NamedTuple

from session_host.terminal.base import SelectionUnit
from session_host.terminal.images.placeholders import without_placeholders
from session_host.terminal.rows import Row
from session_host.terminal.words import word_around

from .cells import BLANK, TAIL, CellLine, packed_wrapped, unpack
from .screen import Screen

_MAX_LOGICAL_ROWS = 1000

_Cell = tuple[int, int]
"""An absolute row number and a column."""


class End(NamedTuple):
    """An end of a selection: one cell, or a word that the caller knows."""

    first: _Cell
    last: _Cell
    is_word: bool


class Selection(NamedTuple):
    """A selection, given by its two ends: where it began, and the head, which moves."""

    anchor: End
    head: End
    unit: SelectionUnit
    """The unit to which both ends are extended."""
    rectangle: bool
    """Whether it is a block of columns instead of running text."""


class NumberedRow:
    """A mark of one row by its absolute number; valid until the rows are renumbered."""

    def __init__(self, view: View, number: int) -> None:
        self._view = view
        self._number = number
        self._numbering = view.numbering

    def row_number(self) -> int | None:
        """See ``RowMark``."""
        row = self._number - self._view.screen.first_line
        return row if row >= 0 and self._view.numbering == self._numbering else None


class View:
    """The viewport and the selection over a screen.

    A selection ends when its rows may have moved without their numbers.

    Attributes:
        screen: the screen.
        selection: the current selection, or None.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self._top: int | None = None
        self._switches, self._shifts = screen.switches, screen.shifts
        self.selection: Selection | None = None
        self._resizes = 0

    # -- lines by absolute number

    def line(self, number: int) -> CellLine:
        """The row with an absolute number, which must exist."""
        screen = self.screen
        if number >= screen.top_line:
            return screen.grid[number - screen.top_line]
        return unpack(screen.history.row(number), screen.columns)

    def resized(self, *, is_rewrapped: bool) -> None:
        """Handle a resize; with ``is_rewrapped``, line numbers have changed their meaning."""
        self._resizes += 1
        if is_rewrapped:
            self._top = None

    @property
    def numbering(self) -> tuple[int, int]:
        """Changes when absolute numbers begin to mean other rows."""
        return self._resizes, self.screen.switches

    def mark(self, row: int) -> NumberedRow:
        """Mark a row, counted from the oldest."""
        return NumberedRow(self, self.screen.first_line + row)

    def _wraps(self, number: int) -> bool:
        screen = self.screen
        if number >= screen.top_line:
            return screen.grid[number - screen.top_line].wrapped
        return packed_wrapped(screen.history.row(number))

    def _end(self) -> int:
        return self.screen.top_line + self.screen.lines

    def _follow_screen(self) -> None:
        """Drop positions of rows that moved, and of a screen that was switched away or reset."""
        if self._shifts != self.screen.shifts:
            self._shifts, self.selection = self.screen.shifts, None
        if self._switches != self.screen.switches:
            self._switches = self.screen.switches
            self._top = self.selection = None

    # -- the viewport

    @property
    def top(self) -> int:
        """The absolute number of the viewport's first row."""
        self._follow_screen()
        screen = self.screen
        if self._top is None:
            return screen.top_line
        return min(max(self._top, screen.first_line), screen.top_line)

    @property
    def offset(self) -> int:
        """How many rows the viewport is scrolled back."""
        return self.screen.top_line - self.top

    def scroll(self, rows: int) -> None:
        """Move the viewport, negative into the history."""
        screen = self.screen
        top = min(max(self.top + rows, screen.first_line), screen.top_line)
        self._top = None if top == screen.top_line else top

    def scroll_to_bottom(self) -> None:
        """Scroll to the active screen."""
        self._top = None

    # -- selecting

    def select(self, anchor: tuple[int, int], head: tuple[int, int], unit: SelectionUnit, *, rectangle: bool) -> None:
        """Select between two viewport cells (column, row)."""
        begin, end = self._end_at(anchor, unit=unit), self._end_at(head, unit=unit)
        self.selection = Selection(begin, end, unit, rectangle=rectangle)

    def select_word(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select viewport cells as one word."""
        self.selection = Selection(self._end_at(first, last), self._end_at(first, last), "word", rectangle=False)

    def extend(self, head: tuple[int, int], last: tuple[int, int] | None = None) -> None:
        """Move the head to a viewport cell; with ``last``, to all cells up to it, as one word."""
        if self.selection is not None:
            end = self._end_at(head, last, self.selection.unit)
            self.selection = self.selection._replace(head=end)

    def select_all(self) -> None:
        """Select from the oldest row to the last non-empty one."""
        self._follow_screen()
        first = (self.screen.first_line, 0)
        last = (self._end() - 1, self.screen.columns - 1)
        self.selection = Selection(End(first, first, False), End(last, last, False), "cell", rectangle=False)

    def clear(self) -> None:
        """Clear the selection."""
        self.selection = None

    def _end_at(self, point: tuple[int, int], last: tuple[int, int] | None = None, unit: SelectionUnit = "cell") -> End:
        first = self._cell_at(point, unit)
        return End(first, first, False) if last is None else End(first, self._cell_at(last), True)

    def _cell_at(self, point: tuple[int, int], unit: SelectionUnit = "cell") -> _Cell:
        column, row = point
        screen = self.screen
        row = min(max(row, 0), screen.lines - 1)
        return self.top + row, min(max(column, 0), screen.columns - (unit != "edge"))

    def span(self) -> tuple[_Cell, _Cell] | None:
        """The selection's first and last cell, extended to units; None without a selection."""
        self._follow_screen()
        selection = self.selection
        if selection is None:
            return None
        oldest = (self.screen.first_line, 0)
        ends = (selection.anchor, selection.head)
        start, starts_with_word = min((end.first, end.is_word) for end in ends)
        last, ends_with_word = max((end.last, end.is_word) for end in ends)
        if last < oldest:
            return None
        if selection.unit == "edge":
            between = self._between(max(start, oldest), last, rectangle=selection.rectangle)
            if between is None or selection.rectangle:
                return between
            start, last = between
        start, last = self._clamp(max(start, oldest)), self._clamp(last)
        if selection.rectangle:
            columns = sorted(end.first[1] for end in ends)
            return self._clamp((start[0], columns[0])), self._clamp((last[0], columns[1]))
        if selection.unit == "word":
            return (
                start if starts_with_word else self._word(start)[0],
                last if ends_with_word else self._word(last)[1],
            )
        if selection.unit == "line":
            return (self._logical_start(start[0]), 0), (self._logical_end(last[0]), self.screen.columns - 1)
        return self._whole(start, last)

    def _between(self, first: _Cell, last: _Cell, *, rectangle: bool) -> tuple[_Cell, _Cell] | None:
        """The first and the last cell between two edges, in order; None for none."""
        (top, left), (bottom, right) = first, last
        columns = self.screen.columns
        if rectangle:
            left, right = sorted((left, right))
            is_empty = right <= left
        else:
            top, left = (top + 1, 0) if left >= columns else (top, left)
            bottom, right = (bottom, right) if right else (bottom - 1, columns)
            is_empty = (bottom, right) <= (top, left)
        return None if is_empty else (self._clamp((top, left)), self._clamp((bottom, right - 1)))

    def _clamp(self, cell: _Cell) -> _Cell:
        """The position, limited to a grid that may have shrunk."""
        return min(cell[0], self._end() - 1), min(cell[1], self.screen.columns - 1)

    def _whole(self, start: _Cell, last: _Cell) -> tuple[_Cell, _Cell]:
        """The span extended to whole wide characters."""
        if start[1] > 0 and self.line(start[0]).chars[start[1]] == TAIL:
            start = (start[0], start[1] - 1)
        chars = self.line(last[0]).chars
        if last[1] + 1 < len(chars) and chars[last[1] + 1] == TAIL:
            last = (last[0], last[1] + 1)
        return start, last

    def _logical_start(self, number: int) -> int:
        stop = max(self.screen.first_line, number - _MAX_LOGICAL_ROWS)
        while number > stop and self._wraps(number - 1):
            number -= 1
        return number

    def _logical_end(self, number: int) -> int:
        stop = min(self._end() - 1, number + _MAX_LOGICAL_ROWS)
        while number < stop and self._wraps(number):
            number += 1
        return number

    def _word(self, cell: _Cell) -> tuple[_Cell, _Cell]:
        """The word around a cell; see ``words``."""
        row, column = cell
        first, last = self._logical_start(row), self._logical_end(row)
        columns = self.screen.columns
        cells: list[str] = []
        for number in range(first, last + 1):
            for char in self.line(number).chars:
                cells.append(cells[-1] if char == TAIL and cells else " " if char == BLANK else char)
        start, stop = word_around(cells, (row - first) * columns + column)
        return (first + start // columns, start % columns), (first + stop // columns, stop % columns)

    def _columns_of(self, number: int, span: tuple[_Cell, _Cell]) -> tuple[int, int] | None:
        (first_row, first), (last_row, last) = span
        if not first_row <= number <= last_row:
            return None
        if self.selection is not None and self.selection.rectangle:
            whole = self._whole((number, first), (number, last))
            return whole[0][1], whole[1][1]
        return (first if number == first_row else 0), (last if number == last_row else self.screen.columns - 1)

    def selected_text(self) -> str:
        """The selected text, with soft wraps joined."""
        span = self.span()
        if span is None or self.selection is None:
            return ""
        rectangle = self.selection.rectangle
        parts: list[str] = []
        for number in range(span[0][0], span[1][0] + 1):
            columns = self._columns_of(number, span)
            if columns is None:
                continue
            line = self.line(number)
            first, last = columns
            whole = last >= len(line.chars) - 1
            if line.wrapped and whole and not rectangle and number < span[1][0]:
                text = "".join(line.chars[first : last + 1])
                following = self.line(number + 1).chars
                if text.endswith(BLANK) and len(following) > 1 and following[1] == TAIL:
                    text = text[:-1]
                parts.append(text.replace(BLANK, " "))
            else:
                parts.append(line.text(first, last + 1).rstrip(" ") + "\n")
        return without_placeholders("".join(parts).rstrip("\n"))

    # -- rows for painting

    def rows(self, numbers: list[int]) -> list[Row]:
        """Rows by absolute number, with their selected columns."""
        span = self.span()
        found = []
        for number in numbers:
            line = self.line(number)
            selected = None if span is None else self._columns_of(number, span)
            found.append(Row(line.runs(), line.wrapped, selected))
        return found
