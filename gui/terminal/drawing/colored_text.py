"""Draws text of one font in many colours at once.

A call of QPainter costs more than a glyph. So the text of a row in which nearly each cell has a colour of its own is
drawn at once: a picture gets all glyphs, then the cells' colours where glyphs are, and is drawn onto the canvas.
Only glyphs that stay within their cells are drawn so: each has the pixels that a text of its own would have.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QBrush, QImage, QPainter

from gui.terminal.cell_metrics import CellMetrics

_FORMAT = QImage.Format.Format_ARGB32_Premultiplied
_PIXEL_BYTES = 4
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_SOURCE = QPainter.CompositionMode.CompositionMode_Source
_ATOP = QPainter.CompositionMode.CompositionMode_SourceAtop
"""Opaque colours onto glyphs: as SourceIn, in a third of its time."""


class ColoredText:
    """Draws in one size; keeps the picture of a row.

    Attributes:
        drawable: for a variant of the font, the characters that can be drawn.
    """

    def __init__(self, metrics: CellMetrics) -> None:
        self._metrics = metrics
        self._picture = QImage()
        self.drawable = lru_cache(maxsize=None)(self._drawable)

    def _drawable(self, variant: int) -> frozenset[str]:
        metrics = self._metrics
        if not metrics.exact[variant]:
            return frozenset()
        return frozenset(" ").union(character for character in _ASCII if self._stays_in_cell(character, variant))

    def _stays_in_cell(self, character: str, variant: int) -> bool:
        """Draw a character amid blank cells, take its own cell away, and look whether the others are blank."""
        metrics = self._metrics
        width, height = metrics.width, metrics.height
        picture = QImage(3 * width, 3 * height, _FORMAT)
        picture.fill(0)
        blank = picture.copy()
        painter = QPainter(picture)
        painter.setFont(metrics.fonts[variant])
        painter.drawText(width, height + metrics.ascent, character)
        painter.setCompositionMode(_SOURCE)
        painter.fillRect(width, height, width, height, Qt.GlobalColor.transparent)
        painter.end()
        return picture == blank

    def draw(self, painter: QPainter, left: int, top: int, variant: int, text: str, pixels: bytes) -> None:
        """Draw text of drawable characters.

        Args:
            painter: the canvas's.
            left: the first cell's left edge, in pixels.
            top: the cells' upper edge, in pixels.
            variant: the font's.
            text: a character for each cell.
            pixels: the colours of a line of pixels over all cells.
        """
        metrics = self._metrics
        width, height = len(text) * metrics.width, metrics.height
        if self._picture.width() < width:
            self._picture = QImage(width, height, _FORMAT)
        area = QRect(0, 0, width, height)
        self._picture.fill(0)
        drawing = QPainter(self._picture)
        drawing.setFont(metrics.fonts[variant])
        drawing.drawText(0, metrics.ascent, text)
        drawing.setCompositionMode(_ATOP)
        drawing.fillRect(area, QBrush(QImage(pixels, width, 1, width * _PIXEL_BYTES, _FORMAT)))
        drawing.end()
        painter.drawImage(QPoint(left, top), self._picture, area)
