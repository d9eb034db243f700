"""Lines with SGR sequences: the texts with their styles."""

from __future__ import annotations

import pytest

from session_host.terminal.rows import PLAIN, RGB, Attribute, Style, Underline
from session_host.terminal.sgr_lines import SgrLines, style_of


@pytest.mark.parametrize(
    ("sequences", "style"),
    [
        ("\x1b[0m", PLAIN),
        ("\x1b[m", PLAIN),
        ("\x1b[1m\x1b[38;5;9m\x1b[0m", PLAIN),
        ("\x1b[0m\x1b[1m\x1b[53m", Style(attributes=Attribute.BOLD | Attribute.OVERLINE)),
        ("\x1b[38;5;1m\x1b[48;2;1;2;3m", Style(foreground=1, background=RGB | 0x010203)),
        ("\x1b[4:3m\x1b[58;5;9m", Style(underline=Underline.CURLY, underline_color=9)),
        ("\x1b[4m", Style(underline=Underline.SINGLE)),
    ],
)
def test_sequences_set_a_style(sequences: str, style: Style) -> None:
    assert style_of(sequences) == style


def test_texts_have_the_style_before_them() -> None:
    lines = SgrLines("a\x1b[0m\x1b[3mb\x1b[0m\nc\n")
    italic = Style(attributes=Attribute.ITALIC)
    assert list(lines.spans()) == [("a", PLAIN), ("b", italic), ("\nc\n", PLAIN)]
