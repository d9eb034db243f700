"""Mosaics of "Symbols for Legacy Computing" (U+1FB00–1FBEF) and of its supplement (U+1CC21–1CEAF) as geometry.

Sextants, octants, sixteenths, wedges, triangles, eighths, shades, diagonals, parts of circles and ellipses. The module
reads most shapes of Unicode 13 from their names, such as "BLOCK SEXTANT-135" or "LOWER LEFT BLOCK DIAGONAL UPPER MIDDLE
LEFT TO LOWER CENTRE"; Python does not know all newer names. Few fonts have these characters, and those leave gaps
between cells.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from .box_drawing import Rectangle, shade_rectangles

Point = tuple[float, float]

_POINTS: dict[str, Point] = {
    "UPPER LEFT": (0, 0),
    "UPPER CENTRE": (1 / 2, 0),
    "UPPER RIGHT": (1, 0),
    "UPPER MIDDLE LEFT": (0, 1 / 3),
    "UPPER MIDDLE RIGHT": (1, 1 / 3),
    "LOWER MIDDLE LEFT": (0, 2 / 3),
    "LOWER MIDDLE RIGHT": (1, 2 / 3),
    "LOWER LEFT": (0, 1),
    "LOWER CENTRE": (1 / 2, 1),
    "LOWER RIGHT": (1, 1),
}
_CELL: tuple[Point, ...] = ((0, 0), (1, 0), (1, 1), (0, 1))
_SIDES: dict[str, tuple[Point, Point]] = {
    "UPPER": ((0, 0), (1, 0)),
    "RIGHT": ((1, 0), (1, 1)),
    "LOWER": ((1, 1), (0, 1)),
    "LEFT": ((0, 1), (0, 0)),
}
_PARTS = {
    "ONE EIGHTH": 1 / 8,
    "ONE QUARTER": 2 / 8,
    "THREE EIGHTHS": 3 / 8,
    "FIVE EIGHTHS": 5 / 8,
    "THREE QUARTERS": 6 / 8,
    "SEVEN EIGHTHS": 7 / 8,
}
_WEDGE = re.compile(r"((?:LOWER|UPPER) (?:LEFT|RIGHT)) BLOCK DIAGONAL (.*) TO (.*)")
_EIGHTHS = re.compile(r"(VERTICAL|HORIZONTAL) ONE EIGHTH BLOCK-(\d+)")
_EDGES = re.compile(r"([A-Z]+(?: AND [A-Z]+)?) (ONE|THREE|FIVE|SEVEN) (EIGHTHS?|QUARTERS?) BLOCK")


# fmt: off
_BOXES: dict[int, tuple[float, float, float, float]] = {
    0x1CEA0: (1 / 2, 3 / 4, 1, 1), 0x1CEA1: (1 / 4, 3 / 4, 1, 1), 0x1CEA2: (0, 3 / 4, 3 / 4, 1),
    0x1CEA3: (0, 3 / 4, 1 / 2, 1), 0x1CEA4: (0, 1 / 2, 1 / 4, 1), 0x1CEA5: (0, 1 / 4, 1 / 4, 1),
    0x1CEA6: (0, 0, 1 / 4, 3 / 4), 0x1CEA7: (0, 0, 1 / 4, 1 / 2), 0x1CEA8: (0, 0, 1 / 2, 1 / 4),
    0x1CEA9: (0, 0, 3 / 4, 1 / 4), 0x1CEAA: (1 / 4, 0, 1, 1 / 4), 0x1CEAB: (1 / 2, 0, 1, 1 / 4),
    0x1CEAC: (3 / 4, 0, 1, 1 / 2), 0x1CEAD: (3 / 4, 0, 1, 3 / 4), 0x1CEAE: (3 / 4, 1 / 4, 1, 1),
    0x1CEAF: (3 / 4, 1 / 2, 1, 1), 0x1FBCE: (0, 0, 2 / 3, 1), 0x1FBCF: (0, 0, 1 / 3, 1),
    0x1FBE4: (1 / 4, 0, 3 / 4, 1 / 2), 0x1FBE5: (1 / 4, 1 / 2, 3 / 4, 1), 0x1FBE6: (0, 1 / 4, 1 / 2, 3 / 4),
    0x1FBE7: (1 / 2, 1 / 4, 1, 3 / 4),
}
"""Single rectangles: left, top, right and bottom."""
# fmt: on

_QUADRANTS = 0x1CC21
_OCTANTS = 0x1CD00
_SEXTANTS = 0x1CE51
_SIXTEENTHS = 0x1CE90
# fmt: off
_OLDER_OCTANTS = frozenset((
    0x00, 0x01, 0x02, 0x03, 0x05, 0x0A, 0x0F, 0x14, 0x28, 0x3F, 0x40, 0x50, 0x55, 0x5A, 0x5F, 0x80, 0xA0, 0xA5, 0xAA,
    0xAF, 0xC0, 0xF0, 0xF5, 0xFA, 0xFC, 0xFF,
))
"""The patterns of eight parts that are characters elsewhere; the others are the octants, in order of their bits."""
# fmt: on
_OCTANT_PATTERNS = [bits for bits in range(256) if bits not in _OLDER_OCTANTS]
_SEPARATION = 1 / 16
"""Separated blocks leave this share of the cell's width at their edges."""

_SHADES: dict[int, tuple[tuple[Point, ...], bool, tuple[Point, ...]]] = {
    0x1FB8C: (((0, 0), (1 / 2, 0), (1 / 2, 1), (0, 1)), False, ()),
    0x1FB8D: (((1 / 2, 0), (1, 0), (1, 1), (1 / 2, 1)), False, ()),
    0x1FB8E: (((0, 0), (1, 0), (1, 1 / 2), (0, 1 / 2)), False, ()),
    0x1FB8F: (((0, 1 / 2), (1, 1 / 2), (1, 1), (0, 1)), False, ()),
    0x1FB90: (_CELL, True, ()),
    0x1FB91: (((0, 1 / 2), (1, 1 / 2), (1, 1), (0, 1)), True, ((0, 0), (1, 0), (1, 1 / 2), (0, 1 / 2))),
    0x1FB92: (((0, 0), (1, 0), (1, 1 / 2), (0, 1 / 2)), True, ((0, 1 / 2), (1, 1 / 2), (1, 1), (0, 1))),
    0x1FB94: (((0, 0), (1 / 2, 0), (1 / 2, 1), (0, 1)), True, ((1 / 2, 0), (1, 0), (1, 1), (1 / 2, 1))),
    0x1FB9C: (((0, 0), (1, 0), (0, 1)), False, ()),
    0x1FB9D: (((0, 0), (1, 0), (1, 1)), False, ()),
    0x1FB9E: (((1, 0), (1, 1), (0, 1)), False, ()),
    0x1FB9F: (((0, 0), (1, 1), (0, 1)), False, ()),
}
"""The area with a medium shade, whether that is inverse, and the area that is full."""

# fmt: off
_CORNERS: dict[str, Point] = {
    "UL": (0, 0), "UC": (1 / 2, 0), "UR": (1, 0), "ML": (0, 1 / 2), "MC": (1 / 2, 1 / 2), "MR": (1, 1 / 2),
    "LL": (0, 1), "LC": (1 / 2, 1), "LR": (1, 1),
}
_DIAGONALS = dict(zip(
    (*range(0x1FBA0, 0x1FBAF), *range(0x1FBD0, 0x1FBE0)),
    (
        "UC ML", "UC MR", "ML LC", "MR LC", "UC ML LC", "UC MR LC", "ML LC MR", "ML UC MR", "UC ML, MR LC",
        "UC MR, ML LC", "UC MR LC ML", "UC ML LC MR", "ML UC MR LC", "MR UC ML LC", "UC MR LC ML UC",
        "MR LL", "UR ML", "UL MR", "ML LR", "UL LC", "UC LR", "UR LC", "UC LL", "UL MC UR", "UR MC LR", "LL MC LR",
        "UL MC LL", "UL LC UR", "UR ML LR", "LL UC LR", "UL MR LL",
    ),
    strict=True,
))
"""Light lines through these points."""
# fmt: on

_NEGATIVES = {0x1FBBD: "UL LR, UR LL", 0x1FBBE: "MR LC", 0x1FBBF: "UC MR LC ML UC"}
"""Lines left out of a full cell."""

_CIRCLES = dict(
    zip(
        (0x1CE00, 0x1CE01, *range(0x1FBE0, 0x1FBE4), *range(0x1FBE8, 0x1FBF0)),
        ("ML MR", "UC LC", "UC", "MR", "LC", "ML", "UC", "MR", "LC", "ML", "UR", "LL", "LR", "UL"),
        strict=True,
    )
)
"""The centres of circles, of which a half or a quarter is in the cell; those before U+1FBE8 are outlines."""

_ELLIPSES = {
    **{0x1CC30 + number: (number % 4, number // 4, 4, 4) for number in range(16)},
    0x1CC35: (0, 0, 2, 2),
    0x1CC36: (1, 0, 2, 2),
    0x1CC39: (0, 1, 2, 2),
    0x1CC3A: (1, 1, 2, 2),
    0x1CE0B: (0, 0, 2, 1),
    0x1CE0C: (1, 0, 2, 1),
}
"""Outlines of which a part is in the cell: the cell's column and row among those that the ellipse fills, and these."""

_STRIPES, _FALLING_STRIPES, _RISING_STRIPES = 0x1FB97, 0x1FB98, 0x1FB99
_CHECKERS = {0x1FB95: 0, 0x1FB96: 1}
# fmt: off
_SHAPES = frozenset((
    *range(0x1FB00, 0x1FB93), 0x1FB94, *range(0x1FB95, 0x1FBA0), *_BOXES, *range(0x1FBE8, 0x1FBF0),
    *range(_QUADRANTS, _QUADRANTS + 15), *range(_OCTANTS, _OCTANTS + len(_OCTANT_PATTERNS)),
    *range(_SEXTANTS, _SEXTANTS + 63), *range(_SIXTEENTHS, _SIXTEENTHS + 16), *_NEGATIVES,
))
# fmt: on
_SHAPED_BY_LINES = frozenset((*_CIRCLES, *_ELLIPSES, *_DIAGONALS, *_NEGATIVES, _FALLING_STRIPES, _RISING_STRIPES))
_LINES = frozenset((*_DIAGONALS, *_ELLIPSES, 0x1CE00, 0x1CE01, *range(0x1FBE0, 0x1FBE4)))


def is_legacy_shape(code: int) -> bool:
    """Whether the character is a filled shape that this module draws."""
    return code >= _QUADRANTS and code in _SHAPES


def is_legacy_line(code: int) -> bool:
    """Whether the character has lines that this module draws; their colour is a text's."""
    return code >= _QUADRANTS and code in _LINES


@lru_cache(maxsize=1024)
def polygons_of(code: int) -> tuple[tuple[Point, ...], ...]:
    """The filled polygons of a character in a cell of 1 by 1."""
    if code in _BOXES:
        return (_box(*_BOXES[code]),)
    if code in _CHECKERS:
        places = [(column, row) for column in range(4) for row in range(4) if (column + row) % 2 == _CHECKERS[code]]
        return tuple(_box(column / 4, row / 4, (column + 1) / 4, (row + 1) / 4) for column, row in places)
    if code == _STRIPES:
        return (_box(0, 1 / 4, 1, 2 / 4), _box(0, 3 / 4, 1, 1))
    if _QUADRANTS <= code < _OCTANTS:
        return _blocks(code - _QUADRANTS + 1, 2, _SEPARATION)
    if _OCTANTS <= code < _SEXTANTS:
        return _blocks(_OCTANT_PATTERNS[code - _OCTANTS], 4)
    if _SEXTANTS <= code < _SIXTEENTHS:
        return _blocks(code - _SEXTANTS + 1, 3, _SEPARATION)
    if _SIXTEENTHS <= code < 0x1CEA0:
        row, column = divmod(code - _SIXTEENTHS, 4)
        return (_box(column / 4, row / 4, (column + 1) / 4, (row + 1) / 4),)
    name = unicodedata.name(chr(code))
    if name.startswith("BLOCK SEXTANT-"):
        return _blocks(sum(1 << int(number) - 1 for number in name.removeprefix("BLOCK SEXTANT-")), 3)
    if wedge := _WEDGE.fullmatch(name):
        return (_beside(_POINTS[wedge[1]], _POINTS[wedge[2]], _POINTS[wedge[3]]),)
    if "TRIANGULAR" in name:
        words = name.split(" TRIANGULAR")[0].split(" AND ")
        return tuple((*_SIDES[word], (1 / 2, 1 / 2)) for word in words)
    if eighths := _EIGHTHS.fullmatch(name):
        vertical = eighths[1] == "VERTICAL"
        spans = [((int(number) - 1) / 8, int(number) / 8) for number in eighths[2]]
        return tuple(_box(first, 0, last, 1) if vertical else _box(0, first, 1, last) for first, last in spans)
    edges = _EDGES.fullmatch(name)
    assert edges is not None, name
    part = _PARTS[f"{edges[2]} {edges[3]}"]
    return tuple(_edge(word, part) for word in edges[1].split(" AND "))


def _box(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _blocks(bits: int, rows: int, separation: float = 0.0) -> tuple[tuple[Point, ...], ...]:
    """The blocks of a pattern in two columns; each bit is one, from the upper left to the lower right."""
    x, y = separation, separation / 2  # A cell is about twice as high as wide.
    places = [divmod(number, 2) for number in range(2 * rows) if bits >> number & 1]
    return tuple(
        _box(column / 2 + x, row / rows + y, (column + 1) / 2 - x, (row + 1) / rows - y) for row, column in places
    )


def _edge(side: str, part: float) -> tuple[Point, ...]:
    return {
        "UPPER": _box(0, 0, 1, part),
        "LOWER": _box(0, 1 - part, 1, 1),
        "LEFT": _box(0, 0, part, 1),
        "RIGHT": _box(1 - part, 0, 1, 1),
    }[side]


def _beside(corner: Point, first: Point, last: Point) -> tuple[Point, ...]:
    """The part of the cell on ``corner``'s side of a line between two points of its edge."""

    def side(point: Point) -> float:
        return (last[0] - first[0]) * (point[1] - first[1]) - (last[1] - first[1]) * (point[0] - first[0])

    inside = side(corner)
    kept: list[Point] = []
    for index, point in enumerate(_CELL):
        if side(point) * inside > 0:
            kept.append(point)
        following = _CELL[(index + 1) % 4]
        # A line's ends are on the edge, between its corners.
        kept.extend(end for end in (first, last) if end != following and _between(point, following, end))
    return tuple(kept)


def _between(one: Point, other: Point, point: Point) -> bool:
    return all(min(one[axis], other[axis]) <= point[axis] <= max(one[axis], other[axis]) for axis in (0, 1))


def draw(painter: QPainter, code: int, width: int, height: int, line: int, color: QColor) -> None:
    """Draw a character with its cell's corner at the painter's origin."""
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if code in _SHADES:
        _draw_shade(painter, code, width, height, color)
    elif code in _SHAPED_BY_LINES:
        _draw_lines(painter, code, width, height, line, color)
    else:
        _draw_polygons(painter, code, width, height, color)
    painter.restore()


def _draw_shade(painter: QPainter, code: int, width: int, height: int, color: QColor) -> None:
    shaded, inverse, full = _SHADES[code]
    pattern = shade_rectangles(2, width, height, inverse=inverse)
    for area, dots in ((shaded, pattern), (full, [Rectangle(0, 0, width, height)])):
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(_pixel(x, width), _pixel(y, height)) for x, y in area]))
        painter.save()
        painter.setClipPath(path)
        for dot in dots:
            painter.fillRect(*dot, color)
        painter.restore()


def _draw_lines(painter: QPainter, code: int, width: int, height: int, line: int, color: QColor) -> None:
    """Draw diagonals, stripes, and parts of circles and ellipses."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(color, line)
    if code in _CIRCLES:
        radius = min(width, height) / 2
        if code < 0x1FBE8:
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            radius -= line / 2
        for x, y in map(_CORNERS.__getitem__, _CIRCLES[code].split()):
            painter.drawEllipse(QPointF(x * width, y * height), radius, radius)
        return
    painter.setPen(pen)
    if code in _NEGATIVES:
        painter.fillRect(0, 0, width, height, color)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if code in _ELLIPSES:
        column, row, columns, rows = _ELLIPSES[code]
        whole = QRectF(-column * width, -row * height, columns * width, rows * height)
        painter.drawEllipse(whole.adjusted(line / 2, line / 2, -line / 2, -line / 2))
        return
    if lines := _DIAGONALS.get(code) or _NEGATIVES.get(code):
        for points in lines.split(", "):
            painter.drawPolyline([QPointF(x * width, y * height) for x, y in map(_CORNERS.__getitem__, points.split())])
        return
    for number in range(-4, 5):  # Stripes that continue in the neighbouring cells.
        ends = (number / 2, number / 2 + 1) if code == _FALLING_STRIPES else (number / 2 + 1, number / 2)
        painter.drawLine(QPointF(ends[0] * width, 0), QPointF(ends[1] * width, height))


def _draw_polygons(painter: QPainter, code: int, width: int, height: int, color: QColor) -> None:
    slanted = QPainterPath()
    for polygon in polygons_of(code):
        xs, ys = {x for x, _ in polygon}, {y for _, y in polygon}
        if len(polygon) == 4 and len(xs) == len(ys) == 2:
            left, right = (_pixel(x, width) for x in (min(xs), max(xs)))
            top, bottom = (_pixel(y, height) for y in (min(ys), max(ys)))
            painter.fillRect(left, top, max(right - left, 1), max(bottom - top, 1), color)
            continue
        slanted.addPolygon(QPolygonF([QPointF(_pixel(x, width), _pixel(y, height)) for x, y in polygon]))
        slanted.closeSubpath()
    if not slanted.isEmpty():
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPath(slanted.simplified())  # one shape, without seams between its triangles


def _pixel(share: float, extent: int) -> int:
    """An edge in device pixels, equal for all shapes that share it; halves are as in block elements."""
    return (extent + 1) // 2 if share == 1 / 2 else round(extent * share)
