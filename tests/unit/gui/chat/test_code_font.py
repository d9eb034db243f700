"""Code in a chat view has the terminal's font, with its ligatures, features and weight."""

from __future__ import annotations

from PySide6.QtGui import QFont, QTextLayout

from gui.chat.content.segments import Face
from gui.chat.drawing.style import Style
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme

FAMILY = "Fira Code"


def glyphs(text: str, font: QFont) -> list[int]:
    layout = QTextLayout(text, font)
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    return [glyph for run in layout.glyphRuns() for glyph in run.glyphIndexes()]


def test_code_has_the_ligatures_features_and_weight_that_are_set(theme: Theme) -> None:
    def code(font: TerminalFont, face: Face = Face.PLAIN) -> QFont:
        return Style(theme, 14, font).font(mono=True, face=face)

    plain = code(TerminalFont(FAMILY))
    apart = glyphs("-", plain) + glyphs(">", plain)
    assert glyphs("->", plain) != apart
    assert glyphs("->", code(TerminalFont(FAMILY, "never"))) == apart
    assert glyphs("->", code(TerminalFont(FAMILY, features=("-calt",)))) == apart
    assert glyphs("0", code(TerminalFont(FAMILY, features=("zero",)))) != glyphs("0", plain)
    assert code(TerminalFont(FAMILY, weight="medium")).weight() == QFont.Weight.Medium
    assert code(TerminalFont(FAMILY, weight="medium"), Face.BOLD).weight() > QFont.Weight.Medium
