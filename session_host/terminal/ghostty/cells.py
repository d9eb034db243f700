"""Reads rows of cells from libghostty-vt's render state.

A call into the library for each cell would cost twenty times more than the rest. So a row is read as one array of
64-bit cells (CELLS_RAW), and decoded by operations on whole rows, as one number. The bits of a cell, as the library's
own type description gives them::

    0-1  the kind of content: a code point, a grapheme, a palette background, an RGB background
    2-25 the code point, index or colour
    26-41 style id within its page: another page gives the same id to another style
    42-43 narrow, wide, the tail of a wide one, the head of a line's end left blank
    44 protected   45 hyperlink   46-47 semantic content

A cell's *key* is what its run depends on: all but the code point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import compress, groupby, islice, pairwise
from typing import Any, Final, NamedTuple

from session_host.terminal.rows import (
    DEFAULT_COLOR,
    PLAIN,
    RGB,
    UNDER_IMAGE,
    Attribute,
    Color,
    Row,
    Run,
    Style,
    Underline,
)

from .library.calls import EngineFailure, check, ffi, grid_ref, lib, new_object, scroll_viewport, sized

CODEPOINT, GRAPHEME, PALETTE_BACKGROUND, RGB_BACKGROUND = range(4)
NARROW, WIDE, TAIL, HEAD = range(4)

TAG_MASK: Final = 0b11
STYLE_SHIFT: Final = 26
STYLE_MASK: Final = 0xFFFF
WIDE_SHIFT: Final = 42
LINK_BIT: Final = 1 << 45
_KEY_MASK: Final = TAG_MASK | (STYLE_MASK << STYLE_SHIFT) | (0b11 << WIDE_SHIFT) | LINK_BIT
BLANK_HEAD: Final = HEAD << WIDE_SHIFT
_CODEPOINT_MASK: Final = 0x1FFFFF
_CHARACTER_MASK: Final = TAG_MASK | _CODEPOINT_MASK << 2 | 0b11 << WIDE_SHIFT


class RawRow(NamedTuple):
    """A row as the library has it.

    Attributes:
        y: its number.
        cells: its cells, eight bytes each.
        page: the page that its style ids belong to.
        wrapped: whether its line continues in the next row.
        selection: the selected columns (first, last), inclusive.
    """

    y: int
    cells: bytes
    page: int
    wrapped: bool
    selection: tuple[int, int] | None


def without_cut_character(data: bytes) -> bytes:
    """A whole row of cells, with a blank in place of a wide character whose second half is beyond the row's end.

    The library leaves such halves where a grid becomes narrower and does not reflow.
    """
    cell = int.from_bytes(data[-8:], "little")
    if cell >> WIDE_SHIFT & 3 != WIDE:
        return data
    return data[:-8] + (cell & ~_CHARACTER_MASK).to_bytes(8, "little")


class _RowMasks(NamedTuple):
    """Masks for all cells of a row."""

    keys: int
    codepoints: int
    beyond_latin_1: int


@cache
def _row_masks(count: int) -> _RowMasks:
    """The masks for a row of ``count`` cells."""
    ones = int.from_bytes((1).to_bytes(8, "little") * count, "little")
    return _RowMasks(_KEY_MASK * ones, _CODEPOINT_MASK * ones, (_CODEPOINT_MASK & ~0xFF) * ones)


def row_text(bits: int, count: int) -> str:
    """The characters of a row of ``count`` cells; blanks for none."""
    masks = _row_masks(count)
    codepoints = bits >> 2 & masks.codepoints
    data = codepoints.to_bytes(count * 8, "little")
    if codepoints & masks.beyond_latin_1:
        # A background colour in place of a code point may be an invalid one: it is replaced, and not used.
        text = memoryview(data).cast("I")[::2].tobytes().decode("utf-32-le", "replace")
    else:
        text = data[::8].decode("latin-1")
    return text.replace("\0", " ")


def groups_of(bits: int, count: int) -> list[tuple[int, int]]:
    """The keys of a row of ``count`` cells: pairs of a key, and the number of neighbours that have it."""
    keys = bits & _row_masks(count).keys
    # Not 0 in each cell that has another key than the next one.
    changes = memoryview((keys ^ keys >> 64).to_bytes(count * 8, "little")).cast("Q").tolist()
    cells = memoryview(keys.to_bytes(count * 8, "little")).cast("Q")
    ends = [*compress(range(1, count), changes), count]
    return [(cells[end - 1], end - start) for start, end in pairwise((0, *ends))]


BLANK_ROW: Final = Row((), False)


class RowReader:
    """Reads the rows of a render state.

    Attributes:
        state: the render state.
        has_marks: whether a row that was read had an image over its text; see ``without_marks``.
    """

    def __init__(self, state: RenderState) -> None:
        self.state = state
        self.has_marks = False
        self._text_styles: dict[int, dict[int, Style]] = {}
        """For each page, the styles of cells that hold a character and nothing else, by the cells' keys."""

    def forget_styles(self) -> None:
        """Forget style ids, which may have other meanings after the terminal has changed."""
        self._text_styles.clear()

    def all_rows(self, count: int, *, with_selection: bool) -> list[Row]:
        """The first ``count`` rows from the top."""
        state = self.state
        return [self._read(state.raw_row(y, with_selection=with_selection)) for y in islice(state.all_rows(), count)]

    def changed_rows(self) -> dict[int, Row]:
        """The changed rows by their numbers, with their selections."""
        state = self.state
        with_selection = state.has_selection()
        return {y: self._read(state.raw_row(y, with_selection=with_selection)) for y in state.changed_rows()}

    def _read(self, raw: RawRow) -> Row:
        """The state's current row."""
        data = without_cut_character(raw.cells)
        count = -(-len(data.rstrip(b"\0")) // 8)
        if not count:
            return Row((), raw.wrapped, raw.selection) if raw.wrapped or raw.selection else BLANK_ROW
        data = data[: count * 8]
        bits = int.from_bytes(data, "little")
        runs = self._runs(raw, memoryview(data).cast("Q"), row_text(bits, count), groups_of(bits, count))
        return Row(runs, raw.wrapped, raw.selection)

    def _runs(self, raw: RawRow, cells: memoryview[int], text: str, groups: list[tuple[int, int]]) -> tuple[Run, ...]:
        page = raw.page
        text_styles = self._text_styles.setdefault(page, {})
        runs: list[Run] = []
        may_join = False
        column = 0
        for key, length in groups:
            start, column = column, column + length
            if (style := text_styles.get(key)) is not None:
                runs.append(Run(start, length, text[start:column], style, False))
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
            if tag >= PALETTE_BACKGROUND:
                may_join = True
                runs.extend(self._backgrounds(cells, start, column, tag))
                continue
            style = self.state.style_at(start) if key >> STYLE_SHIFT & STYLE_MASK else PLAIN
            if not (key & LINK_BIT or tag == GRAPHEME or width == WIDE):
                if width == NARROW:
                    text_styles[key] = style
                else:
                    may_join = True
                runs.append(Run(start, length, text[start:column], style, False))
                continue
            may_join = True
            self._special(runs, key, start, column, text, style, raw.y)
        # Neighbours of text alone have different styles.
        return _joined(runs) if may_join else tuple(runs)

    def _special(self, runs: list[Run], key: int, start: int, stop: int, text: str, style: Style, y: int) -> None:
        """Runs of cells that are wide, have several code points, or are linked, and otherwise equal."""
        wide = key >> WIDE_SHIFT & 3 == WIDE
        grapheme = key & TAG_MASK == GRAPHEME
        x = start
        while x < stop:
            link = style._replace(link=self.state.link_at(x, y)) if key & LINK_BIT else style
            if wide and text[x] == " ":
                # A wide character under a character set that lacks it becomes two blanks.
                if link != PLAIN:
                    runs.append(Run(x, 2, "  ", link, False))
            elif grapheme:
                characters = self.state.grapheme_at(x)
                self.has_marks = self.has_marks or UNDER_IMAGE in characters
                runs.append(Run(x, 2 if wide else 1, characters, link, True))
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


def without_marks(row: Row) -> Row:
    """A row without the marks of text under images, for readers outside of the engine."""
    if not any(run.cluster and UNDER_IMAGE in run.text for run in row.runs):
        return row
    runs: list[Run] = []
    for run in row.runs:
        text = run.text.replace(UNDER_IMAGE, "")
        if (text, run.style) != (" ", PLAIN):
            runs.append(run._replace(text=text, cluster=run.cluster and (run.cells, len(text)) != (1, 1)))
    return row._replace(runs=_joined(runs))


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


_UNDERLINES: Final = (
    Underline.NONE,
    Underline.SINGLE,
    Underline.DOUBLE,
    Underline.CURLY,
    Underline.DOTTED,
    Underline.DASHED,
)
_ATTRIBUTES: Final = (
    ("bold", Attribute.BOLD),
    ("faint", Attribute.DIM),
    ("italic", Attribute.ITALIC),
    ("blink", Attribute.BLINK),
    ("inverse", Attribute.INVERSE),
    ("invisible", Attribute.HIDDEN),
    ("strikethrough", Attribute.STRIKE),
    ("overline", Attribute.OVERLINE),
)
_MAX_KNOWN_STYLES: Final = 4096


class StyleStruct:
    """Memory for one style, into which the library writes.

    Attributes:
        struct: a GhosttyStyle.
    """

    def __init__(self) -> None:
        self.struct = sized("GhosttyStyle")
        self._bytes = ffi.buffer(self.struct)
        self._known: dict[bytes, Style] = {}

    def style(self) -> Style:
        """The style that was written last, without a link."""
        raw = bytes(self._bytes)
        known = self._known.get(raw)
        if known is None:
            if len(self._known) >= _MAX_KNOWN_STYLES:
                self._known.clear()
            known = self._known[raw] = _style_of(self.struct)
        return known


def _color(color: Any) -> Color:
    """A GhosttyStyleColor as a Color."""
    if color.tag == lib.GHOSTTY_STYLE_COLOR_PALETTE:
        return int(color.value.palette)
    if color.tag == lib.GHOSTTY_STYLE_COLOR_RGB:
        rgb = color.value.rgb
        return RGB | rgb.r << 16 | rgb.g << 8 | rgb.b
    return DEFAULT_COLOR


def _style_of(style: Any) -> Style:
    """A GhosttyStyle as a Style, without a link."""
    attributes = 0
    for name, bit in _ATTRIBUTES:
        if getattr(style, name):
            attributes |= bit
    return Style(
        _color(style.fg_color),
        _color(style.bg_color),
        int(attributes),
        _UNDERLINES[style.underline] if 0 <= style.underline < len(_UNDERLINES) else Underline.SINGLE,
        _color(style.underline_color),
    )


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

    def style_at(self, x: int) -> Style:
        """The style of a cell of the current row, without its link."""
        self._get_cells()
        lib.ghostty_render_state_row_cells_select(self._cells, x)
        lib.ghostty_render_state_row_cells_get(self._cells, _CELL_STYLE, self._style.struct)
        return self._style.style()

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


class GridReader:
    """Reads rows anywhere on a terminal's active screen, independently of its viewport.

    The reader moves the terminal's viewport and puts it back. Each reading uses a new render state, since another one
    may have cleared the marks of change. It clears the remaining marks, so a caller that needs them must read them
    before.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._scrollbar = ffi.new("GhosttyTerminalScrollbar*")
        self._following = ffi.new("bool*")

    def history_rows(self) -> int:
        """How many rows are above the active screen; none above the alternate screen."""
        lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, self._scrollbar)
        return int(self._scrollbar.total - self._scrollbar.len)

    def rows_above(self, limit: int) -> int:
        """How many rows are above the newest ``limit`` of the history."""
        return max(self.history_rows() - limit, 0)

    def read(self, first: int, count: int, *, keeps_marks: bool = False) -> list[Row]:
        """Read rows counted from the top of the history, with the screen after it. Fewer than ``count`` at the end.

        With ``keeps_marks``, text under images has its marks.
        """
        rows: list[Row] = []
        reader: RowReader | None = None
        for state, skipped, height in self._viewports(first, count):
            reader = reader or RowReader(state)
            rows.extend(reader.all_rows(height, with_selection=False)[skipped:])
        has_marks = reader is not None and reader.has_marks
        return [*map(without_marks, rows)] if has_marks and not keeps_marks else rows

    def kinds(self, first: int, is_blank: Sequence[bool]) -> Iterator[RowKind]:
        """The kinds of rows counted from the top of the history; ``is_blank``: for each, as in ``RenderState.kind``."""
        number, is_wrapped = 0, False
        for state, skipped, height in self._viewports(first, len(is_blank)):
            for y in islice(state.all_rows(), height):
                if y >= skipped:
                    kind = state.kind(is_blank=is_blank[number], continues=is_wrapped)
                    is_wrapped = kind.is_wrapped
                    number += 1
                    yield kind

    def _viewports(self, first: int, count: int) -> Iterator[tuple[RenderState, int, int]]:
        """Move a render state over rows; yields it, and of its rows those before the first one, and those to read."""
        get = lib.ghostty_terminal_get
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, self._scrollbar)
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_VIEWPORT_ACTIVE, self._following)
        offset, height, total = int(self._scrollbar.offset), int(self._scrollbar.len), int(self._scrollbar.total)
        end = min(first + count, total)
        state = RenderState(self._terminal)
        try:
            while first < end:
                top = min(first, total - height)
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, top)
                state.update()
                read = min(height, end - top)
                yield state, first - top, read
                first = top + read
        finally:
            state.close()
            if self._following[0]:
                # The library keeps an unused viewport's position, and a reflow keeps blank rows for such a position.
                # The oldest row is the position in a terminal that was never read.
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, 1)
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM)
            else:
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, offset)
