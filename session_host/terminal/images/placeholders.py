"""Images at Unicode placeholders: the program prints a character for each cell of the image.

A *virtual* placement says how many cells an image has; it is shown only where the text has its placeholders. The cell's
foreground is the image's id, its underline colour the placement's, and combining marks are the row, the column and the
highest byte of the id; a cell without a mark continues the cell at its left. So an image goes wherever the text goes:
through tmux, and into an editor's window.

Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from session_host.protocol.values import CellSize

from .values import Image, PlacedImage, SavedVirtual, Source

if TYPE_CHECKING:
    from session_host.terminal.rows import Row, Run

PLACEHOLDER: Final = "\U0010eeee"
_RANGES: Final = (
    "305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 5a8-5a9 "
    "5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 735-736 73a 73d "
    "73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 f82-f83 f86-f87 "
    "135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1 1dc3-1dc9 1dcb-1dcc "
    "1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 2cef-2cf1 2de0-2dff a66f a67c-a67d "
    "a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1 fe20-fe26 10a0f 10a38 1d185-1d189 1d1aa-1d1ad "
    "1d242-1d244 "
)
"""The marks that are numbers, from 0: those of Unicode 6.0 above their letter that no normalization changes."""


def _marks() -> str:
    """The characters in ``_RANGES``."""
    found: list[str] = []
    for part in _RANGES.split():
        first, _, last = part.partition("-")
        found.extend(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return "".join(found)


MARKS: Final = _marks()
_NUMBERS: Final = {mark: number for number, mark in enumerate(MARKS)}
_PLACEHOLDERS: Final = re.compile(f"{PLACEHOLDER}[{MARKS}]*")
_TRAILING_BLANKS: Final = re.compile(" +$", re.MULTILINE)
_ID_BITS: Final = 24


class VirtualPlacement(NamedTuple):
    """An image that is shown at placeholders."""

    image: Image
    id: int
    columns: int
    rows: int
    z: int

    def saved(self, image: int) -> SavedVirtual:
        """This placement in a snapshot; ``image`` is the image's place in the list of images."""
        return SavedVirtual(image, self.id, self.columns, self.rows, self.z)


class _Cell(NamedTuple):
    """The part of an image that one placeholder shows."""

    image: int
    placement: int
    row: int
    column: int


class _Block(NamedTuple):
    """Placeholders that show a rectangle of an image: its first cell, and its size."""

    cell: _Cell
    column: int
    row: int
    columns: int
    rows: int


def without_placeholders(text: str) -> str:
    """A selected text with blanks in place of placeholders."""
    if PLACEHOLDER not in text:
        return text
    return _TRAILING_BLANKS.sub("", _PLACEHOLDERS.sub(" ", text))


def shown_at_placeholders(
    rows: Mapping[int, Row], placements: list[VirtualPlacement], cell: CellSize
) -> Iterator[PlacedImage]:
    """The images at the placeholders of the viewport's rows.

    Args:
        rows: the rows by number.
        placements: the virtual ones, oldest first.
        cell: the cell's size, in pixels of the programs.
    """
    for block in _blocks(rows):
        wanted = block.cell
        for placed in reversed(placements):
            if placed.image.id == wanted.image and wanted.placement in {0, placed.id}:
                shown = _shown(block, placed, cell)
                if shown is not None:
                    yield shown
                break


def _blocks(rows: Mapping[int, Row]) -> Iterator[_Block]:
    """Rectangles of placeholders, as high as they can be: an image in one piece has no seams."""
    growing: dict[tuple[int, int], _Block] = {}
    last = -2
    for number in sorted(rows):
        if number != last + 1:
            yield from growing.values()
            growing = {}
        last = number
        found: dict[tuple[int, int], _Block] = {}
        for strip in _strips(rows[number], number):
            above = growing.get((strip.column, strip.columns))
            if above is not None and above.cell._replace(row=above.cell.row + above.rows) == strip.cell:
                found[strip.column, strip.columns] = above._replace(rows=above.rows + 1)
                del growing[strip.column, strip.columns]
            else:
                found[strip.column, strip.columns] = strip
        yield from growing.values()
        growing = found
    yield from growing.values()


def _strips(row: Row, number: int) -> Iterator[_Block]:
    """Placeholders side by side that show cells side by side."""
    strip: _Block | None = None
    for column, run, marks in _placeholders(row):
        left = None
        if strip is not None and strip.column + strip.columns == column:
            left = strip.cell._replace(column=strip.cell.column + strip.columns - 1)
        cell = _cell(run, marks, left)
        if left is not None and strip is not None and cell == left._replace(column=left.column + 1):
            strip = strip._replace(columns=strip.columns + 1)
            continue
        if strip is not None:
            yield strip
        strip = _Block(cell, column, number, 1, 1)
    if strip is not None:
        yield strip


def _placeholders(row: Row) -> Iterator[tuple[int, Run, str]]:
    """The columns of a row's placeholders, their runs and their marks."""
    for run in row.runs:
        if PLACEHOLDER not in run.text:
            continue
        if run.cluster:
            yield run.column, run, run.text[1:]
        else:
            for offset, character in enumerate(run.text):
                if character == PLACEHOLDER:
                    yield run.column + offset, run, ""


def _cell(run: Run, marks: str, left: _Cell | None) -> _Cell:
    """The part of an image that a placeholder shows; ``left`` is the placeholder at its left, None if there is none."""
    image, placement = _number_of(run.style.foreground), _number_of(run.style.underline_color)
    row, column, high = ([_NUMBERS.get(mark) for mark in marks] + [None] * 3)[:3]
    if (
        left is not None
        and (left.image & ((1 << _ID_BITS) - 1), left.placement) == (image, placement)
        and row in {None, left.row}
        and column in {None, left.column + 1}
        and high in {None, left.image >> _ID_BITS}
    ):
        return left._replace(column=left.column + 1)
    return _Cell(image | (high or 0) << _ID_BITS, placement, row or 0, column or 0)


def _number_of(color: int) -> int:
    """The number that a colour stands for: a palette's index, or the value of an RGB colour."""
    return color & ((1 << _ID_BITS) - 1) if color >= 0 else 0


def _shown(block: _Block, placed: VirtualPlacement, cell: CellSize) -> PlacedImage | None:
    """The part of an image in a block of cells; None if the block is beside the image.

    The image fits into the placement's cells and is centred there.
    """
    image, first = placed.image, block.cell
    wide, high = image.width_px / max(cell.width_px, 1), image.height_px / max(cell.height_px, 1)
    scale = min(placed.columns / wide, placed.rows / high)
    wide, high = wide * scale, high * scale
    left, top = (placed.columns - wide) / 2, (placed.rows - high) / 2
    begin_x, end_x = max(first.column, left), min(first.column + block.columns, left + wide)
    begin_y, end_y = max(first.row, top), min(first.row + block.rows, top + high)
    if begin_x >= end_x or begin_y >= end_y:
        return None
    x, width = _pixels(begin_x - left, end_x - left, image.width_px / wide, image.width_px)
    y, height = _pixels(begin_y - top, end_y - top, image.height_px / high, image.height_px)
    return PlacedImage(
        image,
        Source(x, y, width, height),
        block.column + begin_x - first.column,
        block.row + begin_y - first.row,
        end_x - begin_x,
        end_y - begin_y,
        placed.z,
    )


def _pixels(begin: float, end: float, pixels_per_cell: float, size_px: int) -> tuple[int, int]:
    """The first pixel and the number of pixels between two distances in cells; at least one."""
    first = min(round(begin * pixels_per_cell), size_px - 1)
    return first, max(min(round(end * pixels_per_cell), size_px) - first, 1)
