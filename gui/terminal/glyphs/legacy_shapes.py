"""Sextants, wedges, triangles and eighths (U+1FB00–1FB8B, "Symbols for Legacy Computing") as geometry.

The module reads each shape from its Unicode name, such as "BLOCK SEXTANT-135" or "LOWER LEFT BLOCK DIAGONAL UPPER
MIDDLE LEFT TO LOWER CENTRE". Few fonts have these characters, and those leave gaps between cells.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPolygonF

Point = tuple[float, float]

_POINTS: dict[str, Point] = {
    "UPPER LEFT": (0, 0), "UPPER CENTRE": (1 / 2, 0), "UPPER RIGHT": (1, 0),
    "UPPER MIDDLE LEFT": (0, 1 / 3), "UPPER MIDDLE RIGHT": (1, 1 / 3),
    "LOWER MIDDLE LEFT": (0, 2 / 3), "LOWER MIDDLE RIGHT": (1, 2 / 3),
    "LOWER LEFT": (0, 1), "LOWER CENTRE": (1 / 2, 1), "LOWER RIGHT": (1, 1),
}  # fmt: skip
_CELL: tuple[Point, ...] = ((0, 0), (1, 0), (1, 1), (0, 1))
_SIDES: dict[str, tuple[Point, Point]] = {
    "UPPER": ((0, 0), (1, 0)), "RIGHT": ((1, 0), (1, 1)), "LOWER": ((1, 1), (0, 1)), "LEFT": ((0, 1), (0, 0)),
}  # fmt: skip
_PARTS = {
    "ONE EIGHTH": 1 / 8, "ONE QUARTER": 2 / 8, "THREE EIGHTHS": 3 / 8,
    "FIVE EIGHTHS": 5 / 8, "THREE QUARTERS": 6 / 8, "SEVEN EIGHTHS": 7 / 8,
}  # fmt: skip
_WEDGE = re.compile(r"((?:LOWER|UPPER) (?:LEFT|RIGHT)) BLOCK DIAGONAL (.*) TO (.*)")
_EIGHTHS = re.compile(r"(VERTICAL|HORIZONTAL) ONE EIGHTH BLOCK-(\d+)")
_EDGES = re.compile(r"([A-Z]+(?: AND [A-Z]+)?) (ONE|THREE|FIVE|SEVEN) (EIGHTHS?|QUARTERS?) BLOCK")


def is_legacy_shape(code: int) -> bool:
    """Whether this module draws the character."""
    return 0x1FB00 <= code <= 0x1FB8B


@lru_cache(maxsize=256)
def polygons_of(code: int) -> tuple[tuple[Point, ...], ...]:
    """The filled polygons of a character in a cell of 1 by 1."""
    name = unicodedata.name(chr(code))
    if name.startswith("BLOCK SEXTANT-"):
        return tuple(_sextant(int(number) - 1) for number in name.removeprefix("BLOCK SEXTANT-"))
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


def _sextant(number: int) -> tuple[Point, ...]:
    row, column = divmod(number, 2)
    return _box(column / 2, row / 3, (column + 1) / 2, (row + 1) / 3)


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


def draw(painter: QPainter, code: int, width: int, height: int, color: QColor) -> None:
    """Draw a character with its cell's corner at the painter's origin."""
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
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
    painter.restore()


def _pixel(share: float, extent: int) -> int:
    """An edge in device pixels, equal for all shapes that share it; halves are as in block elements."""
    return (extent + 1) // 2 if share == 1 / 2 else round(extent * share)
