"""Puts rows together from the pictures of an atlas, as far as it can draw them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from gui.terminal.glyphs.cell_colors import CellColors
from gui.terminal.glyphs.glyph_atlas import AtlasIsFull, GlyphAtlas
from gui.terminal.glyphs.grid_area import GridArea

from .row_layout import LaidRows, StyledRows
from .style_alphabets import StyleAlphabets

T = TypeVar("T")


def assemble_rows(
    area: GridArea, rows: LaidRows, page: CellColors, atlas: GlyphAtlas, *, only_whole: bool = False
) -> dict[int, list[int]]:
    """Paint rows, including their backgrounds.

    Args:
        area: the area of the grid.
        rows: the rows, by their numbers in the grid.
        page: the colours of cells without a run.
        atlas: the pictures of the grid's cells.
        only_whole: whether to leave out a row if the atlas has no pictures of a part of it.

    Returns:
        For each row that has any, the runs that must still be drawn. Unless the row is left out, their backgrounds are
        painted.
    """
    undrawn: dict[int, list[int]] = {}

    def assemble(batch: LaidRows) -> None:
        undrawn.update(_assemble(area, batch, page, atlas, only_whole=only_whole))

    _in_batches(rows, atlas, assemble)
    return undrawn


def assemble_styled_rows(area: GridArea, rows: StyledRows, alphabets: StyleAlphabets, atlas: GlyphAtlas) -> None:
    """Paint rows, including their backgrounds; the atlas has all of their styles.

    Args:
        area: the area of the grid.
        rows: the cells of the rows, printable ASCII, by the rows' numbers in the grid.
        alphabets: the alphabets of their styles.
        atlas: the pictures of the grid's cells.
    """
    columns = area.columns

    def assemble(batch: StyledRows) -> None:
        text = "".join([cells.text[:columns].ljust(columns) for cells in batch.values()])
        styles = b"".join([cells.styles_of(columns) for cells in batch.values()])
        atlas.paint(area, list(batch), text, alphabets.of(styles))

    _in_batches(rows, atlas, assemble)


def _in_batches(rows: Mapping[int, T], atlas: GlyphAtlas, assemble: Callable[[Mapping[int, T]], None]) -> None:
    """Assemble rows at once, or fewer at once if the atlas has no room for all of their pictures."""
    numbers = list(rows)
    at_once = len(numbers)
    done = 0
    while done < len(numbers):
        batch = {number: rows[number] for number in numbers[done : done + at_once]}
        try:
            assemble(batch)
        except AtlasIsFull:
            if atlas.is_empty:
                at_once = len(batch) // 2
            atlas.clear()
        else:
            done += len(batch)


def _assemble(
    area: GridArea, rows: LaidRows, page: CellColors, atlas: GlyphAtlas, *, only_whole: bool
) -> dict[int, list[int]]:
    columns = area.columns
    blank = atlas.alphabet(page)
    texts: list[str] = []
    counts: list[int] = []
    alphabets: list[int] = []
    undrawn: dict[int, list[int]] = {}
    painted: list[int] = []
    known: dict[int, tuple[int, bool]] = {}
    """The alphabets of looks, and whether the atlas has their font; by the looks' ids, which are hashed quickly."""
    for number, laid in rows.items():
        end, begin = 0, len(texts)
        for index, ((column, cells, text, _style, cluster), look) in enumerate(laid):
            if (found := known.get(id(look))) is None:
                has_font = look.bare_variant >= 0 and atlas.has_font(look.variant)
                found = known[id(look)] = atlas.alphabet(look.cell_colors), has_font
            alphabet, has_font = found
            if gap := column - end:
                texts.append(" " * gap)
                counts.append(gap)
                alphabets.append(blank)
            end = column + cells
            is_drawn = has_font and not cluster and text.isascii() and text.isprintable()
            if not is_drawn:
                undrawn.setdefault(number, []).append(index)
                if only_whole:
                    break
            texts.append(text if is_drawn else " " * cells)
            counts.append(cells)
            alphabets.append(alphabet)
        if only_whole and number in undrawn:
            del texts[begin:], counts[begin:], alphabets[begin:]
            continue
        painted.append(number)
        if end > columns:
            # Half of a wide character: a host of an older version cuts rows so.
            texts[-1] = texts[-1][: columns - end]
            counts[-1] += columns - end
        elif gap := columns - end:
            texts.append(" " * gap)
            counts.append(gap)
            alphabets.append(blank)
    if painted:
        atlas.paint(area, painted, "".join(texts), np.repeat(np.array(alphabets, np.int32), counts))
    return undrawn
