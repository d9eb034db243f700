"""The signs (U+E0A0–E0A2) and separators (U+E0B0–E0BF) of status lines as geometry."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

BRANCH, LINE_NUMBER, LOCK = 0xE0A0, 0xE0A1, 0xE0A2

_SOLID = frozenset((0xE0B0, 0xE0B2, 0xE0B4, 0xE0B6, 0xE0B8, 0xE0BA, 0xE0BC, 0xE0BE))
_FALLING = frozenset((0xE0B9, 0xE0BF))
_CORNERS = {
    0xE0B8: ((0, 0), (0, 1), (1, 1)),
    0xE0BA: ((1, 0), (1, 1), (0, 1)),
    0xE0BC: ((0, 0), (1, 0), (0, 1)),
    0xE0BE: ((0, 0), (1, 0), (1, 1)),
}
"""Lower left, lower right, upper left and upper right triangles, in a cell of 1 by 1."""


def is_separator(code: int) -> bool:
    """Whether the character is a separator, which this module draws even if the font has it."""
    return 0xE0B0 <= code <= 0xE0BF


def is_sign(code: int) -> bool:
    """Whether the character is a sign, which this module draws if the font lacks it."""
    return BRANCH <= code <= LOCK


def draw_separator(painter: QPainter, code: int, width: int, height: int, line: int, color: QColor) -> None:
    """Draw a separator from edge to edge of its cell."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if code in _SOLID:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
    else:
        pen = QPen(color, line)
        pen.setCapStyle(Qt.PenCapStyle.SquareCap)
        painter.setPen(pen)
    if code <= 0xE0B3:
        base, tip = (0.0, float(width)) if code <= 0xE0B1 else (float(width), 0.0)
        corners = QPolygonF([QPointF(base, 0), QPointF(tip, height / 2), QPointF(base, height)])
        painter.drawPolygon(corners) if code in _SOLID else painter.drawPolyline(corners)
    elif code <= 0xE0B7:
        inset = 0 if code in _SOLID else line / 2
        circle = QRectF(-width + inset, inset, 2 * (width - inset), height - 2 * inset)
        if code >= 0xE0B6:
            circle.moveLeft(inset)
        path = QPainterPath()
        path.arcMoveTo(circle, 90)
        path.arcTo(circle, 90, -180 if code <= 0xE0B5 else 180)
        painter.drawPath(path)
    elif code in _SOLID:
        painter.drawPolygon(QPolygonF([QPointF(x * width, y * height) for x, y in _CORNERS[code]]))
    elif code in _FALLING:
        painter.drawLine(QPointF(0, 0), QPointF(width, height))
    else:
        painter.drawLine(QPointF(0, height), QPointF(width, 0))
    painter.restore()


def draw_sign(painter: QPainter, code: int, width: int, baseline: int, line: int, color: QColor) -> None:
    """Draw a sign: a branch, LN, or a padlock."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    side = min(float(width), baseline * 0.8)
    top = baseline - min(baseline * 0.85, side * 1.6)
    left, right, bottom = (width - side) / 2 + line, (width + side) / 2 - line, float(baseline)
    pen = QPen(color, line)
    painter.setPen(pen)
    if code == BRANCH:
        fork = (top + bottom) / 2
        painter.drawLine(QPointF(left, top), QPointF(left, bottom))
        painter.drawPolyline(QPolygonF([QPointF(right, top), QPointF(right, fork), QPointF(left, bottom - line)]))
    elif code == LINE_NUMBER:
        middle, centre = (top + bottom) / 2, (left + right) / 2
        painter.drawPolyline(
            QPolygonF([QPointF(left, top), QPointF(left, middle - line), QPointF(centre, middle - line)])
        )
        upper = middle + line
        corners = [QPointF(centre, bottom), QPointF(centre, upper), QPointF(right, bottom), QPointF(right, upper)]
        painter.drawPolyline(QPolygonF(corners))
    else:
        body = QRectF(left, (top + bottom) / 2, right - left, (bottom - top) / 2)
        shackle = body.adjusted(line, 0, -line, 0)
        shackle.moveTop(top)
        shackle.setHeight(bottom - top)
        painter.drawArc(shackle, 0, 180 * 16)
        painter.fillRect(body, color)
    painter.restore()
