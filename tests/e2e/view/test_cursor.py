"""The terminal's cursor, as pixels."""

from __future__ import annotations

import pytest

from gui.terminal.drawing import blinking
from tests.e2e.view.conftest import colors_in, rgb
from tests.support.themes import DARK_TERMINAL as DARK

BACKGROUND, FILL = rgb(DARK.background), rgb(DARK.cursor)
NEVER_S = 3600.0


def test_a_block_cursor_shows_its_character_in_the_background_colour(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[2 qM\x1b[D")
    seen = colors_in(terminal.cell_image(0, 0))
    assert FILL in seen
    assert min(color & 0xFF for color in seen) <= BACKGROUND & 0xFF
    assert terminal.cell_image(0, 0).pixel(0, 0) & 0xFFFFFF == FILL


@pytest.mark.parametrize(("sequence", "filled"), [("\x1b[4 q", "bottom"), ("\x1b[6 q", "left")])
def test_underline_and_bar_cursors(show_view, sequence, filled):
    terminal = show_view()
    terminal.focus()
    terminal.feed(f"{sequence}\x1b[2;5H")
    cell = terminal.cell_image(4, 1)
    width, height = cell.width(), cell.height()
    assert cell.pixel(width - 1, 0) & 0xFFFFFF == BACKGROUND
    edge = cell.pixel(width - 1, height - 1) if filled == "bottom" else cell.pixel(0, 0)
    assert edge & 0xFFFFFF == FILL


@pytest.mark.parametrize("shape", [2, 6])
def test_the_cursor_has_the_programs_colour_until_that_is_reset(show_view, shape):
    terminal = show_view()
    terminal.focus()
    terminal.feed(f"\x1b[{shape} q")
    for sequence, color in (("\x1b]12;#ff8000\x07", 0xFF8000), ("\x1b]112\x07", FILL)):
        terminal.feed(sequence)
        assert terminal.cell_image(0, 0).pixel(0, 0) & 0xFFFFFF == color


def test_a_block_cursor_covers_a_wide_character(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[2 q日\x1b[1;1H")
    corners = [terminal.cell_image(column, 0).pixel(0, 0) & 0xFFFFFF for column in (0, 1)]
    assert corners == [FILL, FILL]
    assert terminal.cell_image(2, 0).pixel(0, 0) & 0xFFFFFF == BACKGROUND


def test_the_cursor_is_hollow_without_the_keyboard_focus(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[2 q")
    terminal.view.clearFocus()
    terminal.settle()
    cell = terminal.cell_image(0, 0)
    assert cell.pixel(0, 0) & 0xFFFFFF == FILL
    assert cell.pixel(cell.width() // 2, cell.height() // 2) & 0xFFFFFF == BACKGROUND


def test_the_cursor_is_hidden_when_the_program_hides_it(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[?25l")
    assert colors_in(terminal.image()) == {BACKGROUND}


def test_the_cursor_blinks_only_with_the_keyboard_focus_and_stops_after_a_while(show_view, monkeypatch):
    terminal = show_view()
    monkeypatch.setattr(blinking, "BLINK_MS", 30)
    monkeypatch.setattr(blinking, "IDLE_AFTER_S", NEVER_S)
    blink = terminal.view.display.blink
    terminal.view.clearFocus()
    terminal.settle()
    assert not blink.running
    terminal.focus()
    terminal.feed("\x1b[1 q\x1b[3;3H")
    terminal.until(lambda: not blink.shown, "the dark half of a blink")
    assert colors_in(terminal.cell_image(2, 2)) == {BACKGROUND}
    monkeypatch.setattr(blinking, "IDLE_AFTER_S", 0.0)
    terminal.until(lambda: not blink.running, "the blinking to end for want of life")
    assert blink.shown
    monkeypatch.setattr(blinking, "IDLE_AFTER_S", NEVER_S)
    terminal.feed("x")
    assert blink.running, "life makes it blink again"
    terminal.view.clearFocus()
    terminal.settle()
    assert not blink.running


def test_a_steady_cursor_needs_no_timer(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[2 q")
    assert not terminal.view.display.blink.running


def test_the_previous_cell_is_cleared_when_the_cursor_moves(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[2 q\x1b[3;3H")
    terminal.feed("\x1b[8;20H")
    assert colors_in(terminal.cell_image(2, 2)) == {BACKGROUND}
    assert colors_in(terminal.cell_image(19, 7)) == {FILL}


def test_a_read_only_screen_has_no_cursor(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[2 q")
    assert FILL in colors_in(terminal.cell_image(0, 0))
    terminal.view.display.show_emulator(terminal.emulator)
    terminal.settle()
    assert colors_in(terminal.image()) == {BACKGROUND}
