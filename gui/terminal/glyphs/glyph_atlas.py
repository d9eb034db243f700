"""An atlas: pictures of ASCII characters in their cells, in a font, a colour and a background.

Qt shapes and blends the glyphs of a text each time that it is drawn. If each character is drawn once and then copied by
numpy, a screen with thousands of cells is painted in a quarter of the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage, QPainter

from gui.terminal.cell_metrics import CellMetrics
from session_host.protocol.values import MAX_COLUMNS

from .cell_colors import CellColors
from .grid_area import GridArea
from .overhang import CODES, OVERHANG_CELLS, Indexes, Overhang, channels_of, in_parts, spaced

_FORMAT: Final = QImage.Format.Format_RGB32
_NO_PICTURE: Final = -1
_MAX_BYTES: Final = 16 * 1024 * 1024
_SMALLEST: Final = MAX_COLUMNS
"""The minimum size of an atlas in pictures: one row can have that many different cells."""


class AtlasIsFull(Exception):
    """There is no room for the pictures of all different cells."""


class GlyphAtlas:
    """Pictures of cells in one size.

    The pictures of one font, colour and background are an *alphabet*; alphabets have numbers, and so have pictures.

    Attributes:
        width: a cell's width in pixels.
        height: a cell's height in pixels.
        generation: how often all pictures were freed; alphabets of an earlier generation are void.
    """

    def __init__(self, metrics: CellMetrics) -> None:
        self._metrics = metrics
        self.width, self.height = metrics.width, metrics.height
        self._line = np.dtype((np.void, 4 * metrics.width))
        self._picture = np.dtype((np.void, self._line.itemsize * metrics.height))
        self._limit = max(_MAX_BYTES // self._picture.itemsize, _SMALLEST)
        self._overhang = Overhang(metrics)
        self.generation = 0
        self.clear()

    def clear(self) -> None:
        """Free all pictures; alphabets get new numbers."""
        self.generation += 1
        self._count = 0
        self._pictures: npt.NDArray[np.void] = np.empty(0, self._picture)
        self._alphabets: list[CellColors] = []
        self._numbers: dict[CellColors, int] = {}
        self._picture_of: Indexes = np.full((16, CODES), _NO_PICTURE, np.int32)

    @property
    def is_empty(self) -> bool:
        """Whether the atlas has no picture."""
        return self._count == 0

    def has_font(self, variant: int) -> bool:
        """Whether the atlas has pictures of printable ASCII in a font: if it fills its cells."""
        return self._metrics.exact[variant]

    def alphabet(self, colors: CellColors) -> int:
        """The number of the alphabet in these colours."""
        number = self._numbers.get(colors)
        if number is None:
            number = self._numbers[colors] = len(self._alphabets)
            self._alphabets.append(colors)
            if number == len(self._picture_of):
                self._picture_of = np.concatenate((self._picture_of, np.full_like(self._picture_of, _NO_PICTURE)))
        return number

    def paint(self, area: GridArea, rows: Sequence[int], text: str, alphabets: Indexes) -> None:
        """Paint whole rows of a grid.

        Args:
            area: the area of the grid.
            rows: the rows' numbers.
            text: a character for each cell of these rows, row by row.
            alphabets: their alphabets.

        Raises:
            AtlasIsFull: there is no room for the cells' pictures; nothing is painted.
        """
        codes = np.frombuffer(text.encode("ascii"), np.uint8)
        pictures = self._find_pictures(codes, alphabets)
        columns = area.columns
        pixels = channels_of(area.image).view(np.uint32)[:, area.left : area.left + columns * self.width, 0]
        lines = pixels.view(self._line)
        # Two copies are quicker than one: the first reads each picture at once, the second writes each line at once.
        cells = np.empty(columns, self._picture)
        cell_lines = self._lines_of(cells)
        for number, row in zip(rows, pictures.reshape(-1, columns), strict=True):
            top = area.top + number * self.height
            self._pictures.take(row, out=cells, mode="clip")
            lines[top : top + self.height] = cell_lines
        self._overhang.paint(area, rows, codes, alphabets, self._alphabets)

    def _find_pictures(self, codes: npt.NDArray[np.uint8], alphabets: Indexes) -> Indexes:
        """The numbers of pictures; missing ones are drawn."""
        cells = alphabets * CODES + codes
        found = self._picture_of.take(cells)
        is_missing = found == _NO_PICTURE
        if is_missing.any():
            self._draw(np.unique(cells[is_missing]).tolist())
            found = self._picture_of.take(cells)
        return found

    def _draw(self, cells: list[int]) -> None:
        """Draw pictures: their alphabets' numbers times CODES, plus their characters' codes, sorted."""
        self._make_room(len(cells))
        for drawn in in_parts(cells, self.width):
            picture = self._drawn(drawn)
            lines = np.frombuffer(picture.constBits(), self._line).reshape(self.height, -1)
            end = self._count + len(drawn)
            self._lines_of(self._pictures[self._count : end])[:] = lines[:, OVERHANG_CELLS // 2 :: OVERHANG_CELLS]
            self._picture_of.reshape(-1)[drawn] = np.arange(self._count, end)
            self._count = end

    def _lines_of(self, pictures: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
        """The lines of pixels of pictures that stand side by side."""
        return pictures.view(self._line).reshape(-1, self.height).T

    def _make_room(self, more: int) -> None:
        """Make room for more pictures."""
        room = len(self._pictures)
        needed = self._count + more
        if needed > self._limit:
            raise AtlasIsFull
        if needed > room:
            pictures = np.empty(min(max(needed, 2 * room, _SMALLEST), self._limit), self._picture)
            pictures[: self._count] = self._pictures[: self._count]
            self._pictures = pictures

    def _drawn(self, cells: list[int]) -> QImage:
        """A picture of these cells, each between blank ones."""
        metrics = self._metrics
        texts: defaultdict[int, str] = defaultdict(str)
        for cell in cells:
            texts[cell // CODES] += chr(cell % CODES)
        picture = QImage(OVERHANG_CELLS * metrics.width * len(cells), metrics.height, _FORMAT)
        painter = QPainter(picture)
        left = 0
        for number, text in texts.items():
            colors = self._alphabets[number]
            width = OVERHANG_CELLS * metrics.width * len(text)
            painter.fillRect(left, 0, width, metrics.height, QColor(colors.background))
            painter.setFont(metrics.fonts[colors.variant])
            painter.setPen(QColor(colors.foreground))
            painter.drawText(left, metrics.ascent, spaced(text))
            left += width
        painter.end()
        return picture
