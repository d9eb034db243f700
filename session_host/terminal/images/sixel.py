"""Sixel images (DCS q), as commands of kitty's protocol: the size of their pixels; nothing is decoded.

Two values of such a command are our own: the format ``f=340`` is sixel data with the parameters before it, as
``0;1;0q"1;1;80;24#0…``. ``C=2`` clears the cells below the image, and puts the cursor into its last row, at its left
edge, as xterm does; ``C=3`` keeps their text, which is shown through the image's transparent pixels.

Source: VT330/VT340 Programmer Reference Manual, volume 2, chapter 14; xterm for the cursor, and for square pixels where
nothing says otherwise.

In other terminals, such an image is in the cells, and text that is written there later replaces it. Text that is shown
through an image's transparent pixels has an invisible mark in each cell: text without it was written since. On the
alternate screen, the cells below an image are filled with a mark, a blank that programs do not write: a cell without it
was written or erased since. The main screen's lines are wrapped again when the grid becomes narrower, and marks would
be wrapped with them. So its cells are only erased, and only text shows that they were written.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.rows import UNDER_IMAGE

from .values import PlacedImage

if TYPE_CHECKING:
    from session_host.terminal.rows import Row


FORMAT: Final = 340
"""In commands; VT340 was the first terminal with it in many colours."""

MAX_SIXEL_BYTES: Final = 16 * 1024 * 1024
MAX_SIDE_PX: Final = 10_000
"""Of images of any form."""

COLORS: Final = 256
"""The reply to a program that asks for the number of colours. Images with more colours are shown as well."""

BAND_ROWS: Final = 6
"""Rows of pixels in one character."""

_RASTER: Final = re.compile(rb'[0-9;]*q\s*"([0-9]{0,6});([0-9]{0,6});([0-9]{1,6});([0-9]{1,6})')
_MAX_RATIO: Final = 10
_MEASURED_BYTES: Final = 1024 * 1024
"""The part searched for the width. Nearly all programs write raster attributes; garbage must not take seconds."""

_MAX_PIXELS_FOR_BYTE: Final = 2048
"""The text below larger images is cleared: marking a screen full of it takes a hundredth of a second, and a few
bytes must not take so long."""

_COLORS: Final = re.compile(rb"#[0-9;]*")
_LINE_END: Final = re.compile(rb"[$-]")
_REPEATED: Final = re.compile(rb"!([0-9]{1,6})[?-~]")
_NO_PIXELS: Final = bytes(code for code in range(256) if not 0x3F <= code <= 0x7E)


class Raster(NamedTuple):
    """The size of an image in sixels, and its height in square pixels."""

    columns: int
    rows: int
    height_px: int


def raster_of(data: bytes) -> Raster | None:
    """The size of an image; None if it has no pixels.

    The data's own raster attributes say it; without them, the widest line at the beginning does.
    """
    content = data[data.find(b"q") + 1 :]
    found = _RASTER.match(data)
    if found is None:
        bands = content.rstrip(b"-$ \r\n").count(b"-") + 1
        columns = max(map(_width_of, _LINE_END.split(_COLORS.sub(b"", content[:_MEASURED_BYTES]))))
        return Raster(columns, bands * BAND_ROWS, bands * BAND_ROWS) if columns else None
    high, wide, columns, rows = (int(number or 0) for number in found.groups())
    ratio = min(max(high / wide, 1 / _MAX_RATIO), _MAX_RATIO) if high and wide else 1
    return Raster(columns, rows, max(round(rows * ratio), 1)) if columns and rows else None


def is_transparent(data: bytes) -> bool:
    """Whether the pixels that the data does not set are transparent (the second parameter)."""
    return data[: data.find(b"q")].split(b";")[1:2] == [b"1"]


def _width_of(line: bytes) -> int:
    """The number of sixels in a line without colours."""
    width = len(line.translate(None, _NO_PIXELS))
    return width + sum(int(number) - 1 for number in _REPEATED.findall(line)) if b"!" in line else width


def graphics_report(query: bytes, size: GridSize, cell: CellSize) -> bytes:
    """The answer to XTSMGRAPHICS: the number of colours, or the largest image that fits into the screen.

    Args:
        query: ``1`` (colours) or ``2`` (size), a semicolon, and 1 (read), 2 (reset), 3 (set) or 4 (read the maximum).
        size: the grid's size.
        cell: the cell's size.
    """
    item, _, action = query.partition(b";")
    if action == b"3":
        return b"\x1b[?%s;3;0S" % item  # It cannot be set.
    if item == b"1":
        return b"\x1b[?1;0;%dS" % COLORS
    width, height = size.columns * cell.width_px, size.rows * cell.height_px
    if action == b"4":
        width = height = MAX_SIDE_PX
    return b"\x1b[?2;0;%d;%dS" % (width, height)


def as_image_command(data: bytes) -> bytes:
    """The command that shows sixel data, with the parameters before it; b"" if it has no pixels."""
    raster = raster_of(data)
    if raster is None:
        return b""
    keeps_text = is_transparent(data) and raster.columns * raster.height_px <= _MAX_PIXELS_FOR_BYTE * len(data)
    covers = 3 if keeps_text else 2
    keys = f"a=T,f={FORMAT},q=2,C={covers},s={raster.columns},v={raster.height_px};"
    return keys.encode() + base64.b64encode(data)


MARK: Final = "\u00a0"
"""A no-break space: a blank for every reader of the text."""

Cells = tuple[int, int, int]
"""Cells side by side: the row, the first column, and the column after them."""


def uncovered(placed: PlacedImage, rows: Mapping[int, Row], columns: int, *, marked: bool) -> PlacedImage | None:
    """An image without the cells that were written since; None if none is left.

    Args:
        placed: the image in the viewport.
        rows: the viewport's rows by number.
        columns: the grid's width.
        marked: whether the cells below the image have marks.
    """
    first, end = math.floor(placed.column), min(math.ceil(placed.column + placed.columns), columns)
    written: list[Cells] = []
    has_left = False
    for number in range(math.floor(placed.row), math.ceil(placed.row + placed.rows)):
        row = rows.get(number)
        if row is not None:
            cells = list(_written(row, number, first, end, marked=marked))
            written += cells
            has_left = has_left or sum(last - begin for _, begin, last in cells) < end - first
    return placed._replace(written=tuple(written)) if has_left else None


def _written(row: Row, number: int, first: int, end: int, *, marked: bool) -> Iterator[Cells]:
    """The cells of a row from a column to another one that were written."""
    text = [" "] * max(end - first, 0)
    for run in row.runs:
        for offset in range(max(first - run.column, 0), min(end - run.column, run.cells)):
            if run.cluster:
                text[run.column + offset - first] = MARK if UNDER_IMAGE in run.text else run.text[0]
            else:
                text[run.column + offset - first] = run.text[offset]
    begin = None
    for column, character in enumerate(text, first):
        is_written = character != MARK if marked else character not in {MARK, " "}
        if is_written and begin is None:
            begin = column
        elif not is_written and begin is not None:
            yield number, begin, column
            begin = None
    if begin is not None:
        yield number, begin, end
