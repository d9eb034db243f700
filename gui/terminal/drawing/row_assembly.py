"""Puts rows together from the pictures of an atlas, as far as it can draw them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtGui import QImage

from gui.terminal.glyphs.cell_colors import CellColors
from gui.terminal.glyphs.glyph_atlas import AtlasIsFull, GlyphAtlas

from .row_layout import LaidRun

Rows = Mapping[int, list[LaidRun]]


def assemble_rows(image: QImage, rows: Rows, page: CellColors, atlas: GlyphAtlas) -> dict[int, list[int]]:
    """Paint rows, including their backgrounds.

    Args:
        image: the picture of the grid; its width is a whole number of cells.
        rows: by their numbers in the picture.
        page: the colours of cells without a run.
        atlas: of the picture's cells.

    Returns:
        For each row that has any, the places of the runs that must still be drawn; their backgrounds are painted.
    """
    undrawn: dict[int, list[int]] = {}
    numbers = list(rows)
    at_once = len(numbers)
    done = 0
    while done < len(numbers):
        batch = {number: rows[number] for number in numbers[done : done + at_once]}
        try:
            undrawn |= _assemble(image, batch, page, atlas)
        except AtlasIsFull:
            if atlas.is_empty:
                at_once = len(batch) // 2
            atlas.clear()
        else:
            done += len(batch)
    return undrawn


def _assemble(image: QImage, rows: Rows, page: CellColors, atlas: GlyphAtlas) -> dict[int, list[int]]:
    columns = image.width() // atlas.width
    blank = atlas.alphabet(page)
    texts: list[str] = []
    counts: list[int] = []
    alphabets: list[int] = []
    undrawn: dict[int, list[int]] = {}
    for number, laid in rows.items():
        end = 0
        for place, ((column, cells, text, _style, cluster), look) in enumerate(laid):
            if gap := column - end:
                texts.append(" " * gap)
                counts.append(gap)
                alphabets.append(blank)
            end = column + cells
            is_drawn = not cluster and look.bare_variant >= 0 and atlas.can_draw(text, look.variant)
            if not is_drawn:
                undrawn.setdefault(number, []).append(place)
            texts.append(text if is_drawn else " " * cells)
            counts.append(cells)
            alphabets.append(atlas.alphabet(look.cell_colors))
        if end > columns:
            # Half of a wide character: a host of an older version cuts rows so.
            texts[-1] = texts[-1][: columns - end]
            counts[-1] += columns - end
        elif gap := columns - end:
            texts.append(" " * gap)
            counts.append(gap)
            alphabets.append(blank)
    atlas.paint(image, list(rows), "".join(texts), np.repeat(np.array(alphabets, np.int32), counts))
    return undrawn
