"""Overhang: the pixels of a glyph outside its cell.

Where a font's advance is rounded down to the cell's width, some letters reach a pixel into the next cell; slanted ones
reach farther. There are few such pixels, so each is blended separately over the neighbour's pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

from gui.terminal.cell_metrics import PRINTABLE_ASCII, CellMetrics

from .cell_colors import CellColors
from .grid_area import GridArea

Characters = TypeVar("Characters", str, list[int])
Indexes = npt.NDArray[np.int32]

CODES: Final = 128
"""The number of character codes of an alphabet; some have no picture."""

OVERHANG_CELLS: Final = 3
"""A glyph that is drawn alone has a blank cell before and behind its own."""

_MAX_PIXELS: Final = 32_000
"""Qt paints pictures of less than 32,768 pixels' width."""

_VARIANTS: Final = 4
_OPAQUE: Final = 255


def spaced(text: str) -> str:
    """The text with a blank before and after each character."""
    return "".join([f" {character} " for character in text])


def in_parts(characters: Characters, width: int) -> Iterator[Characters]:
    """Characters in parts, spaced out as short as Qt can paint; ``width``: a cell's, in pixels."""
    at_once = max(_MAX_PIXELS // (OVERHANG_CELLS * width), 1)
    for first in range(0, len(characters), at_once):
        yield characters[first : first + at_once]


class Overhang:
    """The pixels of all printable ASCII of the four fonts, outside of their cells, but in their row."""

    def __init__(self, metrics: CellMetrics) -> None:
        self._metrics = metrics
        found = [self._of_variant(variant) for variant in range(_VARIANTS) if metrics.exact[variant]]
        pixels = np.concatenate(found) if found else np.empty((0, 7), np.int32)
        kinds, self._y, self._x = pixels[:, 0], pixels[:, 1], pixels[:, 2]
        self._alpha = pixels[:, 3:]
        self._counts = np.bincount(kinds, minlength=_VARIANTS * CODES)
        self._ends = np.cumsum(self._counts)
        self._variants = {kind // CODES for kind in kinds.tolist()}

    def _of_variant(self, variant: int) -> Indexes:
        """Pixels as rows: the kind of glyph, y and x from its cell's corner, and the share of ink in blue, green, red.

        They are sorted by kinds: ``variant * CODES + code``. The last column is for the unused channel.
        """
        metrics = self._metrics
        width, height = metrics.width, metrics.height
        found: list[Indexes] = []
        for characters in in_parts(PRINTABLE_ASCII, width):
            picture = QImage(OVERHANG_CELLS * width * len(characters), height, QImage.Format.Format_RGB32)
            picture.fill(Qt.GlobalColor.white)
            painter = QPainter(picture)
            painter.setFont(metrics.fonts[variant])
            painter.drawText(0, metrics.ascent, spaced(characters))
            painter.end()
            channels = np.frombuffer(picture.constBits(), np.uint8).astype(np.int32)
            ink = (_OPAQUE - channels).reshape(height, len(characters), -1, 4).transpose(1, 0, 2, 3)
            ink[:, :, width : 2 * width] = 0
            number, y, x = np.nonzero(ink.any(axis=3))
            kinds = variant * CODES + np.array([*map(ord, characters)])[number]
            found.append(np.column_stack((kinds, y, x - width, ink[number, y, x])).astype(np.int32))
        return np.concatenate(found)

    def paint(
        self,
        area: GridArea,
        rows: Sequence[int],
        codes: npt.NDArray[np.uint8],
        alphabets: Indexes,
        colors: Sequence[CellColors],
    ) -> None:
        """Paint the overhang of cells; see ``GlyphAtlas.paint``. ``colors`` are the alphabets'."""
        if self._variants.isdisjoint(each.variant for each in colors):
            return
        variants = np.array([each.variant for each in colors], np.int32)
        kinds = variants[alphabets] * CODES + codes
        counts = self._counts[kinds]
        cells = np.flatnonzero(counts)
        if not len(cells):
            return
        counts, kinds = counts[cells], kinds[cells]
        ends = np.cumsum(counts)
        indexes = np.repeat(self._ends[kinds] - ends, counts) + np.arange(ends[-1])
        cells = np.repeat(cells, counts)
        columns = area.columns
        x = cells % columns * self._metrics.width + self._x[indexes]
        y = np.array(rows, np.int32)[cells // columns] * self._metrics.height + self._y[indexes] + area.top
        is_inside = (x >= 0) & (x < columns * self._metrics.width)
        x += area.left
        x, y, indexes, cells = x[is_inside], y[is_inside], indexes[is_inside], cells[is_inside]
        inks = np.array([each.foreground for each in colors], np.uint32)
        ink = inks[alphabets[cells]].view(np.uint8).reshape(-1, 4)
        pixels = channels_of(area.image)
        alpha = self._alpha[indexes]
        pixels[y, x] = _share(ink, alpha) + _share(pixels[y, x], _OPAQUE - alpha)


def channels_of(image: QImage) -> npt.NDArray[np.uint8]:
    """The pixels of a picture with 32 bits for each, to be written: blue, green, red and alpha by row and column."""
    shape, strides = (image.height(), image.width(), 4), (image.bytesPerLine(), 4, 1)
    return np.ndarray(shape, np.uint8, image.bits(), strides=strides)


def _share(channels: npt.NDArray[np.uint8], alpha: Indexes) -> Indexes:
    """``channels * alpha / 255``, rounded as Qt does."""
    product: Indexes = channels * alpha
    return (product + (product >> 8) + 0x80) >> 8
