"""The mouse: selecting, scrolling, and events for a program that asked for them."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QClipboard, QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.terminal.input.pointer import MouseRules
from gui.terminal.links.link_pointer import CURSORS
from gui.terminal.links.links import LinkRules
from session_host.protocol.values import KeyAction, Modifiers, MouseAction, MouseButton
from session_host.terminal.osc import SHAPES
from tests.e2e.view.conftest import ShownView, rgb
from tests.support.themes import DARK_TERMINAL as DARK
from tests.support.windows import xdotool

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
SHIFT, CONTROL, ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
SELECTED = rgb(DARK.selection_background)


def wheel(
    terminal: ShownView, *, angle: int = 0, pixels: int = 0, modifiers: Any = None, cell: tuple[int, int] = (3, 3)
) -> None:
    position = QPointF(terminal.point(*cell))
    event = QWheelEvent(
        position,
        terminal.view.mapToGlobal(position),
        QPoint(0, pixels),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        modifiers or Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(terminal.view, event)
    terminal.settle()


def history(terminal: ShownView, lines: int = 50) -> None:
    terminal.feed("\r\n".join(f"line {number}" for number in range(lines)))


def offset(terminal: ShownView) -> int:
    return terminal.view.display.surface.viewport.offset


# ---------------------------------------------------------------- selecting


def test_drag_selects_cells_and_shows_them(show_view):
    terminal = show_view()
    terminal.feed("hello world\r\nsecond line")
    terminal.drag((2, 0), (7, 0))
    assert terminal.emulator.selected_text() == "llo wo"
    assert terminal.cell_image(4, 0).pixel(0, 0) & 0xFFFFFF == SELECTED
    assert terminal.cell_image(9, 0).pixel(0, 0) & 0xFFFFFF != SELECTED


def test_a_drag_selects_to_the_nearest_edge_of_a_character(show_view):
    """Each drag selected one character too many."""
    terminal = show_view()
    terminal.feed("hello world\r\na你好b")

    def dragged(first: float, last: float, row: int) -> str:
        """The text after a drag between two distances from the left, in columns."""
        QTest.mousePress(terminal.view, LEFT, Qt.KeyboardModifier.NoModifier, terminal.point(first - 0.5, row))
        terminal.move_to(QPointF(terminal.point(last - 0.5, row)))
        QTest.mouseRelease(terminal.view, LEFT, Qt.KeyboardModifier.NoModifier, terminal.point(last - 0.5, row))
        return str(terminal.emulator.selected_text())

    assert dragged(6.2, 11.2, 0) == "world"
    assert dragged(5.8, 10.8, 0) == "world"
    assert dragged(11.2, 5.8, 0) == "world"
    assert dragged(0.2, 79.9, 0) == "hello world"
    assert dragged(0.2, 1.8, 1) == "a", "less than half of a wide character"
    assert dragged(0.2, 2.2, 1) == "a你"
    assert dragged(1.1, 3.4, 1) == "你"
    assert dragged(3.4, 1.1, 1) == "你"
    QGuiApplication.clipboard().setText("mine", QClipboard.Mode.Selection)
    assert dragged(5.6, 6.4, 0) == ""
    assert QGuiApplication.clipboard().text(QClipboard.Mode.Selection) == "mine"
    assert not terminal.view.selection.exists


def test_drag_backwards_over_lines(show_view):
    terminal = show_view()
    terminal.feed("hello world\r\nsecond line")
    terminal.drag((5, 1), (6, 0))
    assert terminal.emulator.selected_text() == "world\nsecond"


@pytest.mark.parametrize(("clicks", "selected"), [(1, ""), (2, "wide"), (3, "hello wide world"), (4, ""), (5, "wide")])
def test_clicks_in_a_row_select_a_word_then_the_line(show_view, clicks, selected):
    terminal = show_view()
    terminal.feed("hello wide world")
    terminal.real_clicks(7, 0, clicks)
    assert terminal.emulator.selected_text() == selected


def test_slow_clicks_are_single_clicks(show_view):
    terminal = show_view()
    terminal.feed("hello wide world")
    terminal.click(7, 0)
    terminal.click(7, 0)  # QTest lets a double click's time pass between clicks
    assert terminal.emulator.selected_text() == ""


@pytest.mark.parametrize("modifiers", [ALT, CONTROL | ALT])
def test_alt_drag_and_ctrl_alt_drag_select_a_rectangle_also_over_a_link(show_view, modifiers):
    terminal = show_view()
    opened: list[str] = []
    terminal.view.links.address_opened.connect(opened.append)
    terminal.feed("abcdef\r\nhttps://example.org/\r\nmnopqr")
    terminal.drag((3, 1), (1, 2), modifiers=modifiers)
    assert terminal.emulator.selected_text().splitlines() == ["ttp", "nop"]
    assert opened == []


def test_shift_click_extends(show_view):
    terminal = show_view()
    terminal.feed("hello wide world")
    terminal.drag((0, 0), (4, 0))
    terminal.click(9, 0, modifiers=SHIFT)
    assert terminal.emulator.selected_text() == "hello wide"


def test_a_click_or_typing_ends_the_selection_and_copying_does_not(show_view):
    terminal = show_view()
    terminal.feed("hello")
    terminal.drag((0, 0), (4, 0))
    terminal.view.editing.copy()
    assert QGuiApplication.clipboard().text() == "hello"
    assert terminal.emulator.selected_text() == "hello"
    QTest.keyClick(terminal.view, Qt.Key.Key_A)
    terminal.settle()
    assert terminal.emulator.selected_text() == ""
    terminal.drag((0, 0), (4, 0))
    terminal.click(20, 5)
    assert terminal.emulator.selected_text() == ""


def test_output_that_changes_the_selected_text_ends_the_selection_and_copy_gives_what_was_selected(show_view):
    terminal = show_view()
    terminal.feed("hello\r\nworld\r\n")
    terminal.drag((0, 0), (4, 0))
    terminal.feed("more" + "\r\n" * 60 + "below")
    assert terminal.emulator.selected_text() == "hello"
    terminal.drag((0, terminal.emulator.cursor.row), (4, terminal.emulator.cursor.row))
    assert QGuiApplication.clipboard().text(QClipboard.Mode.Selection) == "below"
    terminal.feed("\rother")
    terminal.until(lambda: terminal.emulator.selected_text() == "", "the end of the selection")
    terminal.view.editing.copy()
    assert QGuiApplication.clipboard().text() == "below"


def test_dragging_beyond_the_edge_keeps_scrolling(show_view):
    terminal = show_view(40, 8)
    history(terminal)
    QTest.mousePress(terminal.view, LEFT, Qt.KeyboardModifier.NoModifier, terminal.point(3, 4))
    terminal.move((3, 2))
    terminal.move_to(QPointF(40, -30))
    terminal.until(lambda: offset(terminal) > 5, "the view to scroll on")
    QTest.mouseRelease(terminal.view, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(40, -30))
    assert not terminal.view.pointer._autoscroll.isActive()
    assert len(terminal.emulator.selected_text().splitlines()) > 8


def test_the_wheel_extends_the_selection_while_the_button_is_held(show_view):
    terminal = show_view(40, 8)
    history(terminal)
    QTest.mousePress(terminal.view, LEFT, Qt.KeyboardModifier.NoModifier, terminal.point(6, 4))
    for selected in ("43\nline 44\nline 45\nline 46", "40\nline 41\nline 42\nline 43\nline 44\nline 45\nline 46"):
        wheel(terminal, angle=120, cell=(4, 4))
        assert terminal.emulator.selected_text() == selected
        assert terminal.cell_image(20, 4).pixel(0, 0) & 0xFFFFFF == SELECTED


def test_selecting_sets_the_primary_selection_and_a_middle_click_pastes_it(show_view):
    terminal = show_view()
    terminal.feed("hello world")
    terminal.drag((6, 0), (10, 0))
    assert QGuiApplication.clipboard().text(QClipboard.Mode.Selection) == "world"
    terminal.click(20, 5, MIDDLE)
    assert terminal.sink.of("paste") == [("world",)]


def test_select_all_and_copy(show_view):
    terminal = show_view(40, 8)
    history(terminal, 30)
    terminal.view.editing.select_all()
    terminal.view.editing.copy()
    assert QGuiApplication.clipboard().text().splitlines()[:2] == ["line 0", "line 1"]


def test_a_middle_click_pastes_what_was_selected_without_the_mouse(show_view):
    made = show_view()
    made.feed("hello world")
    made.view.editing.select_all()
    made.click(20, 5, MIDDLE)
    assert made.sink.of("paste") == [("hello world",)]


def test_the_selection_keeps_text_readable_on_inverse_cells(show_view):
    terminal = show_view()
    terminal.feed("\x1b[7minverse\x1b[0m")
    terminal.drag((0, 0), (6, 0))
    cell = terminal.cell_image(0, 0, 7)
    shades = {cell.pixel(x, y) & 0xFF for x in range(cell.width()) for y in range(cell.height())}
    assert max(shades) - min(shades) > 100


# ---------------------------------------------------------------- the wheel


def test_the_wheel_scrolls_back_three_lines_per_notch(show_view):
    terminal = show_view(40, 8)
    history(terminal)
    wheel(terminal, angle=120)
    assert offset(terminal) == 3
    wheel(terminal, angle=-120)
    assert offset(terminal) == 0


def test_a_notch_scrolls_the_configured_number_of_lines(show_view):
    terminal = show_view(40, 8)
    history(terminal)
    terminal.view.pointer.rules = MouseRules(wheel_lines=7)
    wheel(terminal, angle=120)
    assert offset(terminal) == 7
    terminal.view.scroller.scroll_to_end()
    terminal.feed("\x1b[?1049h")
    wheel(terminal, angle=120)
    assert len(terminal.sink.of("key")) == 7


def test_on_the_alternate_screen_the_wheel_types_arrows(show_view):
    terminal = show_view(40, 8)
    history(terminal)
    terminal.feed("\x1b[?1049h")
    wheel(terminal, angle=120)
    assert terminal.sink.of("key") == [("ArrowUp", "", 0, KeyAction.PRESS)] * 3
    terminal.feed("\x1b[?1007l")
    terminal.sink.calls.clear()
    wheel(terminal, angle=120)
    assert terminal.sink.of("key") == []


def test_wheel_events_go_to_a_program_that_asked_for_them(show_view):
    terminal = show_view(40, 8)
    history(terminal)
    terminal.feed("\x1b[?1000h\x1b[?1006h")
    wheel(terminal, angle=-240, cell=(5, 2))
    event = (MouseAction.PRESS, MouseButton.WHEEL_DOWN, 5, 2, 0)
    assert terminal.sink.of("mouse") == [event, event]
    wheel(terminal, angle=120, modifiers=SHIFT)
    assert offset(terminal) == 3, "Shift overrides"


def test_ctrl_wheel_zooms(show_view):
    terminal = show_view()
    percents: list[int] = []
    terminal.view.sizing.zoomed.connect(percents.append)
    before = terminal.cell
    wheel(terminal, angle=240, modifiers=CONTROL)
    assert terminal.cell.height_px > before.height_px
    terminal.view.sizing.reset_zoom()
    assert terminal.cell == before
    assert percents == [115, 100]


# ---------------------------------------------------------------- the scroll bar and keys of the history


def test_the_bar_shows_when_there_is_history_and_moves_the_view(show_view):
    terminal = show_view(40, 8)
    bar = terminal.view.scroller.bar
    assert not bar.isVisible()
    history(terminal)
    assert bar.isVisible()
    assert (bar.maximum(), bar.value()) == (42, 42)
    bar.setValue(10)
    terminal.settle()
    assert offset(terminal) == 32
    terminal.feed("\r\nmore")
    assert (bar.maximum(), bar.value()) == (43, 10)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(Qt.Key.Key_Up, 1), (Qt.Key.Key_PageUp, 7), (Qt.Key.Key_Home, 42), (Qt.Key.Key_Down, 0), (Qt.Key.Key_End, 0)],
)
def test_keys_scroll_back(show_view, key, expected):
    terminal = show_view(40, 8)
    history(terminal)
    QTest.keyClick(terminal.view, key, SHIFT)
    terminal.settle()
    assert offset(terminal) == expected
    assert terminal.sink.presses() == []


def test_on_the_alternate_screen_these_keys_go_to_the_program(show_view):
    terminal = show_view(40, 8)
    history(terminal)
    terminal.feed("\x1b[?1049h")
    QTest.keyClick(terminal.view, Qt.Key.Key_PageUp, SHIFT)
    assert terminal.sink.presses() == [("PageUp", "", int(Modifiers.SHIFT))]


# ---------------------------------------------------------------- the program's mouse


def test_a_program_gets_presses_releases_and_motion(show_view):
    terminal = show_view()
    terminal.feed("\x1b[?1003h\x1b[?1006h")
    QTest.mousePress(terminal.view, LEFT, CONTROL, terminal.point(4, 2))
    terminal.move((5, 2))
    terminal.move((5, 2))
    QTest.mouseRelease(terminal.view, LEFT, Qt.KeyboardModifier.NoModifier, terminal.point(6, 3))
    terminal.move((7, 3), held=Qt.MouseButton.NoButton)
    control = int(Modifiers.CTRL)
    assert terminal.sink.of("mouse") == [
        (MouseAction.PRESS, MouseButton.LEFT, 4, 2, control),
        (MouseAction.MOTION, MouseButton.LEFT, 5, 2, 0),
        (MouseAction.RELEASE, MouseButton.LEFT, 6, 3, 0),
        (MouseAction.MOTION, MouseButton.NONE, 7, 3, 0),
    ]
    assert terminal.emulator.selected_text() == ""


def test_motion_is_sent_only_to_a_program_that_asked_for_it(show_view):
    terminal = show_view()
    terminal.feed("\x1b[?1000h")
    terminal.move((5, 2), held=Qt.MouseButton.NoButton)
    QTest.mousePress(terminal.view, LEFT, Qt.KeyboardModifier.NoModifier, terminal.point(4, 2))
    terminal.move((6, 2))
    assert [call[0] for call in terminal.sink.of("mouse")] == [MouseAction.PRESS]


def test_the_back_button_of_a_real_mouse_reaches_the_program(show_view):
    terminal = show_view()
    terminal.feed("\x1b[?1000h\x1b[?1006h")
    xdotool(*terminal.way_to(4, 2), "click", "8", "click", "9")
    terminal.until(lambda: len(terminal.sink.of("mouse")) == 4, "two clicks")
    buttons = [(action, button) for action, button, *_ in terminal.sink.of("mouse")]
    press, release = MouseAction.PRESS, MouseAction.RELEASE
    back, forward = MouseButton.BACK, MouseButton.FORWARD
    assert buttons == [(press, back), (release, back), (press, forward), (release, forward)]


def test_a_program_sets_the_mouse_pointer(show_view):
    terminal = show_view()
    assert set(CURSORS) == SHAPES
    terminal.feed("\x1b]22;ew-resize\x1b\\")
    assert terminal.view.cursor().shape() == Qt.CursorShape.SizeHorCursor, "it changes without a move"
    terminal.feed("\x1b]22;\x1b\\")
    assert terminal.view.cursor().shape() == Qt.CursorShape.IBeamCursor


def test_shift_selects_although_the_program_has_the_mouse(show_view):
    terminal = show_view()
    terminal.feed("hello world\x1b[?1003h")
    terminal.drag((0, 0), (4, 0), modifiers=SHIFT)
    assert terminal.emulator.selected_text() == "hello"
    assert terminal.sink.of("mouse") == []


# ---------------------------------------------------------------- the cursor is hidden while typing


def test_typing_hides_the_mouse_cursor_until_the_mouse_is_used(show_view):
    terminal: ShownView = show_view()
    terminal.focus()

    def shape() -> Qt.CursorShape:
        return terminal.view.cursor().shape()

    terminal.move((3, 3), held=Qt.MouseButton.NoButton)
    QTest.keyClick(terminal.view, Qt.Key.Key_Shift)
    assert shape() == Qt.CursorShape.IBeamCursor, "nothing is typed yet"
    uses = {
        "a move": lambda: terminal.move((4, 3), held=Qt.MouseButton.NoButton),
        "a press": lambda: terminal.click(4, 3),
        "the wheel": lambda: wheel(terminal, angle=120),
        "the mouse leaves": lambda: QApplication.sendEvent(terminal.view, QEvent(QEvent.Type.Leave)),
    }
    for use, action in uses.items():
        QTest.keyClick(terminal.view, Qt.Key.Key_A)
        assert shape() == Qt.CursorShape.BlankCursor
        action()
        assert shape() == Qt.CursorShape.IBeamCursor, use


def test_a_move_to_the_same_position_and_a_programs_pointer_shape_keep_the_cursor_hidden(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.move((3, 3), held=Qt.MouseButton.NoButton)
    QTest.keyClick(terminal.view, Qt.Key.Key_A)
    terminal.feed("\x1b[?1003h")
    terminal.move((3, 3), held=Qt.MouseButton.NoButton)
    assert terminal.view.cursor().shape() == Qt.CursorShape.BlankCursor
    terminal.move((5, 3), held=Qt.MouseButton.NoButton)
    assert terminal.view.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_no_link_is_below_a_hidden_cursor(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("https://example.org/ text")
    terminal.view.links.rules = LinkRules("click")
    plain = terminal.cell_image(0, 0, 8)
    terminal.move((3, 0), held=Qt.MouseButton.NoButton)
    terminal.settle()
    assert terminal.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert terminal.cell_image(0, 0, 8) != plain
    QTest.keyClick(terminal.view, Qt.Key.Key_A)
    terminal.settle()
    assert terminal.view.cursor().shape() == Qt.CursorShape.BlankCursor
    assert terminal.cell_image(0, 0, 8) == plain
