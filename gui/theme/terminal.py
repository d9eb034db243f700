"""The terminal's colours: background, text and the sixteen palette colours.

Names of 0…7 are black, red, green, yellow, blue, magenta, cyan, white; 8…15 are their bright
forms. All of them can be read as text on the ground of their theme, but for the one which is the
ground's own neighbour (black on dark, bright white on light); a test computes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor

from session_host.terminal.base import DefaultColors


@dataclass(frozen=True)
class TerminalTheme:
    """Colours that a terminal is painted with where the program has set none.

    Attributes:
        foreground: text.
        background: the ground; that of the page, so that the terminal is the page.
        cursor: the cursor's fill.
        selection_background: the ground of selected cells.
        selection_foreground: text of selected cells; None keeps each cell's own.
        palette: the sixteen ANSI colours.
        dark: light text on a dark ground.
        readable: text with too little contrast to its background gets a lighter or darker colour.
    """

    foreground: QColor
    background: QColor
    cursor: QColor
    selection_background: QColor
    selection_foreground: QColor | None
    palette: tuple[QColor, ...]
    dark: bool
    readable: bool = True

    def default_colors(self) -> DefaultColors:
        """What programs are told when they ask for the terminal's colours."""
        foreground, background, cursor = (
            color.rgb() & 0xFFFFFF for color in (self.foreground, self.background, self.cursor)
        )
        return DefaultColors(foreground, background, cursor, self.dark)


def _colors(*names: str) -> tuple[QColor, ...]:
    return tuple(QColor(name) for name in names)


DARK = TerminalTheme(
    foreground=QColor("#e7e9ec"),
    background=QColor("#15171c"),
    cursor=QColor("#e7e9ec"),
    selection_background=QColor("#32466e"),
    selection_foreground=None,
    palette=_colors(
        "#3a414d", "#f0777f", "#7fcf9f", "#e7b15b", "#7aa7ff", "#c792ea", "#6fc7d6", "#c3c8d0",
        "#8791a0", "#ff969c", "#9fe3bb", "#f5cb84", "#a0c1ff", "#dab3f5", "#98dfeb", "#ffffff",
    ),
    dark=True,
)  # fmt: skip
"""The terminal on a dark desktop."""

LIGHT = TerminalTheme(
    foreground=QColor("#1a1e24"),
    background=QColor("#ffffff"),
    cursor=QColor("#1a1e24"),
    selection_background=QColor("#cfdffc"),
    selection_foreground=None,
    palette=_colors(
        "#1a1e24", "#c0343f", "#1f7a4d", "#8a5a00", "#2563eb", "#8b3fb8", "#0e7284", "#5c6570",
        "#6a7380", "#a51d2d", "#176b41", "#7a4d00", "#1d4fd0", "#7a2fa6", "#0b6273", "#8c95a1",
    ),
    dark=False,
)  # fmt: skip
"""The terminal on a light desktop."""
