"""The terminal's colours: background, text and the sixteen palette colours; its cursor, and its font.

Names of 0…7 are black, red, green, yellow, blue, magenta, cyan, white; 8…15 are their bright forms.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct
from PySide6.QtGui import QColor

from session_host.terminal.base import Cursor, CursorShape, DefaultColors

from .contrast import USUAL, Ratios


class TerminalTheme(Struct, frozen=True):
    """Colours that a terminal is painted with where the program has set none.

    Attributes:
        foreground: text.
        background: the background; that of the page, so that the terminal is the page.
        cursor: the cursor's fill.
        selection_background: the background of selected cells.
        selection_foreground: text of selected cells; None keeps each cell's own.
        palette: the sixteen ANSI colours.
        dark: light text on a dark background.
        readable: text with too little contrast to its background gets a lighter or darker colour.
        ratios: what is too little.
        cursor_shape, cursor_blinks: the cursor of programs that want no other.
        text_blinks: whether text blinks for which a program asks that.
    """

    foreground: QColor
    background: QColor
    cursor: QColor
    selection_background: QColor
    selection_foreground: QColor | None
    palette: tuple[QColor, ...]
    dark: bool
    readable: bool = True
    ratios: Ratios = USUAL
    cursor_shape: CursorShape = CursorShape.BLOCK
    cursor_blinks: bool = True
    text_blinks: bool = True

    def chosen_cursor(self, cursor: Cursor | None) -> Cursor | None:
        """A program's cursor as the user wants it.

        A blinking block is the default of DECSCUSR (both 0 and 1 select it, see xterm's ctlseqs): a program with such
        a cursor wants no certain one.
        """
        if cursor is None or cursor.shape is not CursorShape.BLOCK or not cursor.blinking:
            return cursor
        return cursor._replace(shape=self.cursor_shape, blinking=self.cursor_blinks)

    def default_colors(self) -> DefaultColors:
        """The answers to programs' queries for the terminal's colours."""
        foreground, background, cursor, *palette = (
            color.rgb() & 0xFFFFFF for color in (self.foreground, self.background, self.cursor, *self.palette)
        )
        return DefaultColors(foreground, background, cursor, self.dark, tuple(palette))


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
