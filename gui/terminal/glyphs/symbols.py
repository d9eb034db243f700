"""Braille (U+2800–28FF) and characters that fonts lack, as geometry."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from .legacy_shapes import is_legacy_shape
from .powerline import is_separator

_DOT_PLACES = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""The column and row of a braille pattern's dots, in the order of their bits."""

_SMALLEST_ROUND_DOT_PX = 4


BRANCH = 0x23BF
"""⎿: agents put it before details of the line above; few monospace fonts have it."""


_MEDIA_SIGNS = range(0x23F4, 0x23FB)
"""⏴ ⏵ ⏶ ⏷ ⏸ ⏹ ⏺: agents show modes and steps with them; few monospace fonts have them."""


_DOWN, _PAUSE, _STOP = 0x23F7, 0x23F8, 0x23F9


def is_often_missing(code: int) -> bool:
    """Whether this module draws the character if no font has it."""
    return code == BRANCH or code in _MEDIA_SIGNS


def is_braille(code: int) -> bool:
    """Whether the character is a braille pattern."""
    return 0x2800 <= code <= 0x28FF


def fills_cell(code: int) -> bool:
    """Whether the character is a shape that meets its neighbours; its colour is a background's, not a text's."""
    return 0x2580 <= code <= 0x259F or is_separator(code) or is_legacy_shape(code) or is_braille(code)


def draw_braille(painter: QPainter, code: int, width: int, height: int, color: QColor) -> None:
    """Draw a pattern's dots, evenly spaced so that neighbouring patterns continue each other."""
    bits = code - 0x2800
    dot = max(round(min(width / 3.4, height / 6.5)), 1)
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, dot >= _SMALLEST_ROUND_DOT_PX)
    for bit, (column, row) in enumerate(_DOT_PLACES):
        if not bits & 1 << bit:
            continue
        left = round(width * (2 * column + 1) / 4 - dot / 2)
        top = round(height * (2 * row + 1) / 8 - dot / 2)
        if dot >= _SMALLEST_ROUND_DOT_PX:
            painter.drawEllipse(QRectF(left, top, dot, dot))
        else:
            painter.fillRect(left, top, dot, dot, color)
    painter.restore()


def draw_branch(painter: QPainter, width: int, baseline: int, line: int, color: QColor) -> None:
    """Draw ⎿: down to the baseline, and from there to the right edge."""
    left = (width - line) // 2
    painter.fillRect(left, 0, line, baseline, color)
    painter.fillRect(left, baseline - line, width - left, line, color)


def draw_box(painter: QPainter, width: int, baseline: int, line: int, color: QColor) -> None:
    """Draw the box that stands for a character that no font has."""
    side = min(width - 2 * line, round(baseline * 0.8))
    left = (width - side) // 2
    for left_px, top_px, width_px, height_px in (
        (left, baseline - side, side, line),
        (left, baseline - line, side, line),
        (left, baseline - side, line, side),
        (left + side - line, baseline - side, line, side),
    ):
        painter.fillRect(left_px, top_px, width_px, height_px, color)


def draw_missing(painter: QPainter, code: int, size: QSizeF, baseline: int, line: int, color: QColor) -> None:
    """Draw a character of ``is_often_missing`` in a cell of this size."""
    if code == BRANCH:
        draw_branch(painter, round(size.width()), baseline, line, color)
        return
    side = min(size.width(), size.height()) * 0.8
    box = QRectF((size.width() - side) / 2, max(0.0, baseline - side), side, side)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if code <= _DOWN:
        # A triangle to the left, right, up or down is the one to the right, rotated.
        painter.translate(box.center())
        painter.rotate({0x23F4: 180, 0x23F5: 0, 0x23F6: -90, _DOWN: 90}[code])
        half = side / 2
        painter.drawPolygon(QPolygonF([QPointF(-half, -half), QPointF(half, 0), QPointF(-half, half)]))
    elif code == _PAUSE:
        bar = side / 3
        painter.drawRect(QRectF(box.left(), box.top(), bar, side))
        painter.drawRect(QRectF(box.right() - bar, box.top(), bar, side))
    elif code == _STOP:
        painter.drawRect(box)
    else:
        painter.drawEllipse(box)
    painter.restore()
