"""Text keeps 4.5 : 1 on its ground and marks 3 : 1, in both appearances."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from gui.theme import terminal, tokens
from gui.theme.contrast import MARK_RATIO, TEXT_RATIO, ratio
from gui.theme.marks import Mark, mark_color
from gui.theme.tokens import TILE_HUES, Tokens, blend

APPEARANCES = [pytest.param(tokens.DARK, id="dark"), pytest.param(tokens.LIGHT, id="light")]
GROUNDS = ["page", "sidebar", "raised", "hover", "selected"]


def test_ratio_of_black_and_white_is_the_largest():
    assert ratio(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21)
    assert ratio(QColor("#777777"), QColor("#777777")) == pytest.approx(1)
    # A pair from the WCAG's own examples: #767676 is the lightest grey that passes on white.
    assert ratio(QColor("#767676"), QColor("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("colors", APPEARANCES)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("token", ["text", "secondary"])
def test_text_can_be_read_on_every_ground(colors: Tokens, ground: str, token: str):
    assert ratio(colors.color(token), colors.color(ground)) >= TEXT_RATIO


@pytest.mark.parametrize("colors", APPEARANCES)
@pytest.mark.parametrize("token", ["accent", "needs_you", "failed", "fine"])
def test_coloured_words_can_be_read(colors: Tokens, token: str):
    for ground in ("page", "sidebar", "raised"):
        assert ratio(colors.color(token), colors.color(ground)) >= TEXT_RATIO


@pytest.mark.parametrize("colors", APPEARANCES)
def test_text_on_the_accent_can_be_read(colors: Tokens):
    assert ratio(colors.color("on_accent"), colors.color("accent")) >= TEXT_RATIO


@pytest.mark.parametrize("colors", APPEARANCES)
@pytest.mark.parametrize("mark", list(Mark))
def test_marks_can_be_told_from_every_ground(colors: Tokens, mark: Mark):
    for ground in GROUNDS:
        assert ratio(mark_color(mark, colors), colors.color(ground)) >= MARK_RATIO


@pytest.mark.parametrize("colors", APPEARANCES)
def test_monograms_can_be_read_on_their_tiles(colors: Tokens):
    for hue in TILE_HUES[colors.name]:
        assert ratio(QColor(hue), blend(hue, colors.raised, 0.16)) >= MARK_RATIO


@pytest.mark.parametrize("theme", [pytest.param(terminal.DARK, id="dark"), pytest.param(terminal.LIGHT, id="light")])
def test_terminal_colours_can_be_read(theme: terminal.TerminalTheme):
    assert len(theme.palette) == 16
    assert ratio(theme.foreground, theme.background) >= TEXT_RATIO
    assert ratio(theme.foreground, theme.selection_background) >= TEXT_RATIO
    # Black on dark and the two whites on light are grounds rather than text.
    grounds = {0} if theme.dark else {15}
    for index, color in enumerate(theme.palette):
        if index not in grounds:
            assert ratio(color, theme.background) >= TEXT_RATIO, f"colour {index} {color.name()}"
    if not theme.dark:
        assert ratio(theme.palette[15], theme.background) >= MARK_RATIO


def test_terminal_ground_is_the_page():
    assert terminal.DARK.background == tokens.DARK.color("page")
    assert terminal.LIGHT.background == tokens.LIGHT.color("page")
