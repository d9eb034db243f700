"""Imports the atlas, and numpy with it, after the window's start, which would take a fifth longer.

Until then each run of text is drawn by Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from .glyph_atlas import GlyphAtlas


class AtlasImport:
    """The class of an atlas.

    Attributes:
        found: the class, None as long as it is not imported.
    """

    found: ClassVar[type[GlyphAtlas] | None] = None

    @classmethod
    def run(cls) -> None:
        """Import it, in any thread; this takes some 50 ms."""
        from .glyph_atlas import GlyphAtlas

        cls.found = GlyphAtlas
