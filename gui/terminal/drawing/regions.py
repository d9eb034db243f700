"""Regions as rectangles, at another scale; the rectangle that covers least of others."""

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


def least_covering(candidates: Sequence[QRect], kept_free: Iterable[QRect]) -> QRect:
    """The first candidate that overlaps no rectangle of ``kept_free``, or else the one that overlaps them least."""
    rects = list(kept_free)

    def covered(candidate: QRect) -> int:
        parts = [candidate.intersected(rect) for rect in rects]
        return sum(part.width() * part.height() for part in parts)

    return min(candidates, key=covered)


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
