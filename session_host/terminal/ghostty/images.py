"""The images of one terminal, whose rows and cursor are the library's.

The library has kitty's protocol itself, but its snapshots lack images and placements, and it keeps decoded pixels. So
its own images are switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.images.covering import MARK
from session_host.terminal.images.graphics import Graphics
from session_host.terminal.images.replaying import NO_IMAGES, ReplayedImages, replayed
from session_host.terminal.images.saved import SavedImages
from session_host.terminal.prompts import RowMark

from .library.calls import EngineFailure, Getter, lib
from .row_marks import RowMarks, TrackedRow

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SavedImages)


class ImageGrid:
    """See ``images.placement.Grid``.

    Attributes:
        size: the grid's size.
        cell: the cell's size.
        reply: sends a reply to the program.
        write: feeds the terminal.
    """

    def __init__(
        self, terminal: Any, size: GridSize, cell: CellSize, marks: RowMarks, reply: Callable[[bytes], None]
    ) -> None:
        self.write: Callable[[bytes], object] = bytes
        self.size = size
        self.cell = cell
        self.reply = reply
        self._marks = marks
        self._cursor_x = Getter(terminal, "CURSOR_X", "uint16_t")
        self._cursor_y = Getter(terminal, "CURSOR_Y", "uint16_t")
        self._total_rows = Getter(terminal, "TOTAL_ROWS", "size_t")
        self._screen = Getter(terminal, "ACTIVE_SCREEN", "GhosttyTerminalScreen")

    def cursor(self) -> tuple[int, int]:
        """The cursor's column and row."""
        return int(self._cursor_x()), int(self._cursor_y())

    def is_alternate(self) -> bool:
        """Whether the alternate screen is active."""
        return bool(self._screen() == lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE)

    def stored_rows(self) -> int:
        """The rows of the active screen with its history, hidden ones too."""
        return int(self._total_rows())

    def top(self) -> int:
        """The screen's first row."""
        return self.stored_rows() - self.size.rows - self._marks.hidden_rows()

    def mark_cursor(self) -> TrackedRow:
        """Mark the cursor's row."""
        return self._marks.mark_cursor()

    def mark_row(self, stored_row: int) -> TrackedRow:
        """Mark a row of the active screen."""
        return self._marks.mark_stored_row(stored_row)

    def stored_row(self, mark: RowMark) -> int | None:
        """A marked row, with the hidden rows counted."""
        return mark.stored_row() if isinstance(mark, TrackedRow) else None

    def cover(self, columns: int, rows: int) -> None:
        """Clear the cells below an image, and move the cursor to its last row."""
        column, _ = self.cursor()
        mark = MARK.encode() * columns + b"\x1b[%dG" % (column + 1)
        fill = mark if self.is_alternate() else b"\x1b[%dX" % columns
        self.write((fill + b"\x1bD") * (rows - 1) + fill)

    def print(self, text: str) -> None:
        """Print text in place of an image."""
        self.write(text.encode())

    def move_cursor(self, columns: int, rows: int) -> None:
        """Move the cursor behind an image."""
        column, _ = self.cursor()
        right = b"\x1b[%dC" % columns if column + columns < self.size.columns else b"\r\x1bD"
        self.write(b"\x1bD" * rows + right)


class TerminalImages(Graphics):
    """The images of one terminal, and their part of a snapshot.

    Attributes:
        grid: the engine's side.
    """

    def __init__(
        self, terminal: Any, size: GridSize, cell: CellSize, marks: RowMarks, reply: Callable[[bytes], None]
    ) -> None:
        self.grid = ImageGrid(terminal, size, cell, marks, reply)
        super().__init__(self.grid)

    def encode(self) -> bytes:
        """The images' part of a snapshot; b"" for none."""
        return _encoder.encode(self.saved(self.grid.stored_rows())) if self.is_used else b""

    def replayed(self) -> ReplayedImages:
        """The commands that rebuild the images."""
        if not self.is_used:
            return NO_IMAGES
        return replayed(self.saved(self.grid.stored_rows()), self.grid.cell)

    def decode(self, data: bytes | memoryview) -> None:
        """Set the images from ``encode``.

        Raises:
            EngineFailure: the bytes are damaged.
        """
        if data:
            try:
                self.restore(_decoder.decode(data), self.grid.stored_rows())
            except msgspec.MsgspecError as error:
                raise EngineFailure(f"not the images of a snapshot: {error}") from error
