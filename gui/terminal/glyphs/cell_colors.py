"""The look that all pictures of one alphabet share."""

from __future__ import annotations

from typing import NamedTuple


class CellColors(NamedTuple):
    """The font's variant and the colours of the pictures of one alphabet."""

    variant: int
    """Bits of the font's variant."""
    foreground: int
    """0xAARRGGBB, opaque."""
    background: int
    """0xAARRGGBB, opaque."""
