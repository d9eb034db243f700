"""A window derived from any terminal colours of a theme is readable."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from gui.theme.contrast import MARK_RATIO, TEXT_RATIO, ratio
from gui.theme.scheme import derive_tokens
from gui.theme.terminal import TerminalTheme

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
