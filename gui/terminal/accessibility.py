"""The terminal's text for screen readers: what is in view, and what has changed. Qt asks by its interface.

The history is not part of it: 10,000 lines would be copied for each question about one. A hidden text field would give
wrong positions and report each change twice.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, QSize, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleTextCursorEvent,
    QAccessibleTextInsertEvent,
    QAccessibleTextInterface,
    QAccessibleTextRemoveEvent,
)
from PySide6.QtWidgets import QAccessibleWidget, QWidget
from shiboken6 import Shiboken

from gui.screen_readers import announce
from gui.timers import single_shot
from gui.wording import page_texts
from session_host.terminal.base import Cursor
from session_host.terminal.lines import TextLine, joined_lines
from session_host.terminal.rows import Row

from .display import TerminalDisplay
from .input.selection import Selection

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


_LINE_BY_LINE = 4
"""Up to this many neighbouring lines that were rewritten are one change each; more lines are one change together."""


class Change(NamedTuple):
    """A replaced part of the text.

    Attributes:
        offset: the offset of the part in the text to which the changes before it are applied.
        removed: the previous text; "" for none.
        inserted: the new text; "" for none.
    """

    offset: int
    removed: str
    inserted: str


def changes(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """The changes from ``before`` to ``after``, from the top.

    If the screen scrolled, moved lines do not count: the changes are the removed lines at the top, and the added lines
        at the bottom.
    """
    found: list[Change] = []
    offset = 0
    from difflib import SequenceMatcher  # few users have a screen reader

    for kind, first, end, new_first, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[first:end], after[new_first:new_end]
        if kind == "equal":
            offset += sum(length_of(line) for line in new)
            continue
        is_line_by_line = len(old) == len(new) <= _LINE_BY_LINE
        pairs = zip(old, new, strict=True) if is_line_by_line else [("".join(old), "".join(new))]
        for removed, inserted in pairs:
            change = _trimmed(offset, removed, inserted)
            if change.removed or change.inserted:
                found.append(change)
            offset += length_of(inserted)
    return found


def _trimmed(offset: int, removed: str, inserted: str) -> Change:
    """The change without the equal beginning and end of both texts; a replacement consists of whole words."""
    begin = _common(removed, inserted)
    end = _common(removed[begin:][::-1], inserted[begin:][::-1])
    if begin + end < min(len(removed), len(inserted)):
        while begin and not inserted[begin - 1].isspace():
            begin -= 1
        while end and not inserted[-end].isspace():
            end -= 1
    return Change(
        offset + length_of(inserted[:begin]), removed[begin : len(removed) - end], inserted[begin : len(inserted) - end]
    )


def _common(first: str, second: str) -> int:
    """The length of the equal beginning of two texts."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(first), len(second)))


SETTLE_S = 0.02
"""The delay of an announcement: an echo and the cursor's movement after it are announced together."""
SHORTEST_INTERVAL_S = 0.1
LONGEST_INTERVAL_S = 1.0
_GROWTH = 1.5
NEWEST_LINES = 12
"""The maximum number of lines of one change that are announced."""
_SELECTED_CHARACTERS = 500


class TextReporter(QObject):
    """Keeps the visible text of one terminal; announces its changes while the terminal has the keyboard focus.

    Attributes:
        text: the visible text.
    """

    def __init__(self, display: TerminalDisplay) -> None:
        super().__init__(display)
        self._display = display
        self._current: ScreenText | None = None
        self._announced: ScreenText | None = None
        self._announced_at_s = 0.0
        self._interval_s = SHORTEST_INTERVAL_S
        self._timer: QTimer | None = None

    @property
    def text(self) -> ScreenText:
        """The text in view."""
        if self._current is None:
            surface = self._display.surface
            self._current = ScreenText(surface.rows, surface.size.columns, surface.cursor)
        if self._announced is None:
            self._announced = self._current  # A screen reader that begins to read now knows this text.
        return self._current

    def restart(self) -> None:
        """Another screen is shown, or the view got the keyboard focus: do not announce the existing text."""
        self._current = self._announced = None
        if QAccessible.isActive():
            self._announced = self.text

    def on_typed(self) -> None:
        """The user types: announce the echo soon."""
        self._interval_s = SHORTEST_INTERVAL_S

    def on_frame(self) -> None:
        """A frame was painted: announce its changes when they are due."""
        self._current = None
        if not QAccessible.isActive():
            self._announced = None
            return
        if self._timer is None:
            self._timer = single_shot(self)
            self._timer.timeout.connect(self._announce_changes)
        if not self._timer.isActive():
            wait_s = self._announced_at_s + self._interval_s - time.monotonic()
            self._timer.start(round(max(wait_s, SETTLE_S) * 1000))

    def _announce_changes(self) -> None:
        known = self._announced
        if not QAccessible.isActive() or not self._display.widget.hasFocus():
            self._announced = None
            return
        now_s = time.monotonic()
        is_going_on = now_s - self._announced_at_s < 2 * self._interval_s
        self._announced_at_s = now_s
        self._announced = text = self.text
        if known is None:
            return
        found = changes(known.lines, text.lines)
        # If only the caret moved, the user moved it, and waits for the announcement.
        grown_s = self._interval_s * _GROWTH if found and is_going_on else SHORTEST_INTERVAL_S
        self._interval_s = min(grown_s, LONGEST_INTERVAL_S)
        for change in found:
            self._announce_change(change)
        if text.caret != known.caret:
            QAccessible.updateAccessibility(QAccessibleTextCursorEvent(self._display.widget, text.caret))
        if text.selection is not None and text.selection != known.selection:
            selected = text.text(*text.selection)
            if known.selection is None or selected != known.text(*known.selection):
                announcement = page_texts.SELECTED(text=selected[:_SELECTED_CHARACTERS])
                announce(self._display.widget, announcement)

    def _announce_change(self, change: Change) -> None:
        offset, removed, inserted = change
        if removed:
            QAccessible.updateAccessibility(QAccessibleTextRemoveEvent(self._display.widget, offset, removed))
        newest = _newest_lines(inserted)
        if newest:
            offset += length_of(inserted) - length_of(newest)
            QAccessible.updateAccessibility(QAccessibleTextInsertEvent(self._display.widget, offset, newest))


def _newest_lines(text: str) -> str:
    """The last lines of a text."""
    lines = text.splitlines(keepends=True)
    return text if len(lines) <= NEWEST_LINES else "".join(lines[-NEWEST_LINES:])


_NULL = Shiboken.VoidPtr(0)
"""A null pointer. PySide's conversion of None to a pointer crashes."""


class TerminalText(QAccessibleTextInterface):
    """The text of a terminal.

    PySide6 6.11 cannot return the selection's offsets, so the interface reports no selection. The reporter announces
    the selected text instead.
    """

    def __init__(self, display: TerminalDisplay, reporter: TextReporter, selection: Selection) -> None:
        super().__init__()
        self._display = display
        self._reporter = reporter
        self._selection = selection

    def text(self, first: int, end: int) -> str:
        """The text between two offsets."""
        return self._reporter.text.text(first, end)

    def characterCount(self) -> int:
        """The text's length."""
        return self._reporter.text.length

    def cursorPosition(self) -> int:
        """The cursor's offset."""
        return self._reporter.text.caret

    def setCursorPosition(self, position: int) -> None:
        """Do nothing: the program places the cursor."""

    def characterRect(self, offset: int) -> QRect:
        """The rectangle of a character on the desktop."""
        cells = self._reporter.text.cells_of(offset)
        if cells is None:
            return QRect()
        rect = self._display.surface.cells_rect(cells.row, cells.column, cells.column + cells.width - 1)
        widget = self._display.widget
        ratio = widget.devicePixelRatioF()
        corner = widget.mapToGlobal(QPoint(round(rect.left() / ratio), round(rect.top() / ratio)))
        return QRect(corner, QSize(round(rect.width() / ratio), round(rect.height() / ratio)))

    def offsetAtPoint(self, point: QPoint) -> int:
        """The offset of the character at a point of the desktop; -1 outside of the terminal."""
        position = self._display.widget.mapFromGlobal(point)
        if not self._display.widget.rect().contains(position):
            return -1
        column, row = self._display.cell_at(QPointF(position))
        return self._reporter.text.offset_at(row, column)

    def scrollToSubstring(self, first: int, end: int) -> None:
        """Do nothing: all of the text is in view."""

    def selectionCount(self) -> int:
        """Zero; see the class."""
        return 0

    def addSelection(self, first: int, end: int) -> None:
        """Select the text between two offsets."""
        text = self._reporter.text
        begin, last = text.cells_of(min(first, end)), text.cells_of(max(first, end) - 1)
        if begin is not None and last is not None and first != end:
            self._selection.select_cells((begin.column, begin.row), (last.column + last.width - 1, last.row))
            self._display.request_frame()

    def setSelection(self, _number: int, first: int, end: int) -> None:
        """Select the text between two offsets."""
        self.addSelection(first, end)

    def removeSelection(self, _number: int) -> None:
        """Clear the selection."""
        self._selection.deselect()


class TextWidgetInterface(QAccessibleWidget):
    """The accessible interface of a widget with a text of several lines."""

    def __init__(
        self, widget: QWidget, role: QAccessible.Role, text: Callable[[], QAccessibleTextInterface | None]
    ) -> None:
        """``text`` returns the widget's text; None while the widget is being made."""
        super().__init__(widget, role)
        self._text = text

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        """The pointer to another interface of the widget."""
        if kind == QAccessible.InterfaceType.TextInterface:
            return self._text() or _NULL
        return super().interface_cast(kind) or _NULL

    def state(self) -> QAccessible.State:
        """The widget's state."""
        state = super().state()
        state.multiLine = True
        return state
