"""Text keeps 4.5 : 1 on its ground and marks 3 : 1, in both appearances."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from PySide6.QtGui import QColor

from gui.terminal.drawing.colors import Colors
from gui.theme import terminal, tokens
from gui.theme.code import code_colors, on
from gui.theme.contrast import MARK_RATIO, TEXT_RATIO, ratio, readable
from gui.theme.marks import Mark, mark_color
from gui.theme.tokens import TILE_HUES, Tokens, blend
from session_host.terminal.base import DEFAULT_COLOR, RGB, Attribute, Style

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
def test_code_and_diffs_can_be_read_on_their_grounds(colors: Tokens):
    code = code_colors(colors)
    for ground in code.grounds():
        assert ratio(colors.color("text"), ground) >= TEXT_RATIO
        for word in code.words.values():
            assert ratio(on(word, ground), ground) >= TEXT_RATIO
    for word in code.words.values():
        assert ratio(word, code.ground) >= TEXT_RATIO  # As it is, without being made readable.
    assert ratio(colors.color("secondary"), code.prompt) >= TEXT_RATIO


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


THEMES = [pytest.param(terminal.DARK, id="dark"), pytest.param(terminal.LIGHT, id="light")]
DEFAULT_AND_SIXTEEN = [DEFAULT_COLOR, *range(16)]


def painted_ratio(theme: terminal.TerminalTheme, style: Style) -> float:
    colors = Colors(theme)
    look = colors.resolve_style(style)
    return ratio(look.foreground, look.background or colors.background)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("attributes", [0, Attribute.BOLD, Attribute.INVERSE, Attribute.DIM], ids=str)
def test_htop_mc_and_whiptail_can_be_read(theme: terminal.TerminalTheme, attributes: int):
    """Every colour on every other of the sixteen and the defaults."""
    for text, ground in product(DEFAULT_AND_SIXTEEN, DEFAULT_AND_SIXTEEN):
        if text != ground or text == DEFAULT_COLOR:
            assert painted_ratio(theme, Style(text, ground, attributes)) >= MARK_RATIO, (text, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_black_and_white_on_a_panel_can_be_read_well(theme: terminal.TerminalTheme):
    for text, ground in product((DEFAULT_COLOR, 0, 7, 15), range(1, 15)):
        if text != ground:
            assert painted_ratio(theme, Style(text, ground)) >= TEXT_RATIO, (text, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_exact_colours_on_the_page_can_be_read(theme: terminal.TerminalTheme):
    for color in (*range(16, 256), RGB | 0xFFD7FF, RGB | 0x101010, RGB | 0x808080):
        assert painted_ratio(theme, Style(color)) >= MARK_RATIO, color


def test_what_a_program_chose_exactly_or_hid_stays_as_it_is():
    colors = Colors(terminal.DARK)
    pixels = colors.resolve_style(Style(RGB | 0x202020, RGB | 0x303030))
    assert pixels.rgb == 0x202020
    hidden = colors.resolve_style(Style(2, 2))
    assert hidden.foreground == hidden.background == terminal.DARK.palette[2]


def test_shapes_keep_the_colour_of_the_ground_that_they_meet():
    look = Colors(terminal.DARK).resolve_style(Style(4, 6))
    assert look.fill == terminal.DARK.palette[4]
    assert look.foreground != look.fill


def test_the_floor_can_be_turned_off():
    theme = replace(terminal.DARK, readable=False)
    assert Colors(theme).resolve_style(Style(7, 4)).foreground == terminal.DARK.palette[7]


def test_a_colour_moves_no_further_than_it_must_and_in_its_own_direction():
    moved = readable(QColor("#5c6570"), QColor("#2563eb"), 4.5)
    assert 4.5 <= ratio(moved, QColor("#2563eb")) < 4.9
    assert readable(QColor("#ffffff"), QColor("#7aa7ff"), 4.5).lightness() < 100  # white itself is not enough
    assert readable(QColor("#000000"), QColor("#ffffff"), 4.5) == QColor("#000000")


def test_the_cursor_is_seen_on_every_ground():
    for theme in (terminal.DARK, terminal.LIGHT):
        colors = Colors(theme)
        for ground in (DEFAULT_COLOR, RGB | 0xF2F2F2, RGB | 0x101010, *range(256)):
            style = Style(background=ground)
            shown = colors.resolve_style(style).background or colors.background
            assert ratio(colors.cursor_on(style), shown) >= MARK_RATIO
            assert ratio(colors.under_cursor(style).foreground, colors.cursor_on(style)) >= MARK_RATIO
        assert colors.cursor_on(Style()) == theme.cursor
