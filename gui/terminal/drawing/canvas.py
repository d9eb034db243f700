"""The picture of the grid: receives frames, and paints only changed rows. Output path, 14 of 15.

Engines report whole screens as changed when they scroll. So each new row is compared with the shown ones: equal rows
stay, and rows that only moved are moved as pixels. Changed rows are painted when the picture is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter, QRegion

from gui.terminal.cell_metrics import CellMetrics
from gui.theme.tokens import TERMINAL_PADDING_PX
from session_host.protocol.values import MAX_COLUMNS, MAX_ROWS, GridSize
from session_host.terminal.base import Cursor, Frame
from session_host.terminal.rows import Row

from .row_painter import RowPainter

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


def least_covering(candidates: Sequence[QRect], *kept_free: Sequence[QRect]) -> QRect:
    """The first of the candidates that overlap the rectangles of ``kept_free`` least.

    A later list decides only between candidates that overlap the earlier lists equally.
    """

    def covered(candidate: QRect) -> list[int]:
        parts = [[candidate.intersected(rect) for rect in rects] for rects in kept_free]
        return [sum(part.width() * part.height() for part in some) for some in parts]

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


_SMALLEST_MOVE_ROWS = 4
"""Fewer changed rows than this are painted; searching for a move would take longer."""


class Canvas:
    """The shown rows, in device pixels.

    Attributes:
        size: the size of the grid.
        rows: each row's content; None for a row that is not known, or must be painted again.
    """

    def __init__(self, painter: RowPainter) -> None:
        self._painter = painter
        self.size = GridSize(0, 0)
        self.rows: list[Row | None] = []
        self._image = QImage()
        self._behind: set[int] = set()
        """The rows that the picture does not show yet."""
        self._cursor: Cursor | None = None

    @property
    def painter(self) -> RowPainter:
        """The painter of rows."""
        return self._painter

    def set_painter(self, painter: RowPainter) -> None:
        """Use other fonts or colours from now on, and repaint all known rows."""
        self._painter = painter
        rows = self.rows
        self._allocate(self.size)
        self.rows = rows
        self._behind = {number for number, row in enumerate(rows) if row is not None}

    def clear(self) -> None:
        """Clear the picture."""
        self._allocate(GridSize(0, 0))

    def _allocate(self, size: GridSize) -> None:
        metrics = self._painter.metrics
        self.size = size
        self.rows = [None] * size.rows
        self._behind.clear()
        width, height = size.columns * metrics.width, size.rows * metrics.height
        if self._image.width() != width or self._image.height() != height:
            self._image = QImage(width, height, QImage.Format.Format_RGB32)
        self._image.fill(self._painter.colors.background)

    def apply(self, frame: Frame) -> set[int]:
        """Update the picture to a frame; returns the numbers of the rows with changed pixels."""
        if frame.size != self.size:
            self._allocate(frame.size)
        rows = self.rows
        changed = {number: row for number, row in frame.rows.items() if number < len(rows) and rows[number] != row}
        ligatures = self._painter.metrics.ligatures
        if ligatures is not None and ligatures.yields:
            self._follow_cursor(frame.cursor, changed)
        else:
            self._cursor = frame.cursor
        touched = set(changed)
        if len(changed) >= _SMALLEST_MOVE_ROWS:
            touched |= self._move(changed)
        for number, row in changed.items():
            rows[number] = row
        self._behind.update(changed)
        return touched

    def paint(self, painter: QPainter, region: QRegion, corner: QPoint) -> None:
        """Paint a part of the grid.

        Args:
            painter: its coordinates are device pixels.
            region: a part of the grid, in these coordinates.
            corner: the grid's corner.
        """
        self._paint_changed()
        for rect in rectangles(region):
            painter.drawImage(rect.topLeft(), self._image, rect.translated(-corner))

    def _paint_changed(self) -> None:
        """Paint the changed rows in the picture."""
        rows = {number: row for number in sorted(self._behind) if (row := self.rows[number]) is not None}
        self._behind.clear()
        if rows and not self._image.isNull():
            self._painter.paint_rows(self._image, rows, self._cursor)

    def _follow_cursor(self, cursor: Cursor | None, changed: dict[int, Row]) -> None:
        """Add the rows to ``changed`` in which a ligature must be drawn again, or drawn no more."""
        previous, self._cursor = self._cursor, cursor
        if previous is not None and not previous.visible:
            previous = None
        if cursor is not None and not cursor.visible:
            cursor = None
        rows = self.rows
        if previous is not None and previous.row < len(rows) and (row := rows[previous.row]) is not None:
            is_there = cursor is not None and (cursor.row, cursor.column) == (previous.row, previous.column)
            is_source = len(changed) >= _SMALLEST_MOVE_ROWS
            if (is_source or not (is_there or previous.row in changed)) and self._painter.ligature_at(
                row, previous.column
            ):
                changed.setdefault(previous.row, row)
                rows[previous.row] = None  # Its pixels lack a ligature, and must not be moved.
        if cursor is None or cursor.row in changed or cursor.row >= len(rows) or cursor == previous:
            return
        if (row := rows[cursor.row]) is not None and self._painter.ligature_at(row, cursor.column):
            changed[cursor.row] = row

    def _move(self, changed: dict[int, Row]) -> set[int]:
        """Move pixels if most of ``changed`` is painted in other rows; removes these from ``changed``."""
        shift, block = self._find_move(changed)
        if not shift:
            return set()
        first, end = block
        behind = {number - shift for number in self._behind if first <= number - shift < end}
        if len(behind) < end - first:
            line = self._image.bytesPerLine() * self._painter.metrics.height
            # A memoryview's slice assignment handles overlap (memmove).
            pixels = memoryview(self._image.bits())
            pixels[first * line : end * line] = pixels[(first + shift) * line : (end + shift) * line]
            pixels.release()
        self._behind.difference_update(range(first, end))
        self._behind |= behind
        moved = self.rows[first + shift : end + shift]
        self.rows[first:end] = moved
        ligatures, cursor = self._painter.metrics.ligatures, self._cursor
        # The cursor's row is painted: a ligature gives way to it there.
        yielding_row = cursor.row if ligatures is not None and ligatures.yields and cursor is not None else -1
        for number in range(first, end):
            if number in changed and changed[number] == self.rows[number] and number != yielding_row:
                del changed[number]
        return set(range(first, end))

    def _find_move(self, changed: dict[int, Row]) -> tuple[int, tuple[int, int]]:
        """The (shift, (first, end)) of the longest block of rows that is painted ``shift`` rows below."""
        painted: dict[str, int] = {}
        """The first row that has a text, by the text: it is hashed more quickly than runs."""
        for number, row in enumerate(self.rows):
            if row is not None and (text := row.text()):
                painted.setdefault(text, number)
        best, best_block = 0, (0, 0)
        tried: set[int] = set()
        for number, row in changed.items():
            source = painted.get(row.text())
            if source is None or source - number in tried or self.rows[source] != row:
                continue
            shift = source - number
            tried.add(shift)
            block = self._block(changed, number, shift)
            if block[1] - block[0] > best_block[1] - best_block[0]:
                best, best_block = shift, block
        long_enough = best_block[1] - best_block[0] >= max(_SMALLEST_MOVE_ROWS, len(changed) // 3)
        return (best, best_block) if long_enough else (0, (0, 0))

    def _block(self, changed: dict[int, Row], number: int, shift: int) -> tuple[int, int]:
        """The block of rows around ``number`` that equals the painted rows ``shift`` rows below."""

        def fits(at: int) -> bool:
            source = at + shift
            return at in changed and 0 <= source < len(self.rows) and self.rows[source] == changed[at]

        first, end = number, number + 1
        while fits(first - 1):
            first -= 1
        while fits(end):
            end += 1
        return first, end


class GridLayout(NamedTuple):
    """The widget's size and the grid's position in it, in device pixels.

    The grid can be larger or smaller than the widget if another viewer is in use. A smaller grid is at the top left; of
    a larger one, as many top rows are left out as the cursor's row needs.
    """

    width: int
    height: int
    padding: int
    cell_width: int
    cell_height: int

    @classmethod
    def of(
        cls, width_px: int, height_px: int, metrics: CellMetrics, padding_px: int = TERMINAL_PADDING_PX
    ) -> GridLayout:
        """The layout of a widget of this size, with this distance around the grid, in logical pixels."""
        ratio = metrics.device_pixel_ratio
        return cls(
            round(width_px * ratio),
            round(height_px * ratio),
            round(padding_px * ratio),
            metrics.width,
            metrics.height,
        )

    @property
    def largest_grid(self) -> GridSize:
        """The largest grid that fits the widget; at least one cell."""
        columns = (self.width - 2 * self.padding) // self.cell_width
        rows = (self.height - 2 * self.padding) // self.cell_height
        return GridSize(min(max(columns, 1), MAX_COLUMNS), min(max(rows, 1), MAX_ROWS))

    def first_row(self, shown: GridSize, cursor_row: int | None) -> int:
        """The topmost visible row."""
        hidden = shown.rows - self.largest_grid.rows
        if hidden <= 0 or cursor_row is None:
            return 0
        return min(max(cursor_row - self.largest_grid.rows + 1, 0), hidden)

    def cell_at(self, x: float, y: float, shown: GridSize, first_row: int) -> tuple[int, int]:
        """The grid's cell nearest to a point in device pixels."""
        column = int((x - self.padding) // self.cell_width)
        row = int((y - self.padding) // self.cell_height) + first_row
        return min(max(column, 0), max(shown.columns - 1, 0)), min(max(row, 0), max(shown.rows - 1, 0))
