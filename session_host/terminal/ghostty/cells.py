"""Reads rows of cells from libghostty-vt's render state.

A call into the library for each cell would cost twenty times more than the rest. So a row is read as one array of
64-bit cells (CELLS_RAW), and decoded by operations on whole rows (``cell_bits``).
"""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final

from session_host.terminal.rows import PLAIN, RGB, UNDER_IMAGE, Row, Run, Style

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
    RawRow,
    RowKeys,
    row_keys,
    row_text,
    without_cut_character,
)  # fmt: skip

if TYPE_CHECKING:
    from .render_state import RenderState

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
        self._page_styles: dict[tuple[int, int], Style] = {}
        self._text_styles: dict[int, dict[int, Style]] = {}
        """For each page, the styles of cells that hold a character and nothing else, by the cells' keys."""

    def forget_styles(self) -> None:
        """Forget style ids, which may have other meanings after the terminal has changed."""
        self._page_styles.clear()
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
        runs = self._runs(raw, memoryview(data).cast("Q"), row_text(bits, count), row_keys(bits, count))
        return Row(runs, raw.wrapped, raw.selection)

    def _runs(self, raw: RawRow, cells: memoryview[int], text: str, keys: RowKeys) -> tuple[Run, ...]:
        page = raw.page
        text_styles = self._text_styles.setdefault(page, {})
        runs: list[Run] = []
        may_join = False
        column = 0
        for key, length in keys.groups():
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

    def _style_with_id(self, page: int, style_id: int, x: int) -> Style:
        """The style with this id in the current row's page; the cell in column ``x`` has it."""
        known = self._page_styles.get((page, style_id))
        if known is None:
            known = self._page_styles[page, style_id] = self.state.styles_at([x])[0] if style_id else PLAIN
        return known


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
