"""The font of terminals, as the user's settings name it."""

from __future__ import annotations

from typing import Literal, NamedTuple

FEATURE_FORM = r"([+-]?)([A-Za-z0-9]{4})(?:=(\d{1,4}))?"
"""A feature of a font, as kitty writes it: "zero", "+zero", "-calt", "cv01=2"."""

WEIGHTS = {"thin": 100, "light": 300, "normal": 400, "medium": 500, "semi_bold": 600}
Weight = Literal["thin", "light", "normal", "medium", "semi_bold"]
LigatureMode = Literal["always", "not_under_cursor", "never"]


class TerminalFont(NamedTuple):
    """The terminal's font.

    Attributes:
        family: a monospace family; "" for the desktop's.
        ligatures: where characters are joined, if the font joins any.
        fallbacks: families for characters that the first one lacks, in order; unknown ones are left out.
        weight: the weight of text that is not bold.
        features: OpenType features in the form of ``FEATURE_FORM``.
    """

    family: str = ""
    ligatures: LigatureMode = "not_under_cursor"
    fallbacks: tuple[str, ...] = ()
    weight: Weight = "normal"
    features: tuple[str, ...] = ()


DEFAULT_FONT = TerminalFont()
