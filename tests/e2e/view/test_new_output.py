"""The button that appears when output arrives while the view is scrolled back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.e2e.view.conftest import WAIT_S, ShownView
from tests.support.qt_waiting import process_events_until

WAIT_MS = 60_000


def test_output_below_is_announced_and_a_click_goes_to_it(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    # As if the wait for a redraw after the view's first resize were over.
    terminal.view.scroller.new_output._redraw.stop()
    terminal.feed("".join(f"line {number}\r\n" for number in range(100)))
    terminal.view.scroller.scroll_pages(-2)
    terminal.settle()
    assert not terminal.view.scroller.new_output.is_visible, "there is no new output"
    terminal.feed("more\r\n")
    button = terminal.view.scroller.new_output.button
    assert button is not None
    assert button.isVisible()
    assert terminal.view.rect().contains(button.geometry())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    terminal.settle()
    assert not button.isVisible()
    assert not terminal.view.display.scrolled_back
    terminal.view.scroller.scroll_pages(-1)
    terminal.feed("and more\r\n")
    terminal.view.scroller.scroll_to_end()
    terminal.settle()
    assert not button.isVisible(), "who is at the end sees the output"


def test_the_button_never_covers_a_question_on_the_screen(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    terminal.view.scroller.new_output._redraw.stop()
    terminal.feed("".join(f"line {number}\r\n" for number in range(100)) + "1. Yes   2. No, and say what to do instead")
    terminal.view.scroller.scroll_lines(-1)
    terminal.settle()
    terminal.feed("\x1b[s")
    assert not terminal.view.scroller.new_output.is_visible, "a part of the screen is in view"
    terminal.view.scroller.scroll_pages(-1)
    terminal.settle()
    assert terminal.view.scroller.new_output.is_visible, "what arrived before is announced, too"


def test_a_programs_redraw_after_a_resize_is_no_new_output(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    terminal.feed("".join(f"line {number}\r\n" for number in range(100)))
    terminal.view.scroller.scroll_pages(-2)
    terminal.settle()
    redraw = terminal.view.scroller.new_output._redraw
    redraw.setInterval(WAIT_MS)
    terminal.view.resize(terminal.view.width() - 80, terminal.view.height())
    process_events_until(redraw.isActive, WAIT_S, "the program to get the size")
    terminal.feed("\r$ ")
    assert not terminal.view.scroller.new_output.is_visible
    redraw.stop()
    terminal.feed("more\r\n")
    assert terminal.view.scroller.new_output.is_visible
