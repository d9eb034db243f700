"""Box drawing (U+2500–257F and newer ones), block elements (U+2580–259F) and scan lines (U+23BA–23BD) as geometry.

Fonts leave gaps between such characters if the cell's height is not the font's own line height; rectangles from edge to
edge leave none. Each character becomes rectangles in a cell of the given size; the few with curves or slants are
strokes. All coordinates are device pixels, so that neighbours meet.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

NONE, LIGHT, HEAVY, DOUBLE = range(4)

_WEIGHTS = {"LIGHT": LIGHT, "SINGLE": LIGHT, "HEAVY": HEAVY, "DOUBLE": DOUBLE}
_DIRECTIONS = {
    "LEFT": ("left",),
    "RIGHT": ("right",),
    "UP": ("up",),
    "DOWN": ("down",),
    "HORIZONTAL": ("left", "right"),
    "VERTICAL": ("up", "down"),
}
_DASHES = {"DOUBLE DASH": 2, "TRIPLE DASH": 3, "QUADRUPLE DASH": 4}

_SCAN_LINES = {0x23BA: 0, 0x23BB: 2, 0x23BC: 6, 0x23BD: 8}
"""The distances from the top, in eighths, of the horizontal lines 1, 3, 7 and 9 of DEC's terminals; ─ is line 5."""

ARC_DOWN_RIGHT, ARC_DOWN_LEFT, ARC_UP_LEFT, ARC_UP_RIGHT = range(0x256D, 0x2571)
DIAGONAL_RISING, DIAGONAL_FALLING, DIAGONAL_CROSS = range(0x2571, 0x2574)


class Rectangle(NamedTuple):
    """A filled part of a cell, in device pixels."""

    left: int
    top: int
    width: int
    height: int


class Arms(NamedTuple):
    """The weights of the lines from a cell's centre to its edges."""

    left: int = NONE
    right: int = NONE
    up: int = NONE
    down: int = NONE


_HORIZONTAL, _VERTICAL = Arms(left=LIGHT, right=LIGHT), Arms(up=LIGHT, down=LIGHT)
_LINES_AT_EDGES: dict[int, tuple[Arms, str]] = {
    0x1CC1B: (_HORIZONTAL, "upper right"),
    0x1CC1C: (_HORIZONTAL, "lower right"),
    0x1CC1D: (Arms(), "top, upper left"),
    0x1CC1E: (Arms(), "bottom, lower left"),
    0x1CE16: (_VERTICAL, "top right"),
    0x1CE17: (_VERTICAL, "bottom right"),
    0x1CE18: (_VERTICAL, "top left"),
    0x1CE19: (_VERTICAL, "bottom left"),
    0x1FBAF: (_HORIZONTAL, "stroke"),
}
"""Light lines in the middle, and lines at the cell's edges or halves of them, or a short stroke in the middle."""


def is_box_drawing(code: int) -> bool:
    """Whether this module draws the character."""
    return 0x2500 <= code <= 0x259F or code in _SCAN_LINES or code in _LINES_AT_EDGES


@lru_cache(maxsize=256)
def arms_of(code: int) -> Arms:
    """Read the arms of a line character from its Unicode name.

    "BOX DRAWINGS DOWN LIGHT AND UP HORIZONTAL HEAVY" has one weight and some directions on each side of AND; a side
    without a weight has the other side's.
    """
    name = unicodedata.name(chr(code)).removeprefix("BOX DRAWINGS ")
    weight = NONE
    arms: dict[str, int] = {}
    parts = [part.split() for part in name.split(" AND ")]
    for words in parts:
        weight = next((_WEIGHTS[word] for word in words if word in _WEIGHTS), weight)
        for word in words:
            for direction in _DIRECTIONS.get(word, ()):
                arms[direction] = weight
    return Arms(**arms)


def _dash_count(code: int) -> int:
    name = unicodedata.name(chr(code))
    return next((count for words, count in _DASHES.items() if words in name), 0)


class _Band(NamedTuple):
    """The edges of lines of all weights across one axis."""

    double_first: int
    heavy_first: int
    light_first: int
    light_last: int
    heavy_last: int
    double_last: int

    @classmethod
    def across(cls, extent: int, line: int) -> _Band:
        first = (extent - line) // 2
        more = max(line // 2, 1)
        return cls(first - line, first - more, first, first + line, first + line + more, first + 2 * line)

    def stretch(self, weight: int) -> list[tuple[int, int]]:
        """The lines of one weight, as (first, end) across the axis."""
        if weight == LIGHT:
            return [(self.light_first, self.light_last)]
        if weight == HEAVY:
            return [(self.heavy_first, self.heavy_last)]
        return [(self.double_first, self.light_first), (self.light_last, self.double_last)]


def _inner_end(band: _Band, sides: tuple[int, int], own: int, opposite: int) -> tuple[int, int]:
    """How far an arm extends over the centre: (end of an arm from the start, begin of one from the far edge).

    ``band`` has the crossing lines and ``sides`` their weights. Corners are closed, and a line ends at the near side of
    a double line that crosses it.
    """
    if HEAVY in sides:
        return band.heavy_last, band.heavy_first
    if sides[0] != sides[1] or own == opposite:
        if DOUBLE in sides:
            return band.double_last, band.double_first
        return band.light_last, band.light_first
    if sides == (NONE, NONE):
        return band.light_last, band.light_first
    return band.light_first, band.light_last


def _line_rectangles(arms: Arms, width: int, height: int, line: int) -> list[Rectangle]:
    rows = _Band.across(height, line)
    columns = _Band.across(width, line)
    rectangles: list[Rectangle] = []

    def add(left: int, top: int, right: int, bottom: int) -> None:
        if right > left and bottom > top:
            rectangles.append(Rectangle(left, top, right - left, bottom - top))

    up_end, down_begin = _inner_end(rows, (arms.left, arms.right), arms.up, arms.down)
    left_end, right_begin = _inner_end(columns, (arms.up, arms.down), arms.left, arms.right)
    # A double line's inner strand ends at the crossing double line's strand on that side.
    for index, (first, last) in enumerate(columns.stretch(arms.up) if arms.up else ()):
        side = (arms.left, arms.right)[index]
        add(first, 0, last, rows.light_first if arms.up == side == DOUBLE else up_end)
    for index, (first, last) in enumerate(columns.stretch(arms.down) if arms.down else ()):
        side = (arms.left, arms.right)[index]
        add(first, rows.light_last if arms.down == side == DOUBLE else down_begin, last, height)
    for index, (first, last) in enumerate(rows.stretch(arms.left) if arms.left else ()):
        side = (arms.up, arms.down)[index]
        add(0, first, columns.light_first if arms.left == side == DOUBLE else left_end, last)
    for index, (first, last) in enumerate(rows.stretch(arms.right) if arms.right else ()):
        side = (arms.up, arms.down)[index]
        add(columns.light_last if arms.right == side == DOUBLE else right_begin, first, width, last)
    return rectangles


def _edge_rectangle(place: str, width: int, height: int, line: int) -> Rectangle:
    """A line of ``_LINES_AT_EDGES``."""
    middle_x, middle_y = (width - line) // 2, (height - line) // 2
    if place == "stroke":
        return Rectangle(middle_x, height // 4, line, height // 2)
    side, _, half = place.partition(" ")
    if side in {"top", "bottom"}:
        left, right = (middle_x if half == "right" else 0), (middle_x + line if half == "left" else width)
        return Rectangle(left, 0 if side == "top" else height - line, right - left, line)
    top, bottom = (middle_y, height) if side == "lower" else (0, middle_y + line)
    return Rectangle(0 if half == "left" else width - line, top, line, bottom - top)


def _dash_rectangles(code: int, count: int, width: int, height: int, line: int) -> list[Rectangle]:
    arms = arms_of(code)
    horizontal = bool(arms.left)
    extent, across = (width, height) if horizontal else (height, width)
    ((first, last),) = _Band.across(across, line).stretch(arms.left or arms.up)
    gap = max(min(extent // (count * 3), extent // count - 1), 1)
    rectangles = []
    for index in range(count):
        begin = extent * index // count + gap // 2
        end = extent * (index + 1) // count - (gap - gap // 2)
        if end > begin:
            dash = (
                (begin, first, end - begin, last - first) if horizontal else (first, begin, last - first, end - begin)
            )
            rectangles.append(Rectangle(*dash))
    return rectangles


def _block_rectangles(code: int, width: int, height: int) -> list[Rectangle]:
    middle_x, middle_y = (width + 1) // 2, (height + 1) // 2
    if code == 0x2580:  # upper half
        return [Rectangle(0, 0, width, middle_y)]
    if 0x2581 <= code <= 0x2588:  # lower eighths; the half must meet the upper half
        tall = height - middle_y if code == 0x2584 else max(round(height * (code - 0x2580) / 8), 1)
        return [Rectangle(0, height - tall, width, tall)]
    if 0x2589 <= code <= 0x258F:  # left eighths, falling
        wide = middle_x if code == 0x258C else max(round(width * (0x2590 - code) / 8), 1)
        return [Rectangle(0, 0, wide, height)]
    if code == 0x2590:  # right half
        return [Rectangle(middle_x, 0, width - middle_x, height)]
    if 0x2591 <= code <= 0x2593:  # shades
        return shade_rectangles(code - 0x2590, width, height)
    if code == 0x2594:
        return [Rectangle(0, 0, width, max(round(height / 8), 1))]
    if code == 0x2595:
        wide = max(round(width / 8), 1)
        return [Rectangle(width - wide, 0, wide, height)]
    return _quadrant_rectangles(code, width, height)


_SHADE_DOT_PX = 8
"""A shade has dots of about an eighth of the cell's width, as in kitty; neighbours continue the pattern."""


def shade_rectangles(quarters: int, width: int, height: int, *, inverse: bool = False) -> list[Rectangle]:
    """A pattern that fills a number of quarters: of each four dots one, two on a diagonal, or three; or the rest."""
    dot = max(round(width / _SHADE_DOT_PX), 1)
    columns, rows = (2 * max(round(extent / (2 * dot)), 1) for extent in (width, height))
    rectangles: list[Rectangle] = []
    for row in range(rows):
        top, bottom = height * row // rows, height * (row + 1) // rows
        for column in range(columns):
            left, right = width * column // columns, width * (column + 1) // columns
            even = (column + row) % 2 == 0
            filled = even if quarters == 2 else (even and row % 2 == 0) if quarters == 1 else even or row % 2 == 0
            if filled != inverse and right > left and bottom > top:
                rectangles.append(Rectangle(left, top, right - left, bottom - top))
    return rectangles


# fmt: off
_QUADRANTS = {
    0x2596: "c", 0x2597: "d", 0x2598: "a", 0x2599: "acd", 0x259A: "ad",
    0x259B: "abc", 0x259C: "abd", 0x259D: "b", 0x259E: "bc", 0x259F: "bcd",
}
"""Upper left a, upper right b, lower left c, lower right d."""
# fmt: on


def _quadrant_rectangles(code: int, width: int, height: int) -> list[Rectangle]:
    middle_x, middle_y = (width + 1) // 2, (height + 1) // 2
    quadrants = {
        "a": Rectangle(0, 0, middle_x, middle_y),
        "b": Rectangle(middle_x, 0, width - middle_x, middle_y),
        "c": Rectangle(0, middle_y, middle_x, height - middle_y),
        "d": Rectangle(middle_x, middle_y, width - middle_x, height - middle_y),
    }
    return [quadrants[quadrant] for quadrant in _QUADRANTS[code]]


@lru_cache(maxsize=1024)
def rectangles_of(code: int, width: int, height: int, line: int) -> tuple[Rectangle, ...]:
    """The rectangles of a character; () for one with curves or slants."""
    if (eighths := _SCAN_LINES.get(code)) is not None:
        return (Rectangle(0, (height - line) * eighths // 8, width, line),)
    if code in _LINES_AT_EDGES:
        arms, places = _LINES_AT_EDGES[code]
        edges = [_edge_rectangle(place, width, height, line) for place in places.split(", ")]
        return (*_line_rectangles(arms, width, height, line), *edges)
    if code >= 0x2580:
        return tuple(_block_rectangles(code, width, height))
    if ARC_DOWN_RIGHT <= code <= DIAGONAL_CROSS:
        return ()
    if count := _dash_count(code):
        return tuple(_dash_rectangles(code, count, width, height, line))
    return tuple(_line_rectangles(arms_of(code), width, height, line))


@lru_cache(maxsize=256)
def bars_of(code: int, width: int, height: int, line: int) -> tuple[Rectangle, ...]:
    """The rectangles of a character if all extend from its left to its right edge, else ().

    Equal characters in a row are then drawn as one.
    """
    rectangles = rectangles_of(code, width, height, line)
    if all(rectangle.left == 0 and rectangle.width == width for rectangle in rectangles):
        return rectangles
    if code < 0x2580:  # lines whose two arms overlap in the middle: ─ ━ ═
        arms = arms_of(code)
        if arms.left == arms.right and not arms.up and not arms.down and not _dash_count(code) and rectangles:
            tops = sorted({(rectangle.top, rectangle.height) for rectangle in rectangles})
            return tuple(Rectangle(0, top, width, tall) for top, tall in tops)
    return ()


def draw(painter: QPainter, code: int, width: int, height: int, line: int, color: QColor) -> None:
    """Draw a character with its cell's corner at the painter's origin."""
    for left, top, wide, tall in rectangles_of(code, width, height, line):
        painter.fillRect(left, top, wide, tall, color)
    if ARC_DOWN_RIGHT <= code <= DIAGONAL_CROSS:
        _draw_stroke(painter, code, width, height, line, color)


def _draw_stroke(painter: QPainter, code: int, width: int, height: int, line: int, color: QColor) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(color, line)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap if code < DIAGONAL_RISING else Qt.PenCapStyle.SquareCap)
    painter.setPen(pen)
    if code < DIAGONAL_RISING:
        painter.drawPath(_arc(code, width, height, line))
    if code in {DIAGONAL_RISING, DIAGONAL_CROSS}:
        painter.drawLine(QPointF(0, height), QPointF(width, 0))
    if code in {DIAGONAL_FALLING, DIAGONAL_CROSS}:
        painter.drawLine(QPointF(0, 0), QPointF(width, height))
    painter.restore()


def _arc(code: int, width: int, height: int, line: int) -> QPainterPath:
    """A rounded corner with ends that meet the straight lines of the neighbours."""
    centre_x = (width - line) // 2 + line / 2
    centre_y = (height - line) // 2 + line / 2
    right = code in {ARC_DOWN_RIGHT, ARC_UP_RIGHT}
    down = code in {ARC_DOWN_RIGHT, ARC_DOWN_LEFT}
    # The last pixels before the edge are straight, like the neighbour's.
    room = min(width - centre_x if right else centre_x, height - centre_y if down else centre_y)
    radius = max(room - line, room / 2)
    path = QPainterPath(QPointF(centre_x, height if down else 0))
    path.lineTo(centre_x, centre_y + (radius if down else -radius))
    box = QRectF(
        centre_x if right else centre_x - 2 * radius,
        centre_y if down else centre_y - 2 * radius,
        2 * radius,
        2 * radius,
    )
    start = 180 if right else 0
    sweep = -90 if right == down else 90
    path.arcTo(box, start, sweep)
    path.lineTo(width if right else 0, centre_y)
    return path
