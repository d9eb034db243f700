"""The font of terminals, as the user's settings name it."""

from __future__ import annotations

from typing import Literal, NamedTuple

LigatureMode = Literal["always", "not_under_cursor", "never"]


class TerminalFont(NamedTuple):
    """The terminal's font.

    Attributes:
        family: a monospace family; "" for the desktop's.
        ligatures: where characters are joined, if the font joins any.
    """

    family: str = ""
    ligatures: LigatureMode = "not_under_cursor"


DEFAULT_FONT = TerminalFont()
