"""The alphabets of an atlas in which the styles of a table are drawn, by the styles' numbers."""

from __future__ import annotations

import numpy as np

from gui.terminal.glyphs.glyph_atlas import GlyphAtlas
from gui.terminal.glyphs.overhang import Indexes
from session_host.terminal.rows import StyledText, StyleTable

from .colors import Colors

_NO_ALPHABET = -1


class StyleAlphabets:
    """The alphabets of one table's styles, in the colours of a screen."""

    def __init__(self, table: StyleTable, colors: Colors, atlas: GlyphAtlas) -> None:
        self._table, self._colors, self._atlas = table, colors, atlas
        self._alphabets: Indexes = np.empty(0, np.int32)
        self._generation = atlas.generation
        self._lacks_some = False
        """Whether the atlas cannot draw one of the styles."""

    def is_of(self, table: StyleTable, atlas: GlyphAtlas) -> bool:
        """Whether these are the alphabets of this table in this atlas."""
        return self._table is table and self._atlas is atlas

    def has_all(self, cells: StyledText) -> bool:
        """Whether the atlas can draw all styles of these cells."""
        self._update()
        return not self._lacks_some or bool((self.of(cells.styles) != _NO_ALPHABET).all())

    def of(self, styles: bytes) -> Indexes:
        """The alphabets of styles, which are given as in ``StyledText``."""
        self._update()
        found: Indexes = self._alphabets.take(np.frombuffer(styles, np.uint16))
        return found

    def _update(self) -> None:
        """Find the alphabets of new styles, or of all after the atlas was cleared."""
        atlas, styles = self._atlas, self._table.styles
        if self._generation != atlas.generation:
            self._generation, self._alphabets = atlas.generation, self._alphabets[:0]
        if len(styles) == len(self._alphabets):
            return
        new: list[int] = []
        for style in styles[len(self._alphabets) :]:
            look = self._colors.resolve_style(style)
            is_drawn = look.bare_variant >= 0 and atlas.has_font(look.variant)
            new.append(atlas.alphabet(look.cell_colors) if is_drawn else _NO_ALPHABET)
        self._alphabets = np.concatenate((self._alphabets, np.array(new, np.int32)))
        self._lacks_some = bool((self._alphabets == _NO_ALPHABET).any())
