"""Mouse settings: clipboard, right button and clicks into the command line; ``test_mouse`` has the wheel."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from gui.terminal.input import pointer
from gui.terminal.input.pointer import MouseRules
from tests.e2e.view.conftest import ShownView

SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_selecting_by_mouse_copies_if_it_is_set_to_and_a_click_keeps_the_clipboard(show_view):
    made = show_view()
    made.feed("hello world")
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("previous")
    made.drag((0, 0), (4, 0))
    assert clipboard.text() == "previous"
    made.view.set_mouse(MouseRules(copies_selection=True))
    made.drag((6, 0), (10, 0))
    assert clipboard.text() == "world"
    made.click(2, 0)
    made.drag((30, 5), (40, 5))
    assert clipboard.text() == "world", "nothing is selected"
    made.real_clicks(2, 0, 2)
    assert clipboard.text() == "hello"


def right_click(made: ShownView, modifiers: Any = None) -> QMenu | None:
    """The menu that a right click opens, or None."""
    place = made.point(2, 0)
    reason, held = QContextMenuEvent.Reason.Mouse, modifiers or Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(made.view, QContextMenuEvent(reason, place, made.view.mapToGlobal(place), held))
    menu = QApplication.activePopupWidget()
    if menu is None:
        return None
    assert isinstance(menu, QMenu)
    menu.close()
    return menu


def test_a_right_click_pastes_if_it_is_set_to_and_opens_the_menu_with_shift(show_view):
    made = show_view()
    QGuiApplication.clipboard().setText("something")
    assert right_click(made) is not None
    made.view.set_mouse(MouseRules(right_click_pastes=True))
    assert right_click(made) is None
    assert made.sink.of("paste") == [("something",)]
    assert right_click(made, SHIFT) is not None
    made.feed("\x1b[?1000h")
    assert right_click(made) is None
    assert made.sink.of("paste") == [("something",)], "the program wants the mouse"
    made.view.show_emulator(made.emulator)
    assert right_click(made) is not None, "an ended chat takes no text"
    made.view.set_viewer(made.sink)


def test_a_click_into_the_command_line_moves_the_cursor_unless_it_focuses_the_view_or_selects(show_view, monkeypatch):
    made = show_view()
    made.feed("\x1b]133;Z;n=1\x07\x1b]133;A\x07$ \x1b]133;B\x07git push")
    usual_ms = QApplication.doubleClickInterval()
    QApplication.setDoubleClickInterval(1)
    try:
        made.view._pointer.note_focus()
        made.click(7, 0)
        assert not made.view._pointer._click_timer.isActive(), "the click may have given the view the keyboard"
        monkeypatch.setattr(pointer, "FOCUS_CLICK_S", -1)
        made.view.set_mouse(MouseRules(click_moves_cursor=False))
        made.click(7, 0)
        made.view.set_mouse(MouseRules())
        made.drag((2, 0), (4, 0))
        made.click(7, 0)  # This click only ends the selection.
        assert not made.view._pointer._click_timer.isActive()
        made.click(7, 0)
        made.until(lambda: len(made.sink.presses()) >= 3, "the arrow keys")
        made.settle()
        assert made.sink.presses() == [("ArrowLeft", "", 0)] * 3
    finally:
        QApplication.setDoubleClickInterval(usual_ms)
