"""The button that appears when output arrives while the view is scrolled back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.e2e.view.conftest import WAIT_S, ShownView
from tests.support.qt_waiting import process_events_until

WAIT_MS = 60_000


def test_output_below_is_announced_and_a_click_goes_to_it(show_view: Callable[..., ShownView]) -> None:
    made = show_view()
    made.view._new_output._redraw.stop()  # As if the wait for a redraw after the view's first resize were over.
    made.feed("".join(f"line {number}\r\n" for number in range(100)))
    made.view.scroll_pages(-2)
    made.settle()
    assert not made.view._new_output.is_visible, "there is no new output"
    made.feed("more\r\n")
    button = made.view._new_output.button
    assert button is not None
    assert button.isVisible()
    assert made.view.rect().contains(button.geometry())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    made.settle()
    assert not button.isVisible()
    assert not made.view.scrolled_back
    made.view.scroll_pages(-1)
    made.feed("and more\r\n")
    made.view.scroll_to_end()
    made.settle()
    assert not button.isVisible(), "who is at the end sees the output"


def test_a_programs_redraw_after_a_resize_is_no_new_output(show_view: Callable[..., ShownView]) -> None:
    made = show_view()
    made.feed("".join(f"line {number}\r\n" for number in range(100)))
    made.view.scroll_pages(-2)
    made.settle()
    redraw = made.view._new_output._redraw
    redraw.setInterval(WAIT_MS)
    made.view.resize(made.view.width() - 80, made.view.height())
    process_events_until(redraw.isActive, WAIT_S, "the program to get the size")
    made.feed("\r$ ")
    assert not made.view._new_output.is_visible
    redraw.stop()
    made.feed("more\r\n")
    assert made.view._new_output.is_visible
