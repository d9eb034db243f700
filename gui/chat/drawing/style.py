"""Fonts, colours and measures of a transcript, for one theme and text size."""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat, QTextOption

from gui.chat.content.segments import Face, Run
from gui.terminal.cell_metrics import FALLBACK_FAMILIES, default_family, features_of, set_features
from gui.terminal.ligatures import JOINING_FEATURES
from gui.theme import tokens as measures
from gui.theme.terminal import DEFAULT_FONT, WEIGHTS, TerminalFont
from gui.theme.theme import Theme
from gui.theme.tokens import CHAT_PX, CodeColors, on

MEASURE_PX, WIDE_PX = 640, 880
"""The width of all text, and of a diff, a table or code with longer lines; at the text size ``CHAT_PX``."""
GUTTER_PX = 26
"""The width left of the text, in which marks are: a prompt's edge, icons, fold arrows."""
MARGIN_PX = 16
INDENT_PX = 22
QUOTE_PX = 14
LINE_PX, CODE_LINE_PX, OUTPUT_LINE_PX = 22, 20, 18
"""The distance between two lines of text, of code, and of output; at the text size ``CHAT_PX``."""
_HEADING_PX = {1: 5, 2: 3, 3: 1}
"""How much larger than the text headings are, by level."""


class Widths(NamedTuple):
    """The width of all text, and the width to which a diff, a table or code grows that needs more."""

    text: float
    wide: float


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
        """The size of quiet lines and of code."""
        return self.size_px - 1

    @property
    def tiny_px(self) -> int:
        """The size of times, and of what a tool works on."""
        return self.size_px - 2

    @cached_property
    def asked_ground(self) -> QColor:
        """The ground of an open request."""
        return self.color("raised") if self.tokens.name == "dark" else self.code.ground

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
        return max(round(self.scaled(LINE_PX)), math.ceil(self.metrics().height()))

    def scaled(self, px: float) -> float:
        """A measure at ``CHAT_PX``, for this text size."""
        return px * self.size_px / CHAT_PX

    @cached_property
    def code_line_px(self) -> float:
        """The distance between two lines of code."""
        return max(round(self.scaled(CODE_LINE_PX)), math.ceil(self.metrics(mono=True).height()))

    @cached_property
    def output_line_px(self) -> float:
        """The distance between two lines of output."""
        return max(round(self.scaled(OUTPUT_LINE_PX)), math.ceil(self.metrics(self.tiny_px, mono=True).height()))

    @cached_property
    def code_character_px(self) -> float:
        """The width of a character of code."""
        return self.metrics(mono=True).horizontalAdvance("0")

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
        if face & (Face.CODE | Face.OBJECT):
            made.setFontFamilies(self.font(0, face, mono=True).families())
            size_px = self.tiny_px if face & Face.OBJECT else self.small_px
            made.setProperty(QTextCharFormat.Property.FontPixelSize, size_px)
        if face & Face.CODE:
            made.setBackground(self.code.inline)
            page = self.code.inline
        if face & (Face.BOLD | Face.LEAD):
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
