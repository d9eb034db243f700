"""Text over a sixel image: in other terminals, such an image is in the cells, and what is written there replaces it.

Text that is shown through an image's transparent pixels has an invisible mark in each cell: text without it was written
since.

On the alternate screen, the cells below an image are filled with a mark, a blank that programs do not write: a cell
without it was written or erased since. The main screen's lines are wrapped again when the grid becomes narrower, and
marks would be wrapped with them. So its cells are only erased, and only text shows that they were written.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from session_host.terminal.rows import UNDER_IMAGE

from .values import PlacedImage

if TYPE_CHECKING:
    from session_host.terminal.rows import Row

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
