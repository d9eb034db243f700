"""Rounded frames on whole pixels, texts with marked characters, squares, meters, and the heights of bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from .tokens import FULL_PERCENT, NEARLY_FULL_PERCENT, RADIUS_PX, Tokens

_SQUARES, _SQUARE_PX = 5, 6
SQUARES_PX = _SQUARES * (_SQUARE_PX + 2)
"""The width of the squares for changed lines, with the space beside them."""
_MORE_LINES = (10, 40, 150, 600)
_ALMOST_PX = 0.01
"""So little of a pixel is a rounding error."""


def paint_frame(
    painter: QPainter,
    area: QRectF,
    line: QColor | None,
    background: QColor | None = None,
    *,
    radius_px: float = RADIUS_PX,
    line_px: float = 1,
) -> None:
    """Paint a frame just inside an area.

    At a scale of 150 % a line of one pixel covers one pixel of the screen and a half, which looks blurred. So the
    frame's edges are moved inwards to whole pixels, and its line width is rounded down to whole pixels.

    Args:
        painter: the painter; its other settings do not change.
        area: the frame with its line.
        line: the line's colour, None for none.
        background: the colour inside, None for none.
        radius_px: the radius of the corners.
        line_px: the line's width.
    """
    to_screen = painter.deviceTransform()
    to_painter, _ = to_screen.inverted()
    scale = to_screen.m11()
    edges = to_screen.mapRect(area)
    # A widget's outermost pixel, if it is covered in part, may belong to the widget beside it.
    left, top = math.ceil(edges.left() - _ALMOST_PX), math.ceil(edges.top() - _ALMOST_PX)
    right, bottom = math.floor(edges.right() + _ALMOST_PX), math.floor(edges.bottom() + _ALMOST_PX)
    width = max(math.floor(line_px * scale), 1) if line is not None else 0
    half = width / 2
    painter.save()
    painter.setWorldTransform(to_painter, combine=True)  # The screen's pixels are the unit from here on.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(line, width) if line is not None else Qt.PenStyle.NoPen)
    painter.setBrush(background if background is not None else Qt.BrushStyle.NoBrush)
    radius = radius_px * scale - half
    inside = QRectF(left, top, right - left, bottom - top).adjusted(half, half, -half, -half)
    painter.drawRoundedRect(inside, radius, radius)
    painter.restore()


def paint_matched(painter: QPainter, area: QRect, text: str, indexes: Sequence[int], tokens: Tokens) -> None:
    """Paint a text with its matched characters underlined in the accent colour."""
    metrics = painter.fontMetrics()
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    painter.setPen(tokens.color("accent"))
    underline = area.center().y() + metrics.height() // 2 - 1
    for index in indexes:
        first = area.left() + metrics.horizontalAdvance(text[:index])
        width = metrics.horizontalAdvance(text[: index + 1]) - metrics.horizontalAdvance(text[:index])
        painter.drawLine(first, underline, first + width - 2, underline)


def bar_height(count: int, highest: int) -> int:
    """The height of the bar of this many bytes, at most ``highest``: one more for each doubling from 32 on."""
    return min(max(int(math.log2(count / 32)), 1), highest) if count > 0 else 0


def squares(added: int, removed: int) -> tuple[int, int]:
    """How many of five places are lit for added and for removed lines.

    They are more for 10, 40, 150 and 600 lines, and shared in proportion; there is one of each that is there.
    """
    total = added + removed
    lit = max(sum(total >= least for least in (1, *_MORE_LINES)), bool(added) + bool(removed))
    green = min(max(round(lit * added / max(total, 1)), bool(added)), lit - bool(removed))
    return green, lit - green


def paint_squares(painter: QPainter, area: QRect, added: int, removed: int, tokens: Tokens) -> None:
    """Paint five places at an area's right: squares for added lines, bars for removed ones, dots for none."""
    middle, left = area.center().y() + 1, area.right() + 3 - SQUARES_PX
    for number in range(_SQUARES):
        x = left + number * (_SQUARE_PX + 2)
        if number < added:
            painter.fillRect(QRect(x, middle - _SQUARE_PX // 2, _SQUARE_PX, _SQUARE_PX), tokens.color("fine"))
        elif number < added + removed:
            painter.fillRect(QRect(x, middle - 1, _SQUARE_PX, 2), tokens.color("failed"))
        else:
            painter.fillRect(QRect(x + 2, middle - 1, 2, 2), tokens.color("border"))


METER_PX = 4


def full_colors(percent: float) -> tuple[str, str]:
    """The tokens of an area and of a text that say how full something is: quiet, from 75 % amber, from 90 % red."""
    if percent >= FULL_PERCENT:
        return "failed", "failed"
    return ("needs_you_fill", "needs_you") if percent >= NEARLY_FULL_PERCENT else ("secondary", "secondary")


def paint_meter(painter: QPainter, area: QRectF, percent: int, tokens: Tokens) -> None:
    """Paint how full something is in the middle of an area, as a bar on a track."""
    bar = QRectF(area.left(), area.center().y() - METER_PX / 2, area.width(), METER_PX)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    for color, share in (("hairline", 1.0), (full_colors(percent)[0], min(max(percent, 0), 100) / 100)):
        painter.setBrush(tokens.color(color))
        wide = max(bar.width() * share, METER_PX) if share else 0.0
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), wide, METER_PX), METER_PX / 2, METER_PX / 2)
    painter.restore()


RING_PX = 16
_RING_PEN_PX, _TRACK_ALPHA = 2.5, 0.25


def paint_ring(painter: QPainter, area: QRectF, percent: float, tokens: Tokens) -> None:
    """Paint how full something is as a part of a ring inside an area, from the top, clockwise."""
    arc = tokens.color(full_colors(percent)[0])
    track = QColor(arc)
    track.setAlphaF(_TRACK_ALPHA)
    inset = _RING_PEN_PX / 2 + 1
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for tone, share in ((track, 1.0), (arc, min(max(percent, 0), 100) / 100)):
        painter.setPen(QPen(tone, _RING_PEN_PX, c=Qt.PenCapStyle.FlatCap))
        painter.drawArc(area.adjusted(inset, inset, -inset, -inset), 90 * 16, -round(share * 360 * 16))
    painter.restore()
