"""Maps styles to colours: the theme, the program's changes to it, and attributes."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from PySide6.QtGui import QColor

from gui.terminal.cell_metrics import BOLD, ITALIC
from gui.theme.contrast import MARK_RATIO, ratio, readable
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import blend
from session_host.terminal.base import Frame
from session_host.terminal.rows import DEFAULT_COLOR, RGB, Attribute, Color, Style, Underline

_DIM_SHARE = 0.6
"""The share of the text's own colour in dim text; the rest is the background's."""

_MIN_SELECTED_CONTRAST = 2.5
_MAX_LOOKS = 8192
_THEMED_COLORS = 16
_NEUTRAL_TEXT = frozenset((DEFAULT_COLOR, 0, 7, 15))
_PANELS = range(1, 16)
"""Background colours of bars and panels of htop, mc and whiptail, with neutral text on them."""
_TEXT_ON_PAGE = frozenset((DEFAULT_COLOR, 4))
"""Blue is also the background of panels, with light text on it, so a theme's blue may be too dark for text."""
_CUBE_LEVELS = (0, 95, 135, 175, 215, 255)


class Overrides(NamedTuple):
    """The program's changes to colours: OSC 10, 11, 4 and DECSCNM."""

    foreground: Color = DEFAULT_COLOR
    background: Color = DEFAULT_COLOR
    palette: tuple[tuple[int, Color], ...] = ()
    reverse_screen: bool = False

    @classmethod
    def of(cls, frame: Frame, *, reverse_screen: bool) -> Overrides:
        """The overrides in a frame."""
        return cls(frame.foreground, frame.background, tuple(sorted(frame.palette.items())), reverse_screen)


NO_OVERRIDES = Overrides()


class Look(NamedTuple):
    """The colours and font of a run."""

    foreground: QColor
    rgb: int
    """The foreground as a number, for caches."""
    fill: QColor
    """The unchanged foreground, for shapes that fill their cells and meet a neighbour's background."""
    fill_rgb: int
    background: QColor | None
    """None for the page's background, which is painted already."""
    variant: int
    """Bits of the font's variant."""
    hidden: bool
    underline: Underline
    underline_color: QColor
    strike: bool
    overline: bool
    link: bool
    decorated: bool
    """Whether any line is drawn along the text."""


@cache
def _indexed(index: int) -> QColor:
    """The colours 16…255 of xterm: a 6×6×6 cube and 24 greys."""
    if index >= 232:
        level = 8 + 10 * (index - 232)
        return QColor(level, level, level)
    red, rest = divmod(index - 16, 36)
    green, blue = divmod(rest, 6)
    return QColor(_CUBE_LEVELS[red], _CUBE_LEVELS[green], _CUBE_LEVELS[blue])


def _is_themed(color: Color) -> bool:
    """Whether the theme determines a colour: the default, or one of the sixteen."""
    return color < _THEMED_COLORS


class Colors:
    """All colours of one screen; recreated when the theme or the overrides change.

    Attributes:
        foreground: the current default text colour.
        background: the page's background colour.
        cursor: the cursor's fill colour.
    """

    def __init__(self, theme: TerminalTheme, overrides: Overrides = NO_OVERRIDES) -> None:
        self.theme = theme
        self.overrides = overrides
        self._palette: list[QColor] = [*theme.palette, *map(_indexed, range(16, 256))]
        for index, color in overrides.palette:
            if 0 <= index < len(self._palette):
                self._palette[index] = self._plain(color, self._palette[index])
        foreground = self._plain(overrides.foreground, theme.foreground)
        background = self._plain(overrides.background, theme.background)
        if overrides.reverse_screen:
            foreground, background = background, foreground
        self.foreground = foreground
        self.background = background
        self.cursor = theme.cursor if not overrides.reverse_screen else foreground
        self.has_blinking_text = False
        """Whether the text of any style so far blinks."""
        self._looks: dict[Style, Look] = {}
        self._selected_looks: dict[Style, Look] = {}

    def _plain(self, color: Color, default: QColor) -> QColor:
        if color >= RGB:
            return QColor(color & 0xFFFFFF)
        if 0 <= color < len(self._palette):
            return self._palette[color]
        return default

    def resolve_style(self, style: Style, selected: bool = False) -> Look:
        """The look of cells with ``style``, inside the selection or not."""
        looks = self._selected_looks if selected else self._looks
        look = looks.get(style)
        if look is None:
            if len(looks) >= _MAX_LOOKS:  # a picture in true colours
                looks.clear()
            look = looks[style] = self._resolve(style, selected=selected)
        return look

    def _resolve(self, style: Style, *, selected: bool) -> Look:
        attributes = style.attributes
        foreground = self._plain(style.foreground, self.foreground)
        background = self._plain(style.background, self.background)
        painted: QColor | None = None if background == self.background else background
        if attributes & Attribute.INVERSE and not selected:
            foreground, background = background, foreground
            painted = background
        if selected:
            painted = background = self.theme.selection_background
            foreground = self.theme.selection_foreground or foreground
            if ratio(foreground, background) < _MIN_SELECTED_CONTRAST:
                foreground = max(self.foreground, self.background, key=lambda color: ratio(color, background))
        if attributes & Attribute.DIM:
            foreground = blend(foreground, background, _DIM_SHARE)
        fill = foreground
        if self.theme.readable and not selected:
            foreground = self._readable(style, foreground, background)
        hidden = bool(attributes & Attribute.HIDDEN)
        self.has_blinking_text |= bool(attributes & Attribute.BLINK)
        decorated = bool(style.underline or attributes & (Attribute.STRIKE | Attribute.OVERLINE) or style.link)
        variant = (BOLD if attributes & Attribute.BOLD else 0) | (ITALIC if attributes & Attribute.ITALIC else 0)
        return Look(
            foreground=foreground,
            rgb=foreground.rgb() & 0xFFFFFF,
            fill=fill,
            fill_rgb=fill.rgb() & 0xFFFFFF,
            background=painted,
            variant=variant,
            hidden=hidden,
            underline=style.underline,
            underline_color=self._plain(style.underline_color, foreground),
            strike=bool(attributes & Attribute.STRIKE),
            overline=bool(attributes & Attribute.OVERLINE),
            link=bool(style.link),
            decorated=decorated,
        )

    def _readable(self, style: Style, foreground: QColor, background: QColor) -> QColor:
        """The foreground, or a similar colour that is readable on the background.

        If a program chose both colours exactly, or made them equal to hide its text, they stay.
        """
        text, below = style.foreground, style.background
        hides = text == below and text != DEFAULT_COLOR
        if hides or not (_is_themed(text) or _is_themed(below)):
            return foreground
        if style.attributes & Attribute.INVERSE:
            text, below = below, text
        is_plain = text in _TEXT_ON_PAGE and below == DEFAULT_COLOR and not style.attributes & Attribute.INVERSE
        is_usual = is_plain or (text in _NEUTRAL_TEXT and below in _PANELS)
        is_text = is_usual and not style.attributes & Attribute.DIM
        ratios = self.theme.ratios
        return readable(foreground, background, ratios.text if is_text else ratios.mark)

    def cursor_on(self, style: Style, color: Color = DEFAULT_COLOR) -> QColor:
        """The cursor's colour on a cell; lighter or darker if the cell's background would hide it.

        Args:
            style: the style of the cell.
            color: the program's colour for the cursor, or DEFAULT_COLOR.
        """
        background = self.resolve_style(style).background or self.background
        return readable(self._plain(color, self.cursor), background, MARK_RATIO)

    def under_cursor(self, style: Style, color: Color = DEFAULT_COLOR) -> Look:
        """The look of the cell under a block cursor: its background colour on the cursor's colour."""
        fill = self.cursor_on(style, color)
        plain = self.resolve_style(style)
        background = plain.background or self.background
        foreground = background if ratio(background, fill) >= _MIN_SELECTED_CONTRAST else self.background
        return plain._replace(
            foreground=foreground,
            rgb=foreground.rgb() & 0xFFFFFF,
            fill=foreground,
            fill_rgb=foreground.rgb() & 0xFFFFFF,
            background=fill,
            underline_color=foreground,
        )
