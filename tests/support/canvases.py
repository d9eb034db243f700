"""Renders a canvas into a picture, as a window does."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter, QRegion

from gui.terminal.drawing.canvas import Canvas
from session_host.protocol.values import GridSize

_AROUND = 0x123456


class CanvasWindow:
    """The picture of a window that shows a canvas's grid."""

    CORNER = QPoint(7, 5)

    def __init__(self, canvas: Canvas, size: GridSize) -> None:
        metrics = canvas.painter.metrics
        self._canvas = canvas
        self._grid = QRect(self.CORNER.x(), self.CORNER.y(), size.columns * metrics.width, size.rows * metrics.height)
        self._image = QImage(self._grid.right() + 12, self._grid.bottom() + 10, QImage.Format.Format_RGB32)
        self._image.fill(_AROUND)

    def show_rows(self, rows: Iterable[int]) -> None:
        """Paint rows."""
        height, region = self._canvas.painter.metrics.height, QRegion()
        for row in rows:
            region += QRect(self._grid.left(), self._grid.top() + row * height, self._grid.width(), height)
        self._paint(region)

    def show_part(self, part: QRect) -> None:
        """Paint a part of the grid, in pixels from the grid's corner; the part's edges may cut cells."""
        self._paint(QRegion(part.translated(self.CORNER) & self._grid))

    def _paint(self, region: QRegion) -> None:
        painter = QPainter(self._image)
        self._canvas.paint(painter, region, self.CORNER)
        painter.end()

    def grid(self) -> QImage:
        """The grid's pixels; asserts that nothing was painted outside the grid."""
        around = QImage(self._image)
        painter = QPainter(around)
        painter.fillRect(self._grid, _AROUND)
        painter.end()
        blank = QImage(self._image.size(), self._image.format())
        blank.fill(_AROUND)
        assert around == blank, "something was painted outside the grid"
        return self._image.copy(self._grid)


def picture_of(canvas: Canvas) -> QImage:
    """Paint all of a canvas at once; return the picture."""
    window = CanvasWindow(canvas, canvas.size)
    window.show_rows(range(canvas.size.rows))
    return window.grid()
