"""Reads rows of cells from libghostty-vt's render state.

A call into the library for each cell would cost twenty times more than the rest. So a row is read as one array of
64-bit cells (CELLS_RAW), and decoded by operations on whole rows (``cell_bits``).
"""

from __future__ import annotations

import sys
from itertools import groupby
from typing import Any, Final

from session_host.terminal.rows import PLAIN, RGB, Row, Run, Style, StyledText, StyleTable, new_run

from .cell_bits import (
    BLANK_HEAD,
    GRAPHEME,
    LINK_BIT,
    NARROW,
    PALETTE_BACKGROUND,
    STYLE_MASK,
    STYLE_SHIFT,
    TAG_MASK,
    TAIL,
    WIDE,
    WIDE_SHIFT,
    RowKeys,
    row_keys,
    row_text,
    without_cut_character,
)  # fmt: skip
from .library.calls import EngineFailure, check, ffi, grid_ref, lib, new_object, sized
from .styles import StyleStruct

_ROW_KEYS: Final = [
    lib.GHOSTTY_RENDER_STATE_ROW_DATA_RAW,
    lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW,
    lib.GHOSTTY_RENDER_STATE_ROW_DATA_ID,
    lib.GHOSTTY_RENDER_STATE_ROW_DATA_SELECTION,
]


def _find_wrap_bit() -> int:
    """The bit of a raw row that says that its line continues; found by asking the library once."""
    flag = ffi.new("bool*")
    for bit in range(64):
        lib.ghostty_row_get(1 << bit, lib.GHOSTTY_ROW_DATA_WRAP, flag)
        if flag[0]:
            return 1 << bit
    raise EngineFailure("libghostty-vt: rows do not say whether they wrap")


_WRAP_BIT: Final = _find_wrap_bit()

_STYLE_BITS: Final = STYLE_MASK << STYLE_SHIFT
_PLAIN_NUMBER: Final = bytes(2)
"""The number of PLAIN in a ``StyleTable``, as in a ``StyledText``."""

BLANK_ROW: Final = Row((), False)


class RenderState:
    """One of the library's render states, and the objects that read its rows.

    A terminal marks changed rows; updating a render state clears those marks. So two render states of one terminal
    would take marks from each other, see ``GhosttyEmulator``.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self.state = new_object("GhosttyRenderState*", lib.ghostty_render_state_new, lib.ghostty_render_state_free)
        self._iterator = new_object(
            "GhosttyRenderStateRowIterator*",
            lib.ghostty_render_state_row_iterator_new,
            lib.ghostty_render_state_row_iterator_free,
        )
        self._cells = new_object(
            "GhosttyRenderStateRowCells*",
            lib.ghostty_render_state_row_cells_new,
            lib.ghostty_render_state_row_cells_free,
        )
        self._iterator_slot = ffi.new("GhosttyRenderStateRowIterator*", self._iterator)
        self._cells_slot = ffi.new("GhosttyRenderStateRowCells*", self._cells)
        self._row_number = ffi.new("uint16_t*")
        self._view = ffi.new("GhosttyCellsView*")
        self._raw_row = ffi.new("GhosttyRow*")
        self._row_id = ffi.new("GhosttyRenderStateRowId*")
        self._selection = sized("GhosttyRenderStateRowSelection")
        self._row_keys = ffi.new("GhosttyRenderStateRowData[4]", _ROW_KEYS)
        self._row_values = ffi.new("void*[4]", [self._raw_row, self._view, self._row_id, self._selection])
        self._style = StyleStruct()
        self._dirty = ffi.new("GhosttyRenderStateDirty*")
        self._grapheme = ffi.new("GhosttyBuffer*")
        self._grapheme_memory = ffi.new("uint8_t[]", 256)
        self._length = ffi.new("size_t*")
        self._page_styles: dict[tuple[int, int], Style] = {}
        self._text_styles: dict[int, dict[int, Style]] = {}
        """For each page, the styles of cells that hold a character and nothing else, by the cells' keys."""
        self._table = StyleTable()
        self._style_numbers: dict[int, dict[int, bytes]] = {}
        """For each page, the numbers of these styles in the table, also by the cells' keys."""
        self._has_cells = False
        """Whether the cells of the iterator's current row can be read one by one."""

    def close(self) -> None:
        """Free the library's objects."""
        for owned in (self._cells, self._iterator, self.state):
            ffi.release(owned)

    def update(self) -> None:
        """Update the state from its terminal, which clears the terminal's marks of change."""
        check(lib.ghostty_render_state_update(self.state, self._terminal), "updating the render state")

    def is_clean(self) -> bool:
        """Whether nothing changed since ``clean``."""
        lib.ghostty_render_state_get(self.state, lib.GHOSTTY_RENDER_STATE_DATA_DIRTY, self._dirty)
        return bool(self._dirty[0] == lib.GHOSTTY_RENDER_STATE_DIRTY_FALSE)

    def clean(self) -> None:
        """Mark all changes as read."""
        lib.ghostty_render_state_clean(self.state)

    def forget_styles(self) -> None:
        """Forget style ids, which may have other meanings after the terminal has changed."""
        self._page_styles.clear()
        self._text_styles.clear()
        self._style_numbers.clear()
        if self._table.is_full:
            self._table = StyleTable()

    def changed_rows(self) -> dict[int, Row]:
        """The changed rows, with their selections."""
        rows: dict[int, Row] = {}
        self._begin()
        iterator, number = self._iterator, self._row_number
        following = lib.ghostty_render_state_row_iterator_next_dirty
        while following(iterator, number):
            y = int(number[0])
            rows[y] = self._row(y, with_selection=True)
        return rows

    def all_rows(self, count: int, *, with_selection: bool) -> list[Row]:
        """The first ``count`` rows from the top."""
        rows: list[Row] = []
        self._begin()
        while len(rows) < count and lib.ghostty_render_state_row_iterator_next(self._iterator):
            rows.append(self._row(len(rows), with_selection=with_selection))
        return rows

    def _begin(self) -> None:
        check(
            lib.ghostty_render_state_get(self.state, lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, self._iterator_slot),
            "reading rows",
        )

    def _row(self, y: int, *, with_selection: bool) -> Row:
        """The iterator's current row."""
        self._has_cells = False
        # The selection comes last: for a row without one, the call ends with an error.
        missing = lib.ghostty_render_state_row_get_multi(
            self._iterator, 4 if with_selection else 3, self._row_keys, self._row_values, self._length
        )
        wrapped = bool(self._raw_row[0] & _WRAP_BIT)
        data = without_cut_character(bytes(ffi.buffer(self._view.ptr, self._view.len * 8)))
        selection = None
        if with_selection and not missing:
            selection = self._whole_characters(data, int(self._selection.start_x), int(self._selection.end_x))
        count = -(-len(data.rstrip(b"\0")) // 8)
        if not count:
            return Row((), wrapped, selection) if wrapped or selection else BLANK_ROW
        return Row(self._cells_of(data[: count * 8], count, y), wrapped, selection)

    @staticmethod
    def _whole_characters(data: bytes, first: int, last: int) -> tuple[int, int]:
        """Columns extended to whole wide characters."""
        cells = memoryview(data).cast("Q")
        if first > 0 and cells[first] >> WIDE_SHIFT & 3 == TAIL:
            first -= 1
        if last + 1 < len(cells) and cells[last] >> WIDE_SHIFT & 3 == WIDE:
            last += 1
        return first, last

    def _cells_of(self, data: bytes, count: int, y: int) -> tuple[Run, ...] | StyledText:
        bits = int.from_bytes(data, "little")
        text, keys = row_text(bits, count), row_keys(bits, count)
        if keys.has_many_groups and (styled := self._styled_text(text, keys)) is not None:
            return styled
        return self._runs(memoryview(data).cast("Q"), text, keys, y)

    def _styled_text(self, text: str, keys: RowKeys) -> StyledText | None:
        """The iterator's current row, if all of its cells hold one narrow character and are not linked."""
        numbers = self._style_numbers.setdefault(int(self._row_id.bits[0]), {0: _PLAIN_NUMBER})
        cells = keys.cells()
        number_of = numbers.__getitem__
        try:
            styles = b"".join(map(number_of, cells))
        except KeyError:
            if not self._number_styles(cells, numbers):
                return None
            styles = b"".join(map(number_of, cells))
        last_styled = -(-len(styles.rstrip(b"\0")) // len(_PLAIN_NUMBER))
        end = max(len(text.rstrip(" ")), last_styled)
        return StyledText(text[:end], styles[: end * len(_PLAIN_NUMBER)], self._table)

    def _number_styles(self, cells: list[int], numbers: dict[int, bytes]) -> bool:
        """Add the styles of cells with these keys to their page's; returns False if some cells hold something else."""
        page = int(self._row_id.bits[0])
        for key in set(cells) - numbers.keys():
            if key & ~_STYLE_BITS:
                return False
            style_id = key >> STYLE_SHIFT & STYLE_MASK
            number = self._table.number(self._style_with_id(page, style_id, cells.index(key)))
            if number is None:
                return False
            numbers[key] = number.to_bytes(len(_PLAIN_NUMBER), sys.byteorder)
        return True

    def _runs(self, cells: memoryview[int], text: str, keys: RowKeys, y: int) -> tuple[Run, ...]:
        page = int(self._row_id.bits[0])
        text_styles = self._text_styles.setdefault(page, {})
        runs: list[Run] = []
        may_join = False
        column = 0
        for key, length in keys.groups():
            start, column = column, column + length
            if (style := text_styles.get(key)) is not None:
                runs.append(new_run((start, length, text[start:column], style, False)))
                continue
            tag = key & TAG_MASK
            width = key >> WIDE_SHIFT & 3
            if key == 0:
                piece = text[start:column].rstrip(" ")
                if piece:
                    bare = piece.lstrip(" ")
                    runs.append(Run(start + len(piece) - len(bare), len(bare), bare, PLAIN, False))
                continue
            if width == TAIL or key == BLANK_HEAD:
                may_join = True
                continue
            style_id = key >> STYLE_SHIFT & STYLE_MASK
            if tag >= PALETTE_BACKGROUND:
                may_join = True
                runs.extend(self._backgrounds(cells, start, column, tag))
                continue
            style = self._style_with_id(page, style_id, start) if style_id else PLAIN
            if not (key & LINK_BIT or tag == GRAPHEME or width == WIDE):
                if width == NARROW:
                    text_styles[key] = style
                else:
                    may_join = True
                runs.append(Run(start, length, text[start:column], style, False))
                continue
            may_join = True
            self._special(runs, key, start, column, text, style, y)
        # Neighbours of text alone have different styles.
        return _joined(runs) if may_join else tuple(runs)

    def _special(self, runs: list[Run], key: int, start: int, stop: int, text: str, style: Style, y: int) -> None:
        """Runs of cells that are wide, have several code points, or are linked, and otherwise equal."""
        wide = key >> WIDE_SHIFT & 3 == WIDE
        grapheme = key & TAG_MASK == GRAPHEME
        x = start
        while x < stop:
            link = style._replace(link=self._link_at(x, y)) if key & LINK_BIT else style
            if wide and text[x] == " ":
                # A wide character under a character set that lacks it becomes two blanks.
                if link != PLAIN:
                    runs.append(Run(x, 2, "  ", link, False))
            elif grapheme:
                runs.append(Run(x, 2 if wide else 1, self._grapheme_at(x), link, True))
            elif wide:
                runs.append(Run(x, 2, text[x], link, True))
            else:
                runs.append(Run(x, 1, text[x], link, False))
            x += 1

    def _backgrounds(self, cells: Any, start: int, stop: int, tag: int) -> list[Run]:
        """Runs of cells without text, erased while a background colour was set."""
        runs: list[Run] = []
        x = start
        for content, group in groupby(cell >> 2 & 0xFFFFFF for cell in cells[start:stop]):
            length = len(list(group))
            if tag == PALETTE_BACKGROUND:
                color = content & 0xFF
            else:
                color = RGB | (content & 0xFF) << 16 | content & 0xFF00 | content >> 16 & 0xFF
            runs.append(Run(x, length, " " * length, Style(background=color), False))
            x += length
        return runs

    def _style_with_id(self, page: int, style_id: int, x: int) -> Style:
        """The style with this id in the current row's page; the cell in column ``x`` has it."""
        known = self._page_styles.get((page, style_id))
        if known is None:
            known = self._page_styles[page, style_id] = self._style_at(x) if style_id else PLAIN
        return known

    def _get_cells(self) -> None:
        """Let the cells of the iterator's current row be read one by one."""
        if not self._has_cells:
            lib.ghostty_render_state_row_get(self._iterator, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS, self._cells_slot)
            self._has_cells = True

    def _style_at(self, x: int) -> Style:
        self._get_cells()
        lib.ghostty_render_state_row_cells_select(self._cells, x)
        lib.ghostty_render_state_row_cells_get(
            self._cells, lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE, self._style.struct
        )
        return self._style.style()

    def _grapheme_at(self, x: int) -> str:
        self._get_cells()
        lib.ghostty_render_state_row_cells_select(self._cells, x)
        buffer = self._grapheme
        while True:
            buffer.ptr, buffer.cap, buffer.len = self._grapheme_memory, len(self._grapheme_memory), 0
            result = lib.ghostty_render_state_row_cells_get(
                self._cells, lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_UTF8, buffer
            )
            if result != lib.GHOSTTY_OUT_OF_SPACE:
                break
            self._grapheme_memory = ffi.new("uint8_t[]", max(buffer.len, 2 * len(self._grapheme_memory)))
        return bytes(ffi.buffer(buffer.ptr, buffer.len)).decode("utf-8", "replace") or " "

    def _link_at(self, x: int, y: int) -> str:
        """The URI of a linked cell, read from the grid, since the render state lacks it."""
        reference = grid_ref(self._terminal, lib.GHOSTTY_POINT_TAG_VIEWPORT, x, y)
        if reference is None:
            return ""
        lib.ghostty_grid_ref_hyperlink_uri(reference, ffi.NULL, 0, self._length)
        needed = self._length[0]
        memory = ffi.new("uint8_t[]", max(1, needed))
        lib.ghostty_grid_ref_hyperlink_uri(reference, memory, needed, self._length)
        return bytes(ffi.buffer(memory, self._length[0])).decode("utf-8", "replace")


def _joined(runs: list[Run]) -> tuple[Run, ...]:
    """Join neighbours of the same style, and plain runs over the blanks between them.

    So rows that look the same are equal, whether their cells were written, erased or never touched.
    """
    joined: list[Run] = []
    for run in runs:
        if joined and not run.cluster:
            last = joined[-1]
            gap = run.column - last.column - last.cells
            if not last.cluster and last.style == run.style and (gap == 0 or run.style == PLAIN):
                cells = last.cells + gap + run.cells
                joined[-1] = Run(last.column, cells, f"{last.text}{' ' * gap}{run.text}", run.style, False)
                continue
        joined.append(run)
    return tuple(joined)
