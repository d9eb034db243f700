"""Fonts, colours and measures of a transcript, for one theme and text size."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat, QTextOption

from gui.chat.content.segments import Face, Run
from gui.terminal.cell_metrics import FALLBACK_FAMILIES, default_family, features_of, set_features
from gui.terminal.ligatures import JOINING_FEATURES
from gui.theme import tokens as measures
from gui.theme.terminal import DEFAULT_FONT, WEIGHTS, TerminalFont
from gui.theme.theme import Theme
from gui.theme.tokens import SECONDARY_PX, TEXT_PX, CodeColors, on

MAX_WIDTH_PX = 880
"""The maximum width of the text column."""
MARGIN_PX = 16
INDENT_PX = 22
QUOTE_PX = 14
MAX_LETTERS = 80
"""Maximum number of letters in a line of prose; code, diffs and tables use the whole column."""
LINE_SHARE = 1.28
"""The distance between two lines of text, in heights of the font."""
_HEADING_PX = {1: 5, 2: 3, 3: 1}
"""How much larger than the text headings are, by level."""


class Style:
    """Fonts, formats and colours.

    Attributes:
        tokens: the colours of the interface.
        code: the colours of code.
        size_px: the size of the text.
    """

    def __init__(self, theme: Theme, size_px: int, mono: TerminalFont = DEFAULT_FONT) -> None:
        self.tokens = theme.tokens
        self.code: CodeColors = theme.tokens.code
        self.size_px = size_px
        self._palette = theme.terminal.palette
        self.selection = theme.terminal.selection_background
        self._mono = mono
        self._fonts: dict[tuple[int, int, bool], QFont] = {}
        self._formats: dict[tuple[int, str, str, int], QTextCharFormat] = {}
        self._metrics: dict[tuple[int, int, bool], QFontMetricsF] = {}
        self.text = self.tokens.color("text")
        self.secondary = self.tokens.color("secondary")

    @property
    def small_px(self) -> int:
        """The size of secondary text and of code."""
        return self.size_px - (TEXT_PX - SECONDARY_PX)

    def color(self, token: str) -> QColor:
        """A colour of the interface."""
        return self.tokens.color(token)

    def font(self, size_px: int = 0, face: Face = Face.PLAIN, *, mono: bool = False) -> QFont:
        """A font; ``size_px`` 0 is the text's size."""
        size_px = size_px or (self.small_px if mono else self.size_px)
        key = (size_px, int(face & (Face.BOLD | Face.ITALIC)), mono)
        found = self._fonts.get(key)
        if found is None:
            found = QFont(measures.font(size_px, bold=bool(face & Face.BOLD)))
            if mono:
                found.setFamilies([self._mono.family or default_family(), *FALLBACK_FAMILIES])
                found.setStyleHint(QFont.StyleHint.Monospace)
                features = features_of(self._mono.features)
                if self._mono.ligatures == "never":
                    features |= dict.fromkeys(JOINING_FEATURES, 0)
                set_features(found, features)
                if not face & Face.BOLD:
                    found.setWeight(QFont.Weight(WEIGHTS[self._mono.weight]))
            found.setItalic(bool(face & Face.ITALIC))
            self._fonts[key] = found
        return found

    def metrics(self, size_px: int = 0, *, bold: bool = False, mono: bool = False) -> QFontMetricsF:
        """The measures of a font."""
        face = Face.BOLD if bold else Face.PLAIN
        key = (size_px, int(face), mono)
        found = self._metrics.get(key)
        if found is None:
            found = self._metrics[key] = QFontMetricsF(self.font(size_px, face, mono=mono))
        return found

    def heading_px(self, level: int) -> int:
        """The size of a heading."""
        return self.size_px + _HEADING_PX.get(level, 0)

    @cached_property
    def line_px(self) -> float:
        """The distance between two lines of text."""
        return round(self.metrics().height() * LINE_SHARE)

    @cached_property
    def prose_px(self) -> float:
        """The maximum width of a line of prose."""
        alphabet = "abcdefghijklmnopqrstuvwxyz"
        return MAX_LETTERS * self.metrics().horizontalAdvance(alphabet) / len(alphabet)

    @cached_property
    def code_line_px(self) -> float:
        """The distance between two lines of code."""
        return round(self.metrics(mono=True).height() * 1.15)

    def format(self, run: Run, background: QColor | None = None) -> QTextCharFormat:
        """The format of a run on a background; None for the page's background."""
        key = (int(run.face), run.color, "link" if run.link else "", 0 if background is None else background.rgb())
        found = self._formats.get(key)
        if found is None:
            found = self._formats[key] = self._make_format(run, background)
        return found

    def _make_format(self, run: Run, background: QColor | None) -> QTextCharFormat:
        made = QTextCharFormat()
        face = run.face
        page = background if background is not None else self.color("page")
        if face & Face.CODE:
            font = self.font(0, face, mono=True)
            made.setFontFamilies(font.families())
            made.setProperty(QTextCharFormat.Property.FontPixelSize, self.small_px)
            made.setBackground(self.code.inline)
            page = self.code.inline
        if face & Face.BOLD:
            made.setFontWeight(QFont.Weight.DemiBold)
        if face & Face.ITALIC:
            made.setFontItalic(True)
        if face & Face.STRIKE:
            made.setFontStrikeOut(True)
        if run.link:
            made.setForeground(on(self.color("accent"), page))
            made.setFontUnderline(True)
        elif run.color:
            made.setForeground(on(self.word_color(run.color), page))
        elif face & Face.SECONDARY:
            made.setForeground(on(self.secondary, page))
        return made

    def word_color(self, name: str) -> QColor:
        """The colour for a run's colour name."""
        if name.startswith("#"):
            return QColor(name)
        if name.startswith("ansi"):
            return self._palette[int(name[4:]) & 15]
        return self.code.words.get(name, self.text)

    @cached_property
    def wrapping(self) -> QTextOption:
        """How text is broken into lines."""
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        return option

    @cached_property
    def wrapping_from_right(self) -> QTextOption:
        """How text is broken into lines that begin at the right."""
        option = QTextOption(self.wrapping)
        option.setTextDirection(Qt.LayoutDirection.RightToLeft)
        option.setAlignment(Qt.AlignmentFlag.AlignRight)
        return option

    @cached_property
    def code_wrapping(self) -> QTextOption:
        """How code is broken into lines."""
        option = QTextOption(self.wrapping)
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        option.setTabStopDistance(self.metrics(mono=True).horizontalAdvance(" ") * 4)
        return option
