"""The rows of a terminal's viewport in libghostty-vt's own form, with marks of change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from session_host.terminal.rows import Style

from .cell_bits import TAIL, WIDE, WIDE_SHIFT, RawRow
from .library.calls import EngineFailure, check, ffi, grid_ref, lib, new_object, sized
from .styles import StyleStruct

_ROW_KEYS: Final = [
    lib.GHOSTTY_RENDER_STATE_ROW_DATA_RAW,
    lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW,
    lib.GHOSTTY_RENDER_STATE_ROW_DATA_ID,
    lib.GHOSTTY_RENDER_STATE_ROW_DATA_SELECTION,
]
_CELL_STYLE: Final = lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE


def _find_bit(data: int, meaning: str) -> int:
    """The bit of a raw row with a meaning; found by asking the library once."""
    flag = ffi.new("bool*")
    for bit in range(64):
        lib.ghostty_row_get(1 << bit, data, flag)
        if flag[0]:
            return 1 << bit
    raise EngineFailure(f"libghostty-vt: rows do not say whether they {meaning}")


_WRAP_BIT: Final = _find_bit(lib.GHOSTTY_ROW_DATA_WRAP, "wrap")
_STYLED_BIT: Final = _find_bit(lib.GHOSTTY_ROW_DATA_STYLED, "have styles")
_LINK_BITS: Final = _find_bit(lib.GHOSTTY_ROW_DATA_HYPERLINK, "have links") | _find_bit(
    lib.GHOSTTY_ROW_DATA_KITTY_VIRTUAL_PLACEHOLDER, "have images"
)

_UNWRITTEN_CELL: Final = bytes(8)
_SPACE_CELL: Final = (ord(" ") << 2).to_bytes(8, "little")


class RowKind(NamedTuple):
    """A row's line continues in the next row; and the library's text (``sgr_history``) does not tell all of the row."""

    is_wrapped: bool
    is_special: bool


class RenderState:
    """One of the library's render states, and the objects that read its rows.

    A terminal marks changed rows; updating a render state clears those marks. So two render states of one terminal
    would take marks from each other, see ``FrameBuilder``.

    The *current* row is the one at which the state's iterator is; ``all_rows`` and ``changed_rows`` move it.
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
        self._terminal_selection = sized("GhosttySelection")
        self._row_keys = ffi.new("GhosttyRenderStateRowData[4]", _ROW_KEYS)
        self._row_values = ffi.new("void*[4]", [self._raw_row, self._view, self._row_id, self._selection])
        self._style = StyleStruct()
        self._dirty = ffi.new("GhosttyRenderStateDirty*")
        self._grapheme = ffi.new("GhosttyBuffer*")
        self._grapheme_memory = ffi.new("uint8_t[]", 256)
        self._length = ffi.new("size_t*")
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

    def all_rows(self) -> Iterator[int]:
        """Move the iterator to each row, from the top; yields the rows' numbers."""
        self._begin()
        y = 0
        while lib.ghostty_render_state_row_iterator_next(self._iterator):
            self._has_cells = False
            yield y
            y += 1

    def changed_rows(self) -> Iterator[int]:
        """Move the iterator to each changed row; yields the rows' numbers."""
        self._begin()
        iterator, number = self._iterator, self._row_number
        following = lib.ghostty_render_state_row_iterator_next_dirty
        while following(iterator, number):
            self._has_cells = False
            yield int(number[0])

    def _begin(self) -> None:
        check(
            lib.ghostty_render_state_get(self.state, lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, self._iterator_slot),
            "reading rows",
        )

    def has_selection(self) -> bool:
        """Whether something is selected in the terminal."""
        selection = lib.GHOSTTY_TERMINAL_DATA_SELECTION
        return not lib.ghostty_terminal_get(self._terminal, selection, self._terminal_selection)

    def raw_row(self, y: int, *, with_selection: bool) -> RawRow:
        """Read the current row; ``y`` is its number."""
        # The selection comes last: for a row without one, the call ends with an error.
        missing = lib.ghostty_render_state_row_get_multi(
            self._iterator, 4 if with_selection else 3, self._row_keys, self._row_values, self._length
        )
        cells = ffi.buffer(self._view.ptr, self._view.len * 8)[:]
        selection = None
        if with_selection and not missing:
            selection = _whole_characters(cells, int(self._selection.start_x), int(self._selection.end_x))
        return RawRow(y, cells, int(self._row_id.bits[0]), bool(self._raw_row[0] & _WRAP_BIT), selection)

    def kind(self, *, is_blank: bool, continues: bool) -> RowKind:
        """The kind of the current row.

        Args:
            is_blank: the library's text has nothing of the row.
            continues: the row continues the line of the one before.
        """
        lib.ghostty_render_state_row_get_multi(self._iterator, 2, self._row_keys, self._row_values, self._length)
        bits = self._raw_row[0]
        is_wrapped = bits & _WRAP_BIT != 0
        if bits & _LINK_BITS:
            return RowKind(is_wrapped, True)
        if not (is_blank or continues or bits & _STYLED_BIT):
            return RowKind(is_wrapped, False)
        cells = ffi.buffer(self._view.ptr, self._view.len * 8)[:]
        if is_blank:
            return RowKind(is_wrapped, is_wrapped or bool(cells.replace(_SPACE_CELL, b"").strip(b"\0")))
        # Cells that were never written would have the style of those before them.
        gap = cells.find(_UNWRITTEN_CELL)
        return RowKind(is_wrapped, gap >= 0 and (is_wrapped or cells.count(0, gap) < len(cells) - gap))

    def _get_cells(self) -> None:
        """Let the cells of the iterator's current row be read one by one."""
        if not self._has_cells:
            lib.ghostty_render_state_row_get(self._iterator, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS, self._cells_slot)
            self._has_cells = True

    def styles_at(self, columns: Iterable[int]) -> list[Style]:
        """The styles of cells of the current row, without their links."""
        self._get_cells()
        cells, style, read = self._cells, self._style.struct, self._style.style
        select, get = lib.ghostty_render_state_row_cells_select, lib.ghostty_render_state_row_cells_get
        styles: list[Style] = []
        for x in columns:
            select(cells, x)
            get(cells, _CELL_STYLE, style)
            styles.append(read())
        return styles

    def grapheme_at(self, x: int) -> str:
        """The characters of a cell of the current row."""
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

    def link_at(self, x: int, y: int) -> str:
        """The URI of a linked cell, read from the grid, since the render state lacks it."""
        reference = grid_ref(self._terminal, lib.GHOSTTY_POINT_TAG_VIEWPORT, x, y)
        if reference is None:
            return ""
        lib.ghostty_grid_ref_hyperlink_uri(reference, ffi.NULL, 0, self._length)
        needed = self._length[0]
        memory = ffi.new("uint8_t[]", max(1, needed))
        lib.ghostty_grid_ref_hyperlink_uri(reference, memory, needed, self._length)
        return bytes(ffi.buffer(memory, self._length[0])).decode("utf-8", "replace")


def _whole_characters(data: bytes, first: int, last: int) -> tuple[int, int]:
    """Columns extended to whole wide characters."""
    cells = memoryview(data).cast("Q")
    if first > 0 and cells[first] >> WIDE_SHIFT & 3 == TAIL:
        first -= 1
    if last + 1 < len(cells) and cells[last] >> WIDE_SHIFT & 3 == WIDE:
        last += 1
    return first, last
