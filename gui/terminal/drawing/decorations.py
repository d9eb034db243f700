"""Draws underlines, strike-through, overline and link marks."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from gui.terminal.cell_metrics import CellMetrics
from session_host.terminal.rows import Underline

from .colors import Look


def draw(painter: QPainter, metrics: CellMetrics, look: Look, left: int, top: int, width: int) -> None:
    """Draw the lines of ``look`` over cells that begin at ``left`` and are ``width`` pixels wide."""
    line = metrics.line
    color = look.underline_color
    underline_top = top + metrics.underline_top
    if look.underline == Underline.SINGLE:
        painter.fillRect(left, underline_top, width, line, color)
    elif look.underline == Underline.DOUBLE:
        lower = min(underline_top + line, top + metrics.text_bottom - line)
        painter.fillRect(left, lower, width, line, color)
        painter.fillRect(left, lower - 2 * line, width, line, color)
    elif look.underline == Underline.CURLY:
        _draw_curl(painter, metrics, color, left, top, width)
    elif look.underline == Underline.DASHED:
        _draw_dashes(painter, color, left, underline_top, width, line, _dash_px(metrics))
    elif look.underline == Underline.DOTTED or look.link:
        _draw_dashes(painter, color, left, underline_top, width, line, 2 * line)
    if look.strike:
        painter.fillRect(left, top + metrics.strike_top, width, line, look.foreground)
    if look.overline:
        painter.fillRect(left, top + metrics.text_top, width, line, look.foreground)


def _dash_px(metrics: CellMetrics) -> int:
    """A dash and its gap: half a cell, so that the pattern continues over cells and runs."""
    return max(metrics.width // 2, 2)


def _draw_dashes(painter: QPainter, color: QColor, left: int, top: int, width: int, line: int, period: int) -> None:
    """Draw dashes in a pattern fixed to the grid's left edge, so that runs continue each other."""
    dash = max((period + 1) // 2, 1)
    right = left + width
    for begin in range(left - left % period, right, period):
        first, end = max(begin, left), min(begin + dash, right)
        if end > first:
            painter.fillRect(first, top, end - first, line, color)


def _draw_curl(painter: QPainter, metrics: CellMetrics, color: QColor, left: int, top: int, width: int) -> None:
    tile = _curl(metrics.width, metrics.text_bottom - metrics.ascent, metrics.line, color.rgba())
    tile_top = top + metrics.text_bottom - tile.height()
    for begin in range(left, left + width, metrics.width):
        painter.drawImage(begin, tile_top, tile)


@lru_cache(maxsize=64)
def _curl(width: int, room: int, line: int, rgba: int) -> QImage:
    """One wave as wide as a cell, and as tall as the space below the baseline allows."""
    height = max(min(room, 2 * line + max(width // 4, 2)), 3)
    tile = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    tile.fill(0)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor.fromRgba(rgba), line * 1.1))
    low, high = height - line / 2 - 0.25, line / 2 + 0.25
    middle, swing = (low + high) / 2, (low - high)
    path = QPainterPath()
    path.moveTo(-width / 2, middle)
    for step in range(-1, 3):
        begin = step * width / 2
        reach = swing if step % 2 else -swing
        path.quadTo(begin + width / 4, middle + reach, begin + width / 2, middle)
    painter.drawPath(path)
    painter.end()
    return tile
