"""The positions at which the lines of messages are broken."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextLayout
from PySide6.QtWidgets import QApplication

from gui.chat.content.copying import utf16_slice
from gui.chat.content.segments import Paragraph
from gui.chat.drawing.lay_out import lay_out_paragraph
from gui.chat.drawing.style import Style
from gui.theme.theme import Theme
from tests.support.themes import OWN


def lines_of(layout: QTextLayout) -> list[str]:
    lines = [layout.lineAt(number) for number in range(layout.lineCount())]
    return [utf16_slice(layout.text(), line.textStart(), line.textStart() + line.textLength()) for line in lines]


@pytest.mark.parametrize("words", ["The answer was cut; ", "🎉 The answer was cut; "])
def test_a_command_stays_with_its_slash(qapp: QApplication, words: str) -> None:
    style = Style(Theme(qapp, OWN, "dark"), 13)
    text = f"{words}/continue to continue, /retry to ask again, or read docs/guide/x.md"
    for width_px in range(90, 600):
        [box] = lay_out_paragraph(Paragraph(text), width_px, style).boxes
        lines = lines_of(box.layout)
        assert "".join(lines) == text
        assert not [line for line in lines[:-1] if line.endswith(" /")], (width_px, lines)
