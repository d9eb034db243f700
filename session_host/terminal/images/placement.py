"""A placed image, and what it needs of the engine."""

from __future__ import annotations

import math
from typing import Final, Protocol

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.prompts import RowMark

from .command import Command
from .placeholders import MARKS, VirtualPlacement
from .saved import SavedPlacement
from .transmission import BadImageError
from .values import Image, Source

_MAX_CELLS: Final = 1000
"""The largest placement in columns or rows; the text scrolls by its rows."""


class Grid(Protocol):
    """The engine's grid, as images use it."""

    @property
    def size(self) -> GridSize:
        """The grid's size."""

    @property
    def cell(self) -> CellSize:
        """The cell's size, in pixels of the programs."""

    def cursor(self) -> tuple[int, int]:
        """The cursor's column and row."""

    def is_alternate(self) -> bool:
        """Whether the alternate screen is active."""

    def top(self) -> int:
        """The screen's first row, counted as a RowMark counts."""

    def mark_cursor(self) -> RowMark:
        """Mark the cursor's row; a resize keeps the mark."""

    def mark_row(self, stored_row: int) -> RowMark:
        """Mark a row of the active screen that ``stored_row`` has counted."""

    def stored_row(self, mark: RowMark) -> int | None:
        """A marked row, counted for a snapshot, also while its screen is not active; None if it is gone."""

    def move_cursor(self, columns: int, rows: int) -> None:
        """Move the cursor down, where the text scrolls, and right; to the next line if there is no such column."""

    def cover(self, columns: int, rows: int, *, keeps_text: bool) -> None:
        """Clear the cells from the cursor on, and move it down to the last of these rows, where the text scrolls.

        On the alternate screen, they are filled with ``covering.MARK``. With ``keeps_text``, only the cells without
        text are, and those with text get ``rows.UNDER_IMAGE``.
        """

    def print(self, text: str) -> None:
        """Print a line of text in place of an image."""

    def reply(self, data: bytes) -> None:
        """Send a reply to the program."""


class Placement:
    """A placed image."""

    __slots__ = (
        "alternate", "column", "columns", "id", "image", "mark", "offset", "parent", "rows", "source", "x", "y", "z",
    )  # fmt: skip

    def __init__(self, image: Image, saved: SavedPlacement, mark: RowMark) -> None:
        self.image = image
        self.mark = mark
        self.id = saved.id
        self.column = saved.column
        self.x = saved.x
        self.y = saved.y
        self.columns = saved.columns
        self.rows = saved.rows
        self.source = saved.source
        self.z = saved.z
        self.alternate = saved.alternate
        self.parent = saved.parent
        self.offset = saved.offset

    @property
    def key(self) -> tuple[int, int]:
        """The ids by which a relative placement names this one."""
        return self.image.id, self.id

    def follow(self, parent: Placement) -> None:
        """Go to the offset from another placement's first cell; the row stays the other one's, and scrolls with it."""
        columns, rows = self.offset
        self.mark, self.alternate = parent.mark, parent.alternate
        self.column = parent.column + math.floor(parent.x) + columns
        self.y = math.floor(parent.y) + rows + self.y % 1


def placement_of(
    command: Command, image: Image, cell: CellSize, column: int, room: int, *, alternate: bool
) -> SavedPlacement:
    """The position and size in a command, as a value; the row and the image's number are left open.

    Args:
        command: the command.
        image: the placed image.
        cell: the cell's size.
        column: the cursor's.
        room: the columns from there to the end of the row.
        alternate: whether the alternate screen is active.

    Raises:
        BadImageError: the image has no such part.
    """
    number, source = command.number, _source(command, image)
    cell_width, cell_height = max(cell.width_px, 1), max(cell.height_px, 1)
    x, y = min(number("X"), cell_width - 1) / cell_width, min(number("Y"), cell_height - 1) / cell_height
    columns, rows = number("c"), number("r")
    ratio = source.width / source.height * cell_height / cell_width
    wide = columns - x if columns else (rows - y) * ratio if rows else source.width / cell_width
    high = rows - y if rows else wide / ratio if columns else source.height / cell_height
    if number("F"):
        wide = min(wide, high * ratio, max(room, 1))
        high = wide / ratio
    wide, high = min(wide, _MAX_CELLS), min(high, _MAX_CELLS)
    parent = (number("P"), number("Q")) if number("P") else None
    offset = number("H"), number("V")
    return SavedPlacement(
        0, number("p"), 0, column, x, y, wide, high, source, number("z"), alternate, parent, offset
    )  # fmt: skip


def virtual_placement_of(command: Command, image: Image, cell: CellSize) -> VirtualPlacement:
    """The virtual placement that a command describes; without a size in cells, it has the image's own."""
    columns = command.number("c") or math.ceil(image.width_px / max(cell.width_px, 1))
    rows = command.number("r") or math.ceil(image.height_px / max(cell.height_px, 1))
    most = len(MARKS)
    return VirtualPlacement(image, command.number("p"), min(columns, most), min(rows, most), command.number("z"))


def _source(command: Command, image: Image) -> Source:
    """The part of an image that a placement shows.

    Raises:
        BadImageError: there is no such part.
    """
    x, y = command.number("x"), command.number("y")
    width = min(command.number("w") or image.width_px, image.width_px - x)
    height = min(command.number("h") or image.height_px, image.height_px - y)
    if width <= 0 or height <= 0:
        raise BadImageError("EINVAL:the image has no such part")
    return Source(x, y, width, height)
