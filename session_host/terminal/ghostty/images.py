"""The images of one terminal, whose rows and cursor are the library's.

The library has kitty's protocol itself, but its snapshots lack images and placements, and it keeps decoded pixels. So
its own images are switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.images.graphics import NO_IMAGES, Graphics, ReplayedImages, replayed
from session_host.terminal.images.sixel import MARK
from session_host.terminal.images.values import SavedImages
from session_host.terminal.prompts import RowMark
from session_host.terminal.rows import PLAIN, UNDER_IMAGE, Row, Style
from session_host.terminal.text import style_change

from .cells import StyleStruct
from .library.calls import EngineFailure, Getter, lib, mode
from .row_marks import RowMarks, TrackedRow

_MODES: Final = ((2027, False, True), (7, False, True), (4, True, False))
"""The modes that marks need: clusters by Unicode, since without it the library takes a row for unchanged where a mark
joins a character; wrapping, so that a mark joins the last column; no insertion. Number, whether ANSI's, and value."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SavedImages)


class ImageGrid:
    """See ``images.graphics.Grid``.

    Attributes:
        size: the grid's size.
        cell: the cell's size.
        reply: sends a reply to the program.
        write: feeds the terminal.
        read_screen: reads a screen of so many rows, with the marks of text under images.
    """

    def __init__(
        self, terminal: Any, size: GridSize, cell: CellSize, marks: RowMarks, reply: Callable[[bytes], None]
    ) -> None:
        self.write: Callable[[bytes], object] = bytes
        self.read_screen: Callable[[int], list[Row]]
        self.size = size
        self.cell = cell
        self.reply = reply
        self._marks = marks
        self._cursor_x = Getter(terminal, "CURSOR_X", "uint16_t")
        self._cursor_y = Getter(terminal, "CURSOR_Y", "uint16_t")
        self._total_rows = Getter(terminal, "TOTAL_ROWS", "size_t")
        self._screen = Getter(terminal, "ACTIVE_SCREEN", "GhosttyTerminalScreen")
        self._terminal, self._pen = terminal, StyleStruct()

    def close(self) -> None:
        """Let the terminal's other parts go, which refer to the images."""
        del self.write, self.read_screen

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

    def cover(self, columns: int, rows: int, *, keeps_text: bool) -> None:
        """Clear or mark the cells below an image, and move the cursor to its last row."""
        column, row = self.cursor()
        home = b"\x1b[%dG" % (column + 1)
        fill = MARK.encode() * columns + home if self.is_alternate() else b"\x1b[%dX" % columns
        if not keeps_text:
            self.write((fill + b"\x1bD") * (rows - 1) + fill)
            return
        on_screen, above = self.read_screen(self.size.rows), -1
        for number in range(rows):
            # The row is new and blank if the text has scrolled.
            self.write(self._marked(on_screen[row], column, columns) + home if row > above else fill)
            if number < rows - 1:
                self.write(b"\x1bD")
                above, row = row, self.cursor()[1]

    def _marked(self, row: Row, first: int, columns: int) -> bytes:
        """Sequences that mark cells of the cursor's row, without a change of what these show."""
        cells: list[tuple[str, Style] | None] = [(" ", PLAIN)] * self.size.columns
        for run in row.runs:
            texts = [run.text, *[None] * (run.cells - 1)] if run.cluster else run.text
            for column, text in enumerate(texts, run.column):
                cells[column] = (text, run.style._replace(link="")) if text is not None else None
        text_end = max((column for column, cell in enumerate(cells) if cell and cell[0] not in {" ", MARK}), default=-1)
        parts: list[str] = []
        marks_blanks, styled = self.is_alternate(), False
        for column in range(first - (cells[first] is None), first + columns):
            text, style = cells[column] or (MARK, PLAIN)  # The second half of a wide character needs no mark.
            if text == MARK or UNDER_IMAGE in text or (text == " " and not marks_blanks):
                continue
            if text != " " and column + 1 < self.size.columns:
                parts.append(f"\x1b[{column + 2}G{UNDER_IMAGE}")  # It joins the text before the cursor.
                continue
            # The blanks between words stay such, since the text can be copied.
            content, styled = MARK if text == " " and column > text_end else text + UNDER_IMAGE, True
            parts.append(f"\x1b[{column + 1}G\x1b[0m{style_change(PLAIN, style)}{content}")
        for number, ansi, wanted in _MODES if parts else ():
            if mode(self._terminal, number, ansi) != wanted:
                change = f"\x1b[{'' if ansi else '?'}{number}"
                parts = [f"{change}{'h' if wanted else 'l'}", *parts, f"{change}{'l' if wanted else 'h'}"]
        if styled:
            lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_CURSOR_STYLE, self._pen.struct)
            parts.append(f"\x1b[0m{style_change(PLAIN, self._pen.style())}")
        return "".join(parts).encode()

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
