"""The accessible interface of a terminal view: its role, and its text as Qt's bridge to AT-SPI reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QPoint, QPointF, QRect, QSize
from PySide6.QtGui import QAccessible, QAccessibleTextInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget
from shiboken6 import Shiboken

from gui.terminal.drawing.surface import Surface

from .reporter import TextReporter

_NULL = Shiboken.VoidPtr(0)
"""A null pointer. PySide's conversion of None to a pointer crashes."""


class View(Protocol):
    """The widget, as the accessible text uses it."""

    def devicePixelRatioF(self) -> float:
        """Device pixels for each pixel of the widget."""

    def mapToGlobal(self, point: QPoint, /) -> QPoint:
        """A point of the widget on the desktop."""

    def mapFromGlobal(self, point: QPoint, /) -> QPoint:
        """A point of the desktop in the widget."""

    def rect(self) -> QRect:
        """The widget's rectangle, in its own pixels."""

    def cell_at(self, position: QPointF) -> tuple[int, int]:
        """The cell nearest to a point of the widget."""

    def select_cells(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select between two cells, each a column and a row."""

    def deselect(self) -> None:
        """Clear the selection."""

    def request_frame(self) -> None:
        """Paint a frame soon: the selection has changed."""


class TerminalText(QAccessibleTextInterface):
    """The text of a terminal.

    PySide6 6.11 cannot return the selection's offsets, so the interface reports no selection. The reporter announces
    the selected text instead.
    """

    def __init__(self, view: View, surface: Surface, reporter: TextReporter) -> None:
        super().__init__()
        self._view = view
        self._surface = surface
        self._reporter = reporter

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
        rect = self._surface.cells_rect(cells.row, cells.column, cells.column + cells.width - 1)
        ratio = self._view.devicePixelRatioF()
        corner = self._view.mapToGlobal(QPoint(round(rect.left() / ratio), round(rect.top() / ratio)))
        return QRect(corner, QSize(round(rect.width() / ratio), round(rect.height() / ratio)))

    def offsetAtPoint(self, point: QPoint) -> int:
        """The offset of the character at a point of the desktop; -1 outside of the terminal."""
        position = self._view.mapFromGlobal(point)
        if not self._view.rect().contains(position):
            return -1
        column, row = self._view.cell_at(QPointF(position))
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
            self._view.select_cells((begin.column, begin.row), (last.column + last.width - 1, last.row))
            self._view.request_frame()

    def setSelection(self, _number: int, first: int, end: int) -> None:
        """Select the text between two offsets."""
        self.addSelection(first, end)

    def removeSelection(self, _number: int) -> None:
        """Clear the selection."""
        self._view.deselect()


class TerminalInterface(QAccessibleWidget):
    """The accessible interface of a terminal view."""

    def __init__(self, view: QWidget, text: Callable[[], TerminalText | None]) -> None:
        """``text`` returns the view's text; None while the view is being made."""
        super().__init__(view, QAccessible.Role.Terminal)
        self._text = text

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        """The pointer to another interface of the widget."""
        if kind == QAccessible.InterfaceType.TextInterface:
            return self._text() or _NULL
        return super().interface_cast(kind) or _NULL

    def state(self) -> QAccessible.State:
        """The widget's state; a terminal has several lines."""
        state = super().state()
        state.multiLine = True
        return state
