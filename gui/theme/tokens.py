"""Colours and measures by name. The measures are defined here, the colours in the files of themes.

Sizes are in device-independent pixels on a grid of 4. Words are readable on every background of code; a test computes
it for each theme.
"""

from __future__ import annotations

from msgspec import Struct
from PySide6.QtGui import QColor, QFont

from .contrast import MARK_RATIO, TEXT_RATIO, readable

BACKGROUNDS = ("ground", "inline", "prompt", "added", "removed", "added_words", "removed_words")
WORDS = ("keyword", "string", "number", "function", "type", "comment", "deleted")


class CodeColors(Struct, frozen=True):
    """The colours of one theme.

    Attributes:
        ground: the background of code blocks and outputs, as the files of themes name it.
        inline: the background of code within a text.
        prompt: the background of the user's prompts.
        added, removed: the backgrounds of a diff's lines; ``added_words``, ``removed_words``: of what differs in them.
        words: the colours of parts of code, by their names in ``WORDS``.
    """

    ground: QColor
    inline: QColor
    prompt: QColor
    added: QColor
    removed: QColor
    added_words: QColor
    removed_words: QColor
    words: dict[str, QColor]

    def backgrounds(self) -> tuple[QColor, ...]:
        """All backgrounds that code is painted on."""
        return self.ground, self.inline, self.added, self.removed, self.added_words, self.removed_words


def on(color: QColor, background: QColor) -> QColor:
    """``color``, readable as text on ``background``."""
    return readable(color, background, TEXT_RATIO)


def on_hairline(tokens: Tokens) -> QColor:
    """The text colour of a disabled button that is filled; its ground has the colour of hairlines."""
    return on(tokens.color("secondary"), tokens.color("hairline"))


TEXT_PX = 13
SECONDARY_PX = 12
HEADING_PX = 11
"""Headings of groups, in capitals."""
KEY_PX = 10
"""The keys on buttons, in capitals."""
CHAT_PX = 14
"""The text of a chat's messages, before the user makes it larger or smaller. There are no other sizes of text."""

NEARLY_FULL_PERCENT, FULL_PERCENT = 75, 90
"""From these shares on, how full something is, such as a model's context, is amber, and red."""
GAP_S_PX = 8
GAP_M_PX = 12
GAP_L_PX = 16
RADIUS_PX = 6
BAR_HEIGHT_PX = 36
STATUS_HEIGHT_PX = 24
MARK_PX = 12
ICON_PX = 16
TILE_PX = 32
TERMINAL_PADDING_PX = 8

COPIED_MS = 2000
"""How long a button shows that it has copied its text."""

LABEL_COLORS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
"""The names of the colours for marking chats."""

_PROJECT_COLORS = {
    "dark": ("#a888ea", "#34b3c6", "#e274b0", "#9dbb32", "#8b95a1"),
    "light": ("#7246c6", "#0a7080", "#ae3278", "#5a6b00", "#5d6672"),
}
"""The colours of projects: none of them means a state."""

SIDEBAR_WIDTH_PX = 264
SIDEBAR_MIN_PX = 180
SIDEBAR_MAX_PX = 480
SIDEBAR_COLLAPSED_PX = 48


class Tokens(Struct, frozen=True):
    """The window's colours in one theme, each "#rrggbb".

    Attributes:
        name: "dark" or "light".
        page: the background of the terminal and of the tab that is shown.
        sidebar: the background of the sidebar, the tab bar and the status line.
        raised: the background of sheets, menus and fields.
        hairline: lines between areas.
        text, secondary, disabled: text, by its importance.
        accent, on_accent: what is active, chosen, focused or a link; text on that colour.
        needs_you, failed, fine: marks and texts of these states.
        needs_you_fill: areas of that state, such as edges, bands and triangles; as a text it would be too pale.
        hover, selected: the background of a row or button under the pointer, and of the chosen one.
        border: the outlines of fields, buttons and sheets.
        scrim: what dims the window behind a sheet, with its alpha in ``SCRIM_ALPHA``.
        tiles: the colours of agents' monograms, by their index in the catalog.
        labels: the colours of ``LABEL_COLORS``, in that order.
        code: the colours of code and diffs.
        mark_ratio: the least contrast of marks.
    """

    name: str
    page: str
    sidebar: str
    raised: str
    hairline: str
    text: str
    secondary: str
    disabled: str
    accent: str
    on_accent: str
    needs_you: str
    needs_you_fill: str
    failed: str
    fine: str
    hover: str
    selected: str
    border: str
    scrim: str
    tiles: tuple[str, ...]
    labels: tuple[str, ...]
    code: CodeColors
    mark_ratio: float = MARK_RATIO

    def color(self, token: str) -> QColor:
        """The colour of one token as Qt wants it."""
        return QColor(getattr(self, token))

    def label_color(self, name: str) -> QColor:
        """A colour of ``LABEL_COLORS``."""
        return QColor(self.labels[LABEL_COLORS.index(name)])


def project_color(hue: int, tokens: Tokens) -> QColor:
    """The colour of a project's chats."""
    return readable(QColor(_PROJECT_COLORS[tokens.name][hue]), tokens.color("sidebar"), tokens.mark_ratio)


SCRIM_ALPHA = {"dark": 150, "light": 70}


def font(size_px: int = TEXT_PX, *, bold: bool = False, capitals: bool = False) -> QFont:
    """The interface's font at one of its sizes."""
    from PySide6.QtWidgets import QApplication  # the family is that of the running application

    chosen = QFont(QApplication.font())
    chosen.setPixelSize(size_px)
    chosen.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    if capitals:
        chosen.setCapitalization(QFont.Capitalization.AllUppercase)
        chosen.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.6)
    return chosen


def blend(over: str | QColor, background: str | QColor, share: float) -> QColor:
    """``over`` laid on ``background`` with an opacity of ``share``."""
    first, second = QColor(over), QColor(background)
    return QColor(
        round(first.red() * share + second.red() * (1 - share)),
        round(first.green() * share + second.green() * (1 - share)),
        round(first.blue() * share + second.blue() * (1 - share)),
    )
