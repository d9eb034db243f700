from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.terminal.drawing.canvas import bands
from gui.terminal.drawing.colors import Colors, Overrides
from gui.terminal.drawing.row_painter import split_at_selection
from gui.terminal.glyphs import box_drawing
from gui.terminal.glyphs.box_drawing import DOUBLE, HEAVY, LIGHT, Arms, arms_of, rectangles_of
from gui.terminal.input.clipboard import PasteCheck, check_paste
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, MAX_WHOLE_PASTE_CHARACTERS
from session_host.terminal.rows import PLAIN, RGB, Attribute, Run, Style
from tests.support.themes import DARK_TERMINAL as DARK
from tests.support.themes import LIGHT_TERMINAL as LIGHT_THEME


def test_line_characters_are_parsed_from_their_unicode_names():
    assert arms_of(ord("┌")) == Arms(right=LIGHT, down=LIGHT)
    assert arms_of(ord("╇")) == Arms(left=HEAVY, right=HEAVY, up=HEAVY, down=LIGHT)
    assert arms_of(ord("╒")) == Arms(right=DOUBLE, down=LIGHT)
    assert arms_of(ord("╼")) == Arms(left=LIGHT, right=HEAVY)
    assert arms_of(ord("╫")) == Arms(left=LIGHT, right=LIGHT, up=DOUBLE, down=DOUBLE)


@given(code=st.integers(0x2500, 0x259F), width=st.integers(8, 60), height=st.integers(12, 120), line=st.integers(1, 6))
def test_each_arm_of_a_line_character_reaches_its_edge(code, width, height, line):
    line = min(line, width // 8, height // 8) or 1
    rectangles = rectangles_of(code, width, height, line)
    if not rectangles or code >= 0x2580 or "DASH" in unicodedata.name(chr(code)):
        return
    arms = arms_of(code)
    assert bool(arms.left) == any(rectangle.left == 0 for rectangle in rectangles)
    assert bool(arms.right) == any(rectangle.left + rectangle.width == width for rectangle in rectangles)
    assert bool(arms.up) == any(rectangle.top == 0 for rectangle in rectangles)
    assert bool(arms.down) == any(rectangle.top + rectangle.height == height for rectangle in rectangles)


def test_bars_are_characters_from_edge_to_edge():
    barred = {chr(code) for code in range(0x2500, 0x25A0) if box_drawing.bars_of(code, 8, 17, 1)}
    assert barred == set("─━═▀▁▂▃▄▅▆▇█▔")


@pytest.mark.parametrize(
    ("text", "bracketed", "check"),
    [
        ("", False, PasteCheck.EMPTY),
        ("words\twith tab", False, PasteCheck.FINE),
        ("a\nb", False, PasteCheck.ASK),
        ("a\nb", True, PasteCheck.FINE),
        ("a\x1bb", True, PasteCheck.ASK),
        ("a\x7fb", True, PasteCheck.ASK),
        ("é日🚀", False, PasteCheck.FINE),
        ("x" * MAX_PASTE_CHARACTERS, False, PasteCheck.FINE),
        ("x" * (MAX_PASTE_CHARACTERS + 1), True, PasteCheck.ASK),
        ("x" * MAX_WHOLE_PASTE_CHARACTERS, True, PasteCheck.ASK),
        ("x" * (MAX_WHOLE_PASTE_CHARACTERS + 1), True, PasteCheck.TOO_LONG),
    ],
)
def test_pastes_are_checked(text, bracketed, check):
    assert check_paste(text, bracketed=bracketed) == check


@given(first=st.integers(0, 15), length=st.integers(1, 15))
def test_cutting_at_the_selection_loses_nothing(first, length):
    last = first + length - 1
    runs = (
        Run(1, 4, "abcd", PLAIN, cluster=False),
        Run(5, 2, "日", PLAIN, cluster=True),
        Run(8, 5, "efghi", PLAIN, cluster=False),
    )
    parts = split_at_selection(runs, first, last)
    assert "".join(run.text for run, _ in parts) == "abcd日efghi"
    for run, selected in parts:
        if not run.cluster:
            assert len(run.text) == run.cells
            assert all((first <= column <= last) == selected for column in range(run.column, run.column + run.cells))


def test_attributes_change_colours():
    colors = Colors(DARK)
    inverse = colors.resolve_style(Style(foreground=1, attributes=Attribute.INVERSE))
    assert inverse.background == DARK.palette[1]
    assert inverse.foreground == DARK.background
    assert colors.resolve_style(PLAIN).background is None
    dim = colors.resolve_style(Style(attributes=Attribute.DIM)).foreground
    assert DARK.background.lightness() < dim.lightness() < DARK.foreground.lightness()


def test_a_programs_colours_override_the_themes():
    colors = Colors(LIGHT_THEME, Overrides(foreground=RGB | 0x112233, palette=((1, RGB | 0x445566),)))
    assert colors.resolve_style(PLAIN).rgb == 0x112233
    assert colors.resolve_style(Style(foreground=1)).rgb == 0x445566
    assert colors.resolve_style(Style(foreground=2)).foreground == LIGHT_THEME.palette[2]
    assert colors.resolve_style(Style(foreground=231, background=232)).rgb == 0xFFFFFF
    assert colors.resolve_style(Style(foreground=232)).rgb == 0x080808


def test_neighbouring_rows_form_a_band():
    assert bands([]) == []
    assert bands({7, 3, 4, 5, 0}) == [(0, 0), (3, 5), (7, 7)]
