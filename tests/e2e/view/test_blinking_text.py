"""Text that a program asks to blink."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtGui import QGuiApplication

from gui.terminal.drawing import blinking
from tests.e2e.view.conftest import colors_in, rgb
from tests.support.themes import DARK_TERMINAL as DARK

BACKGROUND = rgb(DARK.background)
NEVER_S = 3600.0
BLINKS = "\x1b[?25l\x1b[Hsteady\x1b[2;1H\x1b[5mblinks\x1b[m"


def is_dark(terminal, row: int) -> bool:
    return colors_in(terminal.cell_image(0, row)) == {BACKGROUND}


def test_blinking_text_goes_and_comes_with_the_keyboard_focus_and_stays_after_a_while(show_view, monkeypatch):
    terminal = show_view()
    monkeypatch.setattr(blinking, "BLINK_MS", 30)
    monkeypatch.setattr(blinking, "IDLE_AFTER_S", NEVER_S)
    blink = terminal.view.display._text_blink._blink
    terminal.view.clearFocus()
    terminal.settle()
    terminal.feed(BLINKS)
    assert not blink.running
    terminal.focus()
    terminal.until(lambda: not blink.shown, "the dark half of a blink")
    assert is_dark(terminal, 1)
    assert not is_dark(terminal, 0), "other text stays"
    terminal.until(lambda: blink.shown, "the other half")
    assert not is_dark(terminal, 1)
    monkeypatch.setattr(blinking, "IDLE_AFTER_S", 0.0)
    terminal.until(lambda: not blink.running, "the blinking to end without output")
    assert not is_dark(terminal, 1)
    monkeypatch.setattr(blinking, "IDLE_AFTER_S", NEVER_S)
    terminal.feed("x")
    assert blink.running
    terminal.until(lambda: not blink.shown, "the dark half of a blink")
    terminal.view.clearFocus()
    terminal.settle()
    assert not blink.running
    assert not is_dark(terminal, 1)


def test_no_timer_runs_once_the_blinking_text_is_gone(show_view, monkeypatch):
    terminal = show_view()
    monkeypatch.setattr(blinking, "BLINK_MS", 30)
    blink = terminal.view.display._text_blink._blink
    terminal.focus()
    terminal.feed("steady")
    assert not blink.running
    terminal.feed(BLINKS)
    terminal.until(lambda: not blink.shown, "the dark half of a blink")
    terminal.feed("\x1b[2J\x1b[2;1Hsteady")
    assert not blink.running
    assert not is_dark(terminal, 1)


def test_text_does_not_blink_if_the_user_or_the_desktop_does_not_want_it(show_view, monkeypatch):
    terminal = show_view()
    blink = terminal.view.display._text_blink._blink
    terminal.focus()
    terminal.view.set_theme(replace(terminal.view.display.surface.theme, text_blinks=False))
    terminal.feed(BLINKS)
    assert not blink.running
    terminal.view.set_theme(replace(terminal.view.display.surface.theme, text_blinks=True))
    assert blink.running
    hints = QGuiApplication.styleHints()
    usual_ms = hints.cursorFlashTime()
    hints.setCursorFlashTime(0)
    try:
        terminal.feed("more")
        assert not blink.running
    finally:
        hints.setCursorFlashTime(usual_ms)


def test_text_blinks_also_if_a_program_changes_most_rows(show_view, monkeypatch):
    """Then the looks of styles are found when the rows are painted, not when the frame is taken."""
    terminal = show_view()
    monkeypatch.setattr(blinking, "BLINK_MS", 30)
    terminal.focus()
    terminal.feed("\x1b[H" + "".join(f"\x1b[{row};1H\x1b[3{row % 7 + 1};5mblinks in {row}" for row in range(2, 12)))
    terminal.until(lambda: not terminal.view.display._text_blink._blink.shown, "the dark half of a blink")
    assert is_dark(terminal, 5)


def test_blinking_text_of_a_chat_that_is_shown_blinks_without_new_output(show_view, monkeypatch):
    """A view learns the looks of its text when it is painted first: after its first frame."""
    monkeypatch.setattr(blinking, "BLINK_MS", 30)
    terminal = show_view()
    terminal.focus()
    terminal.emulator.feed(BLINKS.encode())
    terminal.view.display.set_viewer(terminal.sink)
    terminal.until(lambda: not terminal.view.display._text_blink._blink.shown, "the dark half of a blink")
    assert is_dark(terminal, 1)
