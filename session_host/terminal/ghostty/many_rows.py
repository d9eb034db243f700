"""Reads many rows of a frame at once with numpy: in a third of the time that they take one by one.

Only windows load this file, since hosts do without numpy; see ``session_host.terminal.use_numpy``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from session_host.terminal.rows import Row, StyledText, StyleTable

from .cell_bits import LINK_BIT, NOT_ASCII, STYLE_SHIFT, TAG_MASK, WIDE_SHIFT, RawRow

_NOT_SIMPLE: Final = np.uint64(TAG_MASK | NOT_ASCII << 2 | 0b11 << WIDE_SHIFT | LINK_BIT)
"""Bits of cells that hold anything else than one ASCII character, or nothing, or that are linked."""
_CODE_SHIFT: Final = np.uint64(2)
_STYLE_SHIFT: Final = np.uint64(STYLE_SHIFT)
_BLANK: Final = np.uint8(ord(" "))
_UNUSED: Final = -1


class StyledCells(NamedTuple):
    """Cells of one row, each with another style.

    Attributes:
        page: the page that the style ids belong to.
        y: the row's number.
        columns: the cells' columns, by the ids of their styles.
    """

    page: int
    y: int
    columns: dict[int, int]


class ManyRows:
    """Rows of one frame, as far as they hold nothing but ASCII characters in styles.

    Attributes:
        styled_cells: for each page, one cell of each style; by rows.
    """

    def __init__(self, raw_rows: Sequence[RawRow]) -> None:
        cells = np.frombuffer(b"".join([raw.cells for raw in raw_rows]), np.uint64).reshape(len(raw_rows), -1)
        is_simple = np.bitwise_or.reduce(cells, axis=1) & _NOT_SIMPLE == 0
        if not is_simple.all():
            raw_rows = [raw_rows[index] for index in np.flatnonzero(is_simple).tolist()]
            cells = cells[is_simple]
        self._raw_rows = raw_rows
        self._columns = cells.shape[1]
        self._codes = (cells >> _CODE_SHIFT).astype(np.uint8)
        np.putmask(self._codes, self._codes == 0, _BLANK)
        self._style_ids = (cells >> _STYLE_SHIFT).astype(np.uint16).astype(np.intp)
        pages = [raw.page for raw in raw_rows]
        begins = [index for index, page in enumerate(pages) if not index or page != pages[index - 1]]
        self._pages = list(pairwise([*begins, len(pages)]))
        """The first row of each page, and the end of its rows."""
        self.styled_cells = [cells for first, end in self._pages for cells in self._cells_of(first, end)]

    def _cells_of(self, first: int, end: int) -> Iterable[StyledCells]:
        """A cell for each style of a page."""
        ids = self._style_ids[first:end].reshape(-1)
        last_cells = np.full(int(ids.max()) + 1, _UNUSED)
        last_cells[ids] = np.arange(len(ids))
        used = np.flatnonzero(last_cells != _UNUSED)
        rows, columns = np.divmod(last_cells[used], self._columns)
        found: dict[int, StyledCells] = {}
        for style_id, row, column in zip(used.tolist(), rows.tolist(), columns.tolist(), strict=True):
            if (cells := found.get(row)) is None:
                raw = self._raw_rows[first + row]
                cells = found[row] = StyledCells(raw.page, raw.y, {})
            cells.columns[style_id] = column
        return found.values()

    def rows(self, styles: Mapping[int, Mapping[int, int]], table: StyleTable) -> dict[int, Row]:
        """The rows by their numbers.

        Args:
            styles: the number in the table of each style of ``styled_cells``, by its page and id.
            table: the table.
        """
        numbers = np.empty(self._style_ids.shape, np.uint16)
        for first, end in self._pages:
            numbers_of_page = styles[self._raw_rows[first].page]
            number_of = np.zeros(max(numbers_of_page) + 1, np.uint16)
            number_of[[*numbers_of_page]] = [*numbers_of_page.values()]
            number_of.take(self._style_ids[first:end], out=numbers[first:end], mode="clip")
        return dict(zip([raw.y for raw in self._raw_rows], self._rows(numbers, table), strict=True))

    def _rows(self, numbers: npt.NDArray[np.uint16], table: StyleTable) -> Iterator[Row]:
        columns = self._columns
        is_shown = (self._codes != _BLANK) | (numbers != 0)
        ends = np.where(is_shown.any(axis=1), columns - is_shown[:, ::-1].argmax(axis=1), 0).tolist()
        text, styles = self._codes.tobytes().decode("ascii"), numbers.tobytes()
        for index, (raw, length) in enumerate(zip(self._raw_rows, ends, strict=True)):
            begin = index * columns
            end = begin + length
            cells = StyledText(text[begin:end], styles[2 * begin : 2 * end], table) if length else ()
            yield Row(cells, raw.wrapped, raw.selection)
