"""Fonts and the cell, in whole device pixels.

All painting uses device pixels, on a picture with device pixel ratio 1. So cells, lines and glyphs are on whole pixels
at any scale of the desktop, also at 1.25.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QFontMetricsF, QRawFont

from gui.theme.terminal import FEATURE_FORM, WEIGHTS, TerminalFont
from gui.theme.tokens import CHAT_PX, TEXT_PX
from session_host.protocol.values import CellSize

from .ligatures import JOINING_FEATURES, Ligatures, candidates_of

BOLD = 1
ITALIC = 2
"""Bits of a font variant; the four variants are 0…3."""

FALLBACK_FAMILIES = (
    "JetBrains Mono",
    "Cascadia Mono",
    "DejaVu Sans Mono",
    "Noto Sans Mono",
    "Liberation Mono",
    "Ubuntu Mono",
    "Menlo",
    "Consolas",
    "Courier New",
)
"""Families to try in order if the desktop's fixed font is not monospace."""

_BOLD_WEIGHT, _BOLDER = 700, 200
"""The least weight of bold text, and how much heavier it is than other text; Qt takes the nearest that a font has."""

_SYMBOLS = frozenset(("Sm", "So"))
_MAX_BEYOND = 0.1
"""How much of a symbol may be outside of its cell on one side, in cells."""

MIN_FONT_PX = 6
MAX_FONT_PX = 96
PRINTABLE_ASCII = "".join(map(chr, range(0x20, 0x7F)))


def _is_monospace(font: QFont) -> bool:
    """Whether letters of very different shapes have the same width; fonts' own flags are often wrong."""
    metrics = QFontMetricsF(font)
    return metrics.horizontalAdvance("i") == metrics.horizontalAdvance("M") > 0


def default_family() -> str:
    """The desktop's monospace family, or the first of the fallbacks that is installed."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if _is_monospace(font):
        return font.family()
    installed = set(QFontDatabase.families())
    return next((family for family in FALLBACK_FAMILIES if family in installed), font.family())


def monospace_families() -> list[str]:
    """The installed monospace families, by name; measuring all families takes some milliseconds."""
    latin = QFontDatabase.WritingSystem.Latin
    return [
        family
        for family in QFontDatabase.families(latin)
        if not QFontDatabase.isPrivateFamily(family) and _is_monospace(QFont(family))
    ]


def _is_emoji(character: str) -> bool:
    """Whether a character is an emoji unless a program asks for its text form, or half of a flag."""
    code = ord(character)
    is_wide_symbol = unicodedata.category(character) == "So" and unicodedata.east_asian_width(character) == "W"
    return 0x1F1E6 <= code <= 0x1F1FF or (is_wide_symbol and not 0x2E80 <= code <= 0xFFFF)


def installed_families(names: Iterable[str], installed: Iterable[str]) -> list[str]:
    """The families that are installed, as the system writes them; names are compared without case."""
    written = {family.casefold(): family for family in installed}
    return [written[name.casefold()] for name in names if name.casefold() in written]


def default_size_px() -> int:
    """The desktop's size for monospace text, in logical pixels."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    return min(max(QFontInfo(font).pixelSize(), 13), MAX_FONT_PX)


def default_chat_px() -> int:
    """The size of a chat's text if the user has set none: a little larger, since it is read as prose."""
    return default_size_px() + CHAT_PX - TEXT_PX


def _family_or_fallback(family: str) -> str:
    font = QFont(family or default_family())
    if not _is_monospace(font):
        font = QFont(default_family())
    return QFontInfo(font).family()  # "monospace" is an alias


def features_of(texts: Iterable[str]) -> dict[str, int]:
    """The values of features by their tags; texts of another form are left out."""
    features = {}
    for text in texts:
        if found := re.fullmatch(FEATURE_FORM, text):
            sign, tag, value = found.groups()
            features[tag] = 0 if sign == "-" else int(value or 1)
    return features


def set_features(font: QFont, features: Mapping[str, int]) -> None:
    """Set features of a font by their tags."""
    for tag, value in features.items():
        font.setFeature(QFont.Tag(tag), value)


class CellMetrics:
    """The cell, and the four fonts that fill it, at one size and scale.

    Attributes:
        width: the cell's width in device pixels.
        height: the cell's height in device pixels.
        ascent: the distance from the cell's top to the baseline in device pixels.
        text_top, text_bottom: the distances from the cell's top to the ends of the font's own line.
        line: the thickness of thin lines (box drawing, underline) in device pixels.
        underline_top: the distance from the cell's top to the upper edge of a single underline.
        fonts: plain, bold, italic, bold italic, each spaced to fill the cell exactly.
        shaped_fonts: the same, for clusters that need shaping; spaced as the font says.
        emoji_font: a font of colour emoji, None if there is none.
        exact: for each variant, whether a whole run can be drawn at once.
        ligatures: the characters that the font joins; None if it joins none, or must not.
    """

    def __init__(self, font: TerminalFont, size_px: int, device_pixel_ratio: float, line_height: float = 1.0) -> None:
        """Measure ``font`` at ``size_px`` logical pixels.

        The cell is ``line_height`` times as high as the font's own line, 1.0 at least; the text is in its middle.
        """
        self.device_pixel_ratio = device_pixel_ratio
        self.family = _family_or_fallback(font.family)
        installed = set(QFontDatabase.families())
        self._wanted = font
        chosen = installed_families(font.fallbacks, installed)
        fallbacks = [fallback for fallback in FALLBACK_FAMILIES if fallback in installed]
        self._families = [self.family, *(fallback for fallback in fallbacks if fallback != self.family)]
        pixels = max(round(size_px * device_pixel_ratio), 4)
        plain = self._font(0, pixels)
        metrics = QFontMetricsF(plain)
        self.width = max(round(metrics.horizontalAdvance("M")), 1)
        ascent = max(math.ceil(metrics.ascent()), 1)
        font_height = ascent + max(math.ceil(metrics.descent() + metrics.leading()), 1)
        self.height = max(round(font_height * line_height), font_height)
        self.text_top = (self.height - font_height) // 2
        self.ascent, self.text_bottom = self.text_top + ascent, self.text_top + font_height
        self.line = max(round(self.width / 8), 1)
        underline = self.ascent + max(round(metrics.underlinePos()), 1)
        self.underline_top = min(underline, self.text_bottom - self.line)
        self.strike_top = round(self.ascent - metrics.strikeOutPos() - self.line / 2)
        self.shaped_fonts = tuple(self._font(variant, pixels) for variant in range(4))
        self.emoji_font = self._emoji_font([*chosen, *sorted(installed)], pixels)
        self.fonts = tuple(self._spaced(font) for font in self.shaped_fonts)
        self.exact = tuple(self._fills_cells(font) for font in self.fonts)
        self.ligatures = self._ligatures(font)
        self._raw = tuple(QRawFont.fromFont(font) for font in self.shaped_fonts)
        # Qt's fonts with the same first family share their fallbacks, so those that the user chose are looked up here.
        self._chosen = [
            (QRawFont.fromFont(QFont(family)), [self._font(variant, pixels, family) for variant in range(4)])
            for family in chosen
        ]

    @property
    def cell(self) -> CellSize:
        """The cell's size as reported to programs, in device pixels."""
        return CellSize(self.width, self.height)

    def _font(self, variant: int, pixels: int, family: str = "") -> QFont:
        # Symbols that the family lacks come from other monospace fonts first, because those fit the cell.
        font = QFont()
        font.setFamilies([family] if family else self._families)
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPixelSize(pixels)
        weight = WEIGHTS[self._wanted.weight]
        font.setWeight(QFont.Weight(max(weight + _BOLDER, _BOLD_WEIGHT) if variant & BOLD else weight))
        font.setItalic(bool(variant & ITALIC))
        font.setKerning(False)
        return font

    @staticmethod
    def _emoji_font(families: Sequence[str], pixels: int) -> QFont | None:
        family = next((name for name in families if "emoji" in name.lower() and "color" in name.lower()), None)
        if family is None:
            return None
        font = QFont(family)
        font.setPixelSize(pixels)
        return font

    def _spaced(self, shaped: QFont) -> QFont:
        """A copy of ``shaped`` with its advance stretched to the cell, and without ligatures."""
        font = QFont(shaped)
        features = features_of(self._wanted.features)
        if features:  # They need shaping, which takes longer.
            set_features(font, features | dict.fromkeys((*JOINING_FEATURES, "ccmp"), 0))
        else:
            font.setStyleStrategy(QFont.StyleStrategy.PreferNoShaping)
        rest = self.width - QFontMetricsF(font).horizontalAdvance("M")
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, rest)
        return font

    def _ligatures(self, wanted: TerminalFont) -> Ligatures | None:
        if wanted.ligatures == "never" or not all(self.exact):
            return None
        fonts = [self._joining(*both) for both in zip(self.shaped_fonts, self.fonts, strict=True)]
        candidates = candidates_of(wanted._replace(family=self.family, ligatures="always"), fonts[0], self.fonts[0])
        if candidates is None:
            return None
        return Ligatures(fonts, self.fonts, self.width, candidates, yields=wanted.ligatures == "not_under_cursor")

    def _joining(self, shaped: QFont, spaced: QFont) -> QFont:
        """A copy of ``shaped`` that fills the cells as ``spaced`` does; Qt disables ligatures of spaced texts."""
        font = QFont(shaped)
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spaced.letterSpacing())
        set_features(font, dict.fromkeys(JOINING_FEATURES, 1) | features_of(self._wanted.features))
        return font

    def _fills_cells(self, font: QFont) -> bool:
        metrics = QFontMetricsF(font)
        alike = all(metrics.horizontalAdvance(character) == self.width for character in PRINTABLE_ASCII)
        return alike and metrics.horizontalAdvance(PRINTABLE_ASCII * 8) == self.width * len(PRINTABLE_ASCII) * 8

    def has_glyph(self, character: str, variant: int) -> bool:
        """Whether the font itself, or a fallback font that the user chose, has the character."""
        code = ord(character)
        return any(raw.supportsCharacter(code) for raw in (self._raw[variant], *(raw for raw, _ in self._chosen)))

    def font_of(self, text: str, variant: int) -> QFont:
        """The first font with a cluster's first character; Qt finds other fonts for the cluster's other characters."""
        code = ord(text[0])
        if not self._raw[variant].supportsCharacter(code) and not _is_emoji(text[0]):
            for raw, fonts in self._chosen:
                if raw.supportsCharacter(code):
                    return fonts[variant]
        return self.shaped_fonts[variant]

    def draws_in_run(self, character: str, variant: int) -> bool:
        """Whether ``character`` can be drawn in one run with its neighbours: own glyph, one cell, left to right."""
        if not self.exact[variant]:
            return False
        if unicodedata.bidirectional(character) in {"R", "AL", "AN", "RLE", "RLO", "RLI"}:
            return False
        if unicodedata.category(character) in {"Mn", "Me", "Cf", "Co", "Cs", "Cn"}:
            return False
        if not self._raw[variant].supportsCharacter(ord(character)):
            return False
        measured = QFontMetricsF(self.fonts[variant])
        if unicodedata.category(character) in _SYMBOLS:  # Some reach far into both neighbours' cells.
            ink, beyond = measured.tightBoundingRect(character), max(self.width * _MAX_BEYOND, 1)
            if ink.left() < -beyond or ink.right() > self.width + beyond:
                return False
        return measured.horizontalAdvance(character) == self.width
