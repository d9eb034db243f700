"""Marks in the left margin of a terminal: how each command ended, and the command that the user went to."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.terminal.drawing.surface import Surface
from gui.theme.contrast import MARK_RATIO, readable
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import TERMINAL_PADDING_PX, blend
from gui.theme.tooltips import show_tooltip

_RED, _BLUE = 1, 4
_FAILED_PX = 3.0
_RING_PX = 4.0
_QUIET_SHARE = 0.5
_CURRENT_PX = 2.0
MIN_PX = 6
"""The narrowest padding that has room for marks."""
_LEFT_PX = 2.0
"""The left edge of marks: the line between two panes may cover the first pixel."""


class MarginMark(NamedTuple):
    """The end of one command, beside its prompt; in the widget's pixels."""

    top: float
    height: float
    exit_code: int
    row: int = -1
    """The prompt's row, counted from the oldest of the history; -1 for none."""


class Extent(NamedTuple):
    """The rows of one command, from its prompt to the end of its output."""

    top: float
    height: float


class PromptMargin(QWidget):
    """A widget over the terminal's left padding, beside the text.

    A failed command has a filled bar, other commands have a ring.

    Attributes:
        marks: the marks in view, from the top.
        current: the command that the user went to; None for none in view.
    """

    def __init__(self, view: QWidget, surface: Surface, describe: Callable[[int], str]) -> None:
        """Create the hidden margin; ``describe`` tells the command at a mark's row, for the mark's tool tip."""
        super().__init__(view)
        self._describe = describe
        self._view = view
        self._surface = surface
        self.marks: list[MarginMark] = []
        self.current: Extent | None = None
        self._padding_px = 0.0
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()

    def show_marks(self, marks: list[MarginMark], current: Extent | None) -> None:
        """Show other marks, unless the padding is too narrow for them."""
        padding_px = self._surface.layout.padding / self._surface.metrics.device_pixel_ratio
        if (marks, current, padding_px) != (self.marks, self.current, self._padding_px):
            self.marks, self.current, self._padding_px = marks, current, padding_px
            width = min(int(padding_px), TERMINAL_PADDING_PX)
            self.setGeometry(int(padding_px) - width, 0, width, self._view.height())
            self.setVisible((bool(marks) or current is not None) and width >= MIN_PX)
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._surface.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark in self.marks:
            paint_mark(painter, theme, theme.background, mark)
        if self.current is not None:
            color = readable(theme.palette[_BLUE], theme.background, MARK_RATIO)
            left = self.width() - _CURRENT_PX
            painter.fillRect(QRectF(left, self.current.top, _CURRENT_PX, self.current.height), color)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            y = event.pos().y()
            found = next((mark for mark in self.marks if mark.top <= y < mark.top + mark.height), None)
            show_tooltip(event, self._describe(found.row) if found is not None else "", self)
            return True
        return bool(super().event(event))


def failed_color(theme: TerminalTheme, background: QColor) -> QColor:
    """The colour of a failed command's bar on this background."""
    return readable(theme.palette[_RED], background, MARK_RATIO)


def paint_mark(painter: QPainter, theme: TerminalTheme, background: QColor, mark: MarginMark) -> None:
    """Paint the mark of a command's end at the left edge: a filled bar if it failed, else a ring."""
    if mark.exit_code:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(failed_color(theme, background))
        bar = QRectF(_LEFT_PX, mark.top + 1.5, _FAILED_PX, mark.height - 3)
        painter.drawRoundedRect(bar, _FAILED_PX / 2, _FAILED_PX / 2)
    else:
        painter.setPen(QPen(readable(blend(theme.foreground, background, _QUIET_SHARE), background, MARK_RATIO), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        center = QPointF(_LEFT_PX + _FAILED_PX / 2, mark.top + mark.height / 2)
        painter.drawEllipse(center, _RING_PX / 2, _RING_PX / 2)
