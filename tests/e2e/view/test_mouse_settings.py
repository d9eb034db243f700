"""Mouse settings: clipboard, right button and clicks into the command line; ``test_mouse`` has the wheel."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from gui.terminal.input import pointer
from gui.terminal.input.pointer import MouseRules
from tests.e2e.view.conftest import ShownView

SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_selecting_by_mouse_copies_if_it_is_set_to_and_a_click_keeps_the_clipboard(show_view):
    terminal = show_view()
    terminal.feed("hello world")
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("previous")
    terminal.drag((0, 0), (4, 0))
    assert clipboard.text() == "previous"
    terminal.view.selection.copies = True
    terminal.drag((6, 0), (10, 0))
    assert clipboard.text() == "world"
    terminal.click(2, 0)
    terminal.drag((30, 5), (40, 5))
    assert clipboard.text() == "world", "nothing is selected"
    terminal.real_clicks(2, 0, 2)
    assert clipboard.text() == "hello"


def right_click(terminal: ShownView, modifiers: Any = None) -> QMenu | None:
    """The menu that a right click opens, or None."""
    place = terminal.point(2, 0)
    reason, held = QContextMenuEvent.Reason.Mouse, modifiers or Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(terminal.view, QContextMenuEvent(reason, place, terminal.view.mapToGlobal(place), held))
    menu = QApplication.activePopupWidget()
    if menu is None:
        return None
    assert isinstance(menu, QMenu)
    menu.close()
    return menu


def test_a_right_click_pastes_if_it_is_set_to_and_opens_the_menu_with_shift(show_view):
    terminal = show_view()
    QGuiApplication.clipboard().setText("something")
    assert right_click(terminal) is not None
    terminal.view.pointer.rules = MouseRules(right_click_pastes=True)
    assert right_click(terminal) is None
    assert terminal.sink.of("paste") == [("something",)]
    assert right_click(terminal, SHIFT) is not None
    terminal.feed("\x1b[?1000h")
    assert right_click(terminal) is None
    assert terminal.sink.of("paste") == [("something",)], "the program wants the mouse"
    terminal.view.display.show_emulator(terminal.emulator)
    assert right_click(terminal) is not None, "an ended chat takes no text"
    terminal.view.display.set_viewer(terminal.sink)


def test_a_click_into_the_command_line_moves_the_cursor_unless_it_focuses_the_view_or_selects(show_view, monkeypatch):
    terminal = show_view()
    terminal.feed("\x1b]133;Z;n=1\x07\x1b]133;A\x07$ \x1b]133;B\x07git push")
    usual_ms = QApplication.doubleClickInterval()
    QApplication.setDoubleClickInterval(1)
    try:
        monkeypatch.setattr(pointer, "FOCUS_CLICK_S", math.inf)
        terminal.view.pointer.note_focus()
        terminal.click(7, 0)
        assert not terminal.view.pointer._click_timer.isActive(), "the click may have given the view the keyboard"
        monkeypatch.setattr(pointer, "FOCUS_CLICK_S", -1)
        terminal.view.pointer.rules = MouseRules(click_moves_cursor=False)
        terminal.click(7, 0)
        terminal.view.pointer.rules = MouseRules()
        terminal.drag((2, 0), (4, 0))
        terminal.click(7, 0)  # This click only ends the selection.
        assert not terminal.view.pointer._click_timer.isActive()
        terminal.click(7, 0)
        terminal.until(lambda: len(terminal.sink.presses()) >= 3, "the arrow keys")
        terminal.settle()
        assert terminal.sink.presses() == [("ArrowLeft", "", 0)] * 3
    finally:
        QApplication.setDoubleClickInterval(usual_ms)
