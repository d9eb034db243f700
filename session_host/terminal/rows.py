"""Rows of a terminal's cells: characters in styles. Pure values."""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import Final, NamedTuple

UNDER_IMAGE: Final = "\U000e01ef"
"""An invisible mark after the text of a cell that is shown through an image's transparent pixels.

It is kept by the engine alone, and in replays: whatever is written into the cell later has no mark.
"""

Color = int
"""A colour as the program set it: ``DEFAULT_COLOR``, a palette index 0…255, or ``RGB | 0xRRGGBB``."""

DEFAULT_COLOR: Color = -1
RGB: Color = 0x1000000


class Attribute(IntFlag):
    """Attributes of a cell that are on or off."""

    NONE = 0
    BOLD = 1
    DIM = 2
    ITALIC = 4
    BLINK = 8
    INVERSE = 16
    HIDDEN = 32
    STRIKE = 64
    OVERLINE = 128


class Underline(StrEnum):
    """How a cell is underlined."""

    NONE = ""
    SINGLE = "single"
    DOUBLE = "double"
    CURLY = "curly"
    DOTTED = "dotted"
    DASHED = "dashed"
    __hash__ = str.__hash__  # styles are keys of caches, and Enum's own hash is a function in Python


class Style(NamedTuple):
    """The look of a run of cells; colours as set, neither brightened nor swapped."""

    foreground: Color = DEFAULT_COLOR
    background: Color = DEFAULT_COLOR
    attributes: int = 0
    """Bits of Attribute."""
    underline: Underline = Underline.NONE
    underline_color: Color = DEFAULT_COLOR
    link: str = ""
    """The URI of an OSC 8 hyperlink, "" for none."""


PLAIN = Style()


class Run(NamedTuple):
    """Neighbouring cells of one style.

    Either ``text`` holds one code point for each cell and ``cluster`` is False; or ``cluster`` is True and ``text`` is
    a single grapheme that takes all ``cells`` (1 or 2): a wide character, or one with combining marks. Unwritten cells
    are spaces.
    """

    column: int
    cells: int
    text: str
    style: Style
    cluster: bool


class Row(NamedTuple):
    """One row: its runs from left to right without overlap; blank unstyled cells may be left out."""

    runs: tuple[Run, ...]
    wrapped: bool
    """Whether the line continues in the next row."""
    selection: tuple[int, int] | None = None
    """The selected columns (first, last), inclusive."""

    def text(self) -> str:
        """The row as text without trailing blanks; a wide character occurs once."""
        return row_text(self).rstrip(" ")


def row_text(row: Row) -> str:
    """A row as text, with its trailing blanks."""
    parts: list[str] = []
    column = 0
    for run in row.runs:
        parts.append(" " * (run.column - column))
        parts.append(run.text)
        column = run.column + run.cells
    return "".join(parts)
