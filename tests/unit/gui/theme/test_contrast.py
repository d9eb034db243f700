"""The contrasts of all themes, and of those that name only a few colours."""

from __future__ import annotations

import re
import tomllib
from itertools import combinations, product
from math import dist
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtGui import QColor, QIcon

import gui
from gui.settings.theme_files import RESOURCES, Library
from gui.terminal.drawing.colors import Colors
from gui.theme.contrast import HIGH, MARK_RATIO, TEXT_RATIO, USUAL, Ratios, luminance, ratio, readable
from gui.theme.desktop import DesktopLook
from gui.theme.icons import Glyph, glyph_icon, mark_color
from gui.theme.scheme import Scheme, derive_tokens
from gui.theme.terminal import TerminalTheme
from gui.theme.theme import style_sheet
from gui.theme.tokens import LABEL_COLORS, Tokens, blend, on, project_color
from session_host.agents.catalog import load_catalog
from session_host.standing.groups import Mark
from session_host.standing.row_line import HUES
from session_host.terminal.rows import DEFAULT_COLOR, RGB, Attribute, Style
from tests.support.area import Area
from tests.support.themes import DARK, DARK_TERMINAL, LIGHT

SCHEMES = [Library().scheme(identifier) for identifier in Library().ids()]
APPEARANCES = [pytest.param(scheme.tokens, id=scheme.id) for scheme in SCHEMES]
HIGH_CONTRAST = [
    pytest.param(scheme.on_desktop(DesktopLook(high_contrast=True)).tokens, id=f"{scheme.id} high")
    for scheme in (DARK, LIGHT)
]
OWN_TERMINALS = [pytest.param(scheme.terminal, id=scheme.id) for scheme in (DARK, LIGHT)]
BACKGROUNDS = ["page", "sidebar", "raised", "hover", "selected"]


def test_the_ratio_of_black_and_white_is_21():
    assert ratio(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21)
    assert ratio(QColor("#777777"), QColor("#777777")) == pytest.approx(1)
    # A pair from the WCAG's own examples: #767676 is the lightest grey that passes on white.
    assert ratio(QColor("#767676"), QColor("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("accent", ["#3584e4", "#ff8000", "#ffff00", "#000000", "#ffffff", "#808080"])
@pytest.mark.parametrize("ratios", [USUAL, HIGH], ids=["usual", "high"])
def test_outlives_own_themes_take_the_accent_and_stay_readable(scheme: Scheme, accent: str, ratios: Ratios):
    shown = scheme.on_desktop(DesktopLook(accent=QColor(accent), high_contrast=ratios is HIGH))
    assert shown.tokens.accent != scheme.tokens.accent
    assert shown.tokens.page == scheme.tokens.page
    check_contrast(shown, ratios)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.id)
def test_each_theme_is_readable_and_more_so_with_high_contrast(scheme: Scheme):
    check_contrast(scheme, USUAL)
    check_contrast(scheme.on_desktop(DesktopLook(high_contrast=True)), HIGH)
    assert scheme.terminal.background == scheme.tokens.color("page")


@pytest.mark.parametrize("name", ["high-contrast-dark", "high-contrast-light"])
def test_the_pair_with_high_contrast_has_it_by_itself(name: str):
    scheme = Library().scheme(name)
    check_contrast(scheme, HIGH)
    tokens, code = scheme.tokens, scheme.tokens.code
    assert tokens.page == scheme.terminal.background.name()
    for background in code.backgrounds():
        for word in (tokens.color("text"), *code.words.values()):
            assert ratio(on(word, background), background) >= HIGH.text
    for hue in range(HUES):
        assert ratio(project_color(hue, tokens), tokens.color("sidebar")) >= HIGH.mark
    assert scheme.terminal.ratios == HIGH, "programs' colours, too"
    file = tomllib.loads((RESOURCES / f"{name}.toml").read_text())
    assert {key: getattr(tokens, key) for key in file["window"]} == file["window"], "none of its colours is changed"


def check_contrast(scheme: Scheme, ratios: Ratios) -> None:
    colors = scheme.tokens
    backgrounds = [colors.color(name) for name in ("page", "sidebar", "raised", "hover", "selected")]
    for background in backgrounds:
        for token in ("text", "secondary"):
            assert ratio(colors.color(token), background) >= ratios.text, token
        for mark in Mark:
            assert ratio(mark_color(mark, colors), background) >= ratios.mark, mark
        assert ratio(colors.color("needs_you_fill"), background) >= ratios.mark
    for background in backgrounds[:3]:
        for token in ("accent", "needs_you", "failed", "fine"):
            assert ratio(colors.color(token), background) >= ratios.text, token
        for token in ("border", "hairline", "disabled"):
            assert ratio(colors.color(token), background) >= ratios.line, token
    assert ratio(colors.color("on_accent"), colors.color("accent")) >= min(ratios.text, 4.5)
    sheet, hairline = style_sheet(colors), colors.color("hairline")
    for disabled in ('QPushButton[kind="primary"]', 'QPushButton[kind="answer"]', 'QLabel[kind="key"]'):
        [rule] = re.findall(rf"^{re.escape(disabled)}:disabled \{{(.*)\}}$", sheet, re.MULTILINE)
        [text] = re.findall(r"(?<![-\w])color: (#\w+);", rule)
        assert ratio(QColor(text), hairline) >= TEXT_RATIO, disabled


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("colors", [*APPEARANCES, *HIGH_CONTRAST])
def test_the_sign_of_a_filled_button_that_is_disabled_is_visible(colors: Tokens):
    hairline = colors.color("hairline")
    icon = glyph_icon(Glyph.SEND, colors, "on_accent").pixmap(16, 16, QIcon.Mode.Disabled).toImage()
    inks = [icon.pixelColor(x, y) for x in range(icon.width()) for y in range(icon.height())]
    assert all(ratio(QColor(ink.name()), hairline) >= MARK_RATIO for ink in inks if ink.alpha() == 255)


@pytest.mark.parametrize("colors", APPEARANCES)
def test_the_colours_of_chats_are_visible_and_distinguishable(colors: Tokens):
    labels = [colors.label_color(name) for name in LABEL_COLORS]
    for background, label in product(BACKGROUNDS, labels):
        assert ratio(label, colors.color(background)) >= MARK_RATIO, (label.name(), background)
    hues = sorted(label.hsvHueF() * 360 for label in labels)
    gaps = [after - before for before, after in zip(hues, [*hues[1:], hues[0] + 360], strict=True)]
    assert min(gaps) > 8, hues


@pytest.mark.parametrize("colors", APPEARANCES)
def test_code_and_diffs_are_readable_on_their_backgrounds(colors: Tokens):
    code = colors.code
    for background in code.backgrounds():
        assert ratio(colors.color("text"), background) >= TEXT_RATIO
        for word in code.words.values():
            assert ratio(on(word, background), background) >= TEXT_RATIO
    for word in code.words.values():
        assert ratio(word, code.ground) >= TEXT_RATIO  # The colour itself, before it is adapted to the background.
    assert ratio(colors.color("secondary"), code.prompt) >= TEXT_RATIO


@pytest.mark.parametrize("colors", [*APPEARANCES, *HIGH_CONTRAST])
def test_no_two_agents_have_tiles_that_look_alike(colors: Tokens, area: Area):
    """A difference of 0.02 in OKLab is seen in colours that touch each other."""
    agents = list(load_catalog(area.config).values())
    assert len({agent.monogram.casefold() for agent in agents}) == len(agents) <= len(colors.tiles)
    for hue, share in [*((hue, 0.16) for hue in colors.tiles), (colors.secondary, 0.06)]:
        assert ratio(QColor(hue), blend(hue, colors.raised, share)) >= TEXT_RATIO
    for one, other in combinations(colors.tiles, 2):
        assert dist(oklab(QColor(one)), oklab(QColor(other))) > 0.025, (one, other)


def oklab(color: QColor) -> tuple[float, ...]:
    """A colour in OKLab (Ottosson 2020): lightness, green to red, blue to yellow; distances are as they are seen."""
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (color.redF(), color.greenF(), color.blueF())
    )
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@pytest.mark.parametrize("theme", OWN_TERMINALS)
def test_the_sixteen_colours_of_our_own_themes_are_readable_unchanged(theme: TerminalTheme):
    assert len(theme.palette) == 16
    assert ratio(theme.foreground, theme.background) >= TEXT_RATIO
    assert ratio(theme.foreground, theme.selection_background) >= TEXT_RATIO
    # Black in dark themes and bright white in light ones are used as backgrounds rather than for text. The dark theme's
    # blue is the background of panels; as text, it is lightened.
    backgrounds = {0, 4} if theme.dark else {15}
    for index, color in enumerate(theme.palette):
        if index not in backgrounds:
            assert ratio(color, theme.background) >= TEXT_RATIO, f"colour {index} {color.name()}"
    if not theme.dark:
        assert ratio(theme.palette[15], theme.background) >= MARK_RATIO


THEMES = [pytest.param(scheme.terminal, id=scheme.id) for scheme in SCHEMES]
DEFAULT_AND_SIXTEEN = [DEFAULT_COLOR, *range(16)]


COLORS: dict[int, Colors] = {}


def painter_of(theme: TerminalTheme) -> Colors:
    if id(theme) not in COLORS:
        COLORS[id(theme)] = Colors(theme)
    return COLORS[id(theme)]


def painted_ratio(theme: TerminalTheme, style: Style) -> float:
    colors = painter_of(theme)
    look = colors.resolve_style(style)
    return ratio(look.foreground, look.background or colors.background)


@pytest.mark.parametrize("theme", THEMES)
def test_htop_mc_and_whiptail_are_readable(theme: TerminalTheme):
    """Covers each pair of different colours among the sixteen and the defaults."""
    plain = (0, Attribute.BOLD, Attribute.INVERSE, Attribute.DIM)
    for text, background, attributes in product(DEFAULT_AND_SIXTEEN, DEFAULT_AND_SIXTEEN, plain):
        if text != background or text == DEFAULT_COLOR:
            assert painted_ratio(theme, Style(text, background, attributes)) >= MARK_RATIO, (
                text,
                background,
                attributes,
            )


@pytest.mark.parametrize("theme", THEMES)
def test_black_and_white_on_a_panel_have_the_contrast_of_text(theme: TerminalTheme):
    for text, background in product((DEFAULT_COLOR, 0, 7, 15), range(1, 15)):
        if text != background:
            assert painted_ratio(theme, Style(text, background)) >= TEXT_RATIO, (text, background)


@pytest.mark.parametrize("theme", OWN_TERMINALS)
def test_text_on_a_blue_panel_is_lighter_than_the_panel(theme: TerminalTheme):
    """As in other terminals: yellow on blue, as in mc, is not almost black."""
    colors = Colors(theme)
    for text, background in product((DEFAULT_COLOR, 2, 3, 6, 7, 10, 11, 14, 15), (4,) if theme.dark else (4, 12)):
        assert luminance(colors.resolve_style(Style(text, background)).foreground) > luminance(
            theme.palette[background]
        )


@pytest.mark.parametrize("theme", THEMES)
def test_blue_text_on_the_page_has_the_contrast_of_text(theme: TerminalTheme):
    assert painted_ratio(theme, Style(4)) >= TEXT_RATIO


@pytest.mark.parametrize("theme", THEMES)
def test_default_text_has_the_contrast_of_text_selected_or_not(theme: TerminalTheme):
    colors = Colors(theme)
    for selected in (False, True):
        look = colors.resolve_style(Style(), selected)
        assert ratio(look.foreground, look.background or colors.background) >= TEXT_RATIO


@pytest.mark.parametrize("theme", THEMES)
def test_exact_colours_on_the_page_are_readable(theme: TerminalTheme):
    for color in (*range(16, 256), RGB | 0xFFD7FF, RGB | 0x101010, RGB | 0x808080):
        assert painted_ratio(theme, Style(color)) >= MARK_RATIO, color


def test_exact_colour_pairs_and_hidden_text_stay_unchanged():
    colors = Colors(DARK_TERMINAL)
    pixels = colors.resolve_style(Style(RGB | 0x202020, RGB | 0x303030))
    assert pixels.rgb == 0x202020
    hidden = colors.resolve_style(Style(2, 2))
    assert hidden.foreground == hidden.background == DARK_TERMINAL.palette[2]


def test_filled_shapes_keep_their_exact_colour():
    look = Colors(DARK_TERMINAL).resolve_style(Style(4, 6))
    assert look.fill == DARK_TERMINAL.palette[4]
    assert look.foreground != look.fill


def test_the_minimum_contrast_can_be_turned_off():
    theme = replace(DARK_TERMINAL, readable=False)
    assert Colors(theme).resolve_style(Style(7, 4)).foreground == DARK_TERMINAL.palette[7]


def test_a_colour_changes_only_as_far_as_needed_and_in_its_own_direction():
    moved = readable(QColor("#5c6570"), QColor("#2563eb"), 4.5)
    assert 4.5 <= ratio(moved, QColor("#2563eb")) < 4.9
    assert readable(QColor("#ffffff"), QColor("#7aa7ff"), 4.5).lightness() < 100  # even white does not reach the ratio
    assert readable(QColor("#000000"), QColor("#ffffff"), 4.5) == QColor("#000000")


def test_the_cursor_is_visible_on_every_background():
    for scheme in SCHEMES:
        theme = scheme.terminal
        colors = Colors(theme)
        for background in (DEFAULT_COLOR, RGB | 0xF2F2F2, RGB | 0x101010, *range(256)):
            style = Style(background=background)
            shown = colors.resolve_style(style).background or colors.background
            assert ratio(colors.cursor_on(style), shown) >= MARK_RATIO
            assert ratio(colors.under_cursor(style).foreground, colors.cursor_on(style)) >= MARK_RATIO
    for scheme in (DARK, LIGHT):
        assert Colors(scheme.terminal).cursor_on(Style()) == scheme.terminal.cursor


colors = st.integers(0, 0xFFFFFF).map(QColor)


@settings(max_examples=40, deadline=None)
@given(st.lists(colors, min_size=20, max_size=20), st.booleans())
def test_a_window_derived_from_any_colours_is_readable(some: list[QColor], dark: bool):
    terminal = TerminalTheme(some[0], some[1], some[2], some[3], None, tuple(some[4:]), dark)
    tokens = derive_tokens(terminal, {}, {})
    for background in ("page", "sidebar", "raised"):
        for token in ("text", "secondary"):
            assert ratio(tokens.color(token), tokens.color(background)) >= TEXT_RATIO or _is_best(tokens.color(token))
        for token in ("accent", "needs_you", "failed", "fine"):
            assert ratio(tokens.color(token), tokens.color(background)) >= MARK_RATIO or _is_best(tokens.color(token))


def _is_best(color: QColor) -> bool:
    """On a middle-grey background, even black or white text does not reach a higher contrast."""
    return color.name() in {"#000000", "#ffffff"}


def test_readable_colours_that_a_theme_names_are_kept(qapp: object):
    light, dark, grey = QColor("#e0e0e0"), QColor("#101010"), QColor("#303030")
    plain = TerminalTheme(light, dark, light, grey, None, (QColor("#8080ff"),) * 16, dark=True)
    tokens = derive_tokens(plain, {"accent": "#ffcc00", "sidebar": "#181818"}, {"keyword": "#ff88ff"})
    assert (tokens.accent, tokens.sidebar) == ("#ffcc00", "#181818")
    assert tokens.code.words["keyword"] == QColor("#ff88ff")


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.id)
def test_amber_in_an_area_is_changed_no_more_than_amber_as_a_text(scheme: Scheme) -> None:
    tokens = scheme.tokens
    fill, text, page = (tokens.color(name) for name in ("needs_you_fill", "needs_you", "page"))
    assert ratio(fill, page) <= ratio(text, page)


def test_amber_in_an_area_is_the_own_themes() -> None:
    assert (DARK.tokens.needs_you_fill, LIGHT.tokens.needs_you_fill) == ("#e7b15b", "#b87600")


def test_no_area_is_painted_in_the_amber_of_texts() -> None:
    painted = re.compile(r"(?:fillRect|setBrush)\([^\n]*[\"']needs_you[\"']")
    found = [path.name for path in Path(gui.__file__).parent.rglob("*.py") if painted.search(path.read_text())]
    assert not found


@pytest.mark.parametrize("tokens", [DARK.tokens, LIGHT.tokens], ids=["dark", "light"])
def test_an_answer_that_cannot_be_given_yet_is_readable(tokens: Tokens) -> None:
    rule = next(
        line for line in style_sheet(tokens).splitlines() if line.startswith('QPushButton[kind="primary"]:disabled')
    )
    colors = re.findall(r"#[0-9a-f]{6}", rule)
    assert ratio(QColor(colors[1]), QColor(colors[0])) >= 4.5


@pytest.mark.parametrize("tokens", [DARK.tokens, LIGHT.tokens], ids=["dark", "light"])
def test_the_colours_of_projects_are_seen_and_mean_no_state(tokens: Tokens) -> None:
    colors = [project_color(hue, tokens) for hue in range(HUES)]
    assert len({color.name() for color in colors}) == HUES
    assert all(ratio(color, tokens.color("sidebar")) >= MARK_RATIO for color in colors)
    assert not {color.name() for color in colors} & {tokens.needs_you, tokens.failed, tokens.fine, tokens.accent}
