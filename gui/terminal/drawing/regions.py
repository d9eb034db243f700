"""Regions as rectangles, at another scale, and places that keep others free."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import cast

from PySide6.QtCore import QRect
from PySide6.QtGui import QRegion

Span = tuple[int, int, int]
"""A viewport row, and its first and last column of a link."""


def rectangles(region: QRegion) -> list[QRect]:
    """The rectangles of a region."""
    return list(cast("Iterable[QRect]", region))  # the type hints lack its iterator


def bands(rows: Iterable[int]) -> list[tuple[int, int]]:
    """The first and last row of each group of neighbouring rows."""
    found: list[tuple[int, int]] = []
    for row in sorted(rows):
        if found and found[-1][1] == row - 1:
            found[-1] = found[-1][0], row
        else:
            found.append((row, row))
    return found


def least_covering(places: Sequence[QRect], kept_free: Iterable[QRect]) -> QRect:
    """The first place that overlaps none of these rectangles, or else the place that overlaps them least."""
    rects = list(kept_free)

    def covered(place: QRect) -> int:
        parts = [place.intersected(rect) for rect in rects]
        return sum(part.width() * part.height() for part in parts)

    return min(places, key=covered)


def scaled(region: QRegion, factor: float) -> QRegion:
    """A region at another scale, extended to whole pixels."""
    if factor == 1:
        return region
    grown = QRegion()
    for rect in rectangles(region):
        left, top = math.floor(rect.left() * factor), math.floor(rect.top() * factor)
        right, bottom = math.ceil((rect.right() + 1) * factor), math.ceil((rect.bottom() + 1) * factor)
        grown += QRegion(left, top, right - left, bottom - top)
    return grown
