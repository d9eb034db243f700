"""The mouse: selecting, scrolling, and events for a program that asked for them."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QClipboard, QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.terminal.input.pointer import MouseRules
from gui.terminal.input.pointer_shapes import CURSORS
from gui.terminal.links.links import LinkRules
from session_host.protocol.values import KeyAction, Modifiers, MouseAction, MouseButton
from session_host.terminal.pointer_shapes import SHAPES
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
    made: ShownView, *, angle: int = 0, pixels: int = 0, modifiers: Any = None, cell: tuple[int, int] = (3, 3)
) -> None:
    position = QPointF(made.point(*cell))
    event = QWheelEvent(
        position,
        made.view.mapToGlobal(position),
        QPoint(0, pixels),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        modifiers or Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(made.view, event)
    made.settle()


def history(made: ShownView, lines: int = 50) -> None:
    made.feed("\r\n".join(f"line {number}" for number in range(lines)))


def offset(made: ShownView) -> int:
    return made.view._surface.viewport.offset


# ---------------------------------------------------------------- selecting


def test_drag_selects_cells_and_shows_them(show_view):
    made = show_view()
    made.feed("hello world\r\nsecond line")
    made.drag((2, 0), (7, 0))
    assert made.emulator.selected_text() == "llo wo"
    assert made.cell_image(4, 0).pixel(0, 0) & 0xFFFFFF == SELECTED
    assert made.cell_image(9, 0).pixel(0, 0) & 0xFFFFFF != SELECTED


def test_drag_backwards_over_lines(show_view):
    made = show_view()
    made.feed("hello world\r\nsecond line")
    made.drag((5, 1), (6, 0))
    assert made.emulator.selected_text() == "world\nsecond"


@pytest.mark.parametrize(("clicks", "selected"), [(1, ""), (2, "wide"), (3, "hello wide world"), (4, ""), (5, "wide")])
def test_clicks_in_a_row_select_a_word_then_the_line(show_view, clicks, selected):
    made = show_view()
    made.feed("hello wide world")
    made.real_clicks(7, 0, clicks)
    assert made.emulator.selected_text() == selected


def test_slow_clicks_are_single_clicks(show_view):
    made = show_view()
    made.feed("hello wide world")
    made.click(7, 0)
    made.click(7, 0)  # QTest lets a double click's time pass between clicks
    assert made.emulator.selected_text() == ""


@pytest.mark.parametrize("modifiers", [ALT, CONTROL | ALT])
def test_alt_drag_and_ctrl_alt_drag_select_a_rectangle_also_over_a_link(show_view, modifiers):
    made = show_view()
    opened: list[str] = []
    made.view.linkActivated.connect(opened.append)
    made.feed("abcdef\r\nhttps://example.org/\r\nmnopqr")
    made.drag((3, 1), (1, 2), modifiers=modifiers)
    assert made.emulator.selected_text().splitlines() == ["ttp", "nop"]
    assert opened == []


def test_shift_click_extends(show_view):
    made = show_view()
    made.feed("hello wide world")
    made.drag((0, 0), (4, 0))
    made.click(9, 0, modifiers=SHIFT)
    assert made.emulator.selected_text() == "hello wide"


def test_a_click_or_typing_ends_the_selection_and_copying_does_not(show_view):
    made = show_view()
    made.feed("hello")
    made.drag((0, 0), (4, 0))
    made.view.copy()
    assert QGuiApplication.clipboard().text() == "hello"
    assert made.emulator.selected_text() == "hello"
    QTest.keyClick(made.view, Qt.Key.Key_A)
    made.settle()
    assert made.emulator.selected_text() == ""
    made.drag((0, 0), (4, 0))
    made.click(20, 5)
    assert made.emulator.selected_text() == ""


def test_dragging_beyond_the_edge_keeps_scrolling(show_view):
    made = show_view(40, 8)
    history(made)
    QTest.mousePress(made.view, LEFT, Qt.KeyboardModifier.NoModifier, made.point(3, 4))
    made.move((3, 2))
    made.move_to(QPointF(40, -30))
    made.until(lambda: offset(made) > 5, "the view to scroll on")
    QTest.mouseRelease(made.view, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(40, -30))
    assert not made.view._pointer._autoscroll.isActive()
    assert len(made.emulator.selected_text().splitlines()) > 8


def test_selecting_sets_the_primary_selection_and_a_middle_click_pastes_it(show_view):
    made = show_view()
    made.feed("hello world")
    made.drag((6, 0), (10, 0))
    assert QGuiApplication.clipboard().text(QClipboard.Mode.Selection) == "world"
    made.click(20, 5, MIDDLE)
    assert made.sink.of("paste") == [("world",)]


def test_select_all_and_copy(show_view):
    made = show_view(40, 8)
    history(made, 30)
    made.view.select_all()
    made.view.copy()
    assert QGuiApplication.clipboard().text().splitlines()[:2] == ["line 0", "line 1"]


def test_the_selection_keeps_text_readable_on_inverse_cells(show_view):
    made = show_view()
    made.feed("\x1b[7minverse\x1b[0m")
    made.drag((0, 0), (6, 0))
    cell = made.cell_image(0, 0, 7)
    shades = {cell.pixel(x, y) & 0xFF for x in range(cell.width()) for y in range(cell.height())}
    assert max(shades) - min(shades) > 100


# ---------------------------------------------------------------- the wheel


def test_the_wheel_scrolls_back_three_lines_per_notch(show_view):
    made = show_view(40, 8)
    history(made)
    wheel(made, angle=120)
    assert offset(made) == 3
    wheel(made, angle=-120)
    assert offset(made) == 0


def test_a_notch_scrolls_the_configured_number_of_lines(show_view):
    made = show_view(40, 8)
    history(made)
    made.view.set_mouse(MouseRules(wheel_lines=7))
    wheel(made, angle=120)
    assert offset(made) == 7
    made.view.scroll_to_end()
    made.feed("\x1b[?1049h")
    wheel(made, angle=120)
    assert len(made.sink.of("key")) == 7


def test_small_movements_add_up(show_view):
    made = show_view(40, 8)
    history(made)
    for _ in range(4):
        wheel(made, angle=30)
    assert offset(made) == 3
    height = made.cell.height_px
    for _ in range(4):
        wheel(made, pixels=height // 2)
    assert offset(made) in {4, 5}


def test_on_the_alternate_screen_the_wheel_types_arrows(show_view):
    made = show_view(40, 8)
    history(made)
    made.feed("\x1b[?1049h")
    wheel(made, angle=120)
    assert made.sink.of("key") == [("ArrowUp", "", 0, KeyAction.PRESS)] * 3
    made.feed("\x1b[?1007l")
    made.sink.calls.clear()
    wheel(made, angle=120)
    assert made.sink.of("key") == []


def test_wheel_events_go_to_a_program_that_asked_for_them(show_view):
    made = show_view(40, 8)
    history(made)
    made.feed("\x1b[?1000h\x1b[?1006h")
    wheel(made, angle=-240, cell=(5, 2))
    event = (MouseAction.PRESS, MouseButton.WHEEL_DOWN, 5, 2, 0)
    assert made.sink.of("mouse") == [event, event]
    wheel(made, angle=120, modifiers=SHIFT)
    assert offset(made) == 3, "Shift overrides"


def test_ctrl_wheel_zooms(show_view):
    made = show_view()
    percents: list[int] = []
    made.view.zoomChanged.connect(percents.append)
    before = made.cell
    wheel(made, angle=240, modifiers=CONTROL)
    assert made.cell.height_px > before.height_px
    made.view.reset_zoom()
    assert made.cell == before
    assert percents == [115, 100]


# ---------------------------------------------------------------- the scroll bar and keys of the history


def test_the_bar_shows_when_there_is_history_and_moves_the_view(show_view):
    made = show_view(40, 8)
    bar = made.view._bar
    assert not bar.isVisible()
    history(made)
    assert bar.isVisible()
    assert (bar.maximum(), bar.value()) == (42, 42)
    bar.setValue(10)
    made.settle()
    assert offset(made) == 32
    made.feed("\r\nmore")
    assert (bar.maximum(), bar.value()) == (43, 10)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(Qt.Key.Key_Up, 1), (Qt.Key.Key_PageUp, 7), (Qt.Key.Key_Home, 42), (Qt.Key.Key_Down, 0), (Qt.Key.Key_End, 0)],
)
def test_keys_scroll_back(show_view, key, expected):
    made = show_view(40, 8)
    history(made)
    QTest.keyClick(made.view, key, SHIFT)
    made.settle()
    assert offset(made) == expected
    assert made.sink.presses() == []


def test_on_the_alternate_screen_these_keys_go_to_the_program(show_view):
    made = show_view(40, 8)
    history(made)
    made.feed("\x1b[?1049h")
    QTest.keyClick(made.view, Qt.Key.Key_PageUp, SHIFT)
    assert made.sink.presses() == [("PageUp", "", int(Modifiers.SHIFT))]


# ---------------------------------------------------------------- the program's mouse


def test_a_program_gets_presses_releases_and_motion(show_view):
    made = show_view()
    made.feed("\x1b[?1003h\x1b[?1006h")
    QTest.mousePress(made.view, LEFT, CONTROL, made.point(4, 2))
    made.move((5, 2))
    made.move((5, 2))
    QTest.mouseRelease(made.view, LEFT, Qt.KeyboardModifier.NoModifier, made.point(6, 3))
    made.move((7, 3), held=Qt.MouseButton.NoButton)
    control = int(Modifiers.CTRL)
    assert made.sink.of("mouse") == [
        (MouseAction.PRESS, MouseButton.LEFT, 4, 2, control),
        (MouseAction.MOTION, MouseButton.LEFT, 5, 2, 0),
        (MouseAction.RELEASE, MouseButton.LEFT, 6, 3, 0),
        (MouseAction.MOTION, MouseButton.NONE, 7, 3, 0),
    ]
    assert made.emulator.selected_text() == ""


def test_motion_is_sent_only_to_a_program_that_asked_for_it(show_view):
    made = show_view()
    made.feed("\x1b[?1000h")
    made.move((5, 2), held=Qt.MouseButton.NoButton)
    QTest.mousePress(made.view, LEFT, Qt.KeyboardModifier.NoModifier, made.point(4, 2))
    made.move((6, 2))
    assert [call[0] for call in made.sink.of("mouse")] == [MouseAction.PRESS]


def test_the_back_button_of_a_real_mouse_reaches_the_program(show_view):
    made = show_view()
    made.feed("\x1b[?1000h\x1b[?1006h")
    xdotool(*made.way_to(4, 2), "click", "8", "click", "9")
    made.until(lambda: len(made.sink.of("mouse")) == 4, "two clicks")
    buttons = [(action, button) for action, button, *_ in made.sink.of("mouse")]
    press, release = MouseAction.PRESS, MouseAction.RELEASE
    back, forward = MouseButton.BACK, MouseButton.FORWARD
    assert buttons == [(press, back), (release, back), (press, forward), (release, forward)]


def test_a_program_sets_the_mouse_pointer(show_view):
    made = show_view()
    assert set(CURSORS) == SHAPES
    made.feed("\x1b]22;ew-resize\x1b\\")
    assert made.view.cursor().shape() == Qt.CursorShape.SizeHorCursor, "it changes without a move"
    made.feed("\x1b]22;\x1b\\")
    assert made.view.cursor().shape() == Qt.CursorShape.IBeamCursor


def test_shift_selects_although_the_program_has_the_mouse(show_view):
    made = show_view()
    made.feed("hello world\x1b[?1003h")
    made.drag((0, 0), (4, 0), modifiers=SHIFT)
    assert made.emulator.selected_text() == "hello"
    assert made.sink.of("mouse") == []


# ---------------------------------------------------------------- the cursor is hidden while typing


def test_typing_hides_the_mouse_cursor_until_the_mouse_is_used(show_view):
    made: ShownView = show_view()
    made.focus()

    def shape() -> Qt.CursorShape:
        return made.view.cursor().shape()

    made.move((3, 3), held=Qt.MouseButton.NoButton)
    QTest.keyClick(made.view, Qt.Key.Key_Shift)
    assert shape() == Qt.CursorShape.IBeamCursor, "nothing is typed yet"
    uses = {
        "a move": lambda: made.move((4, 3), held=Qt.MouseButton.NoButton),
        "a press": lambda: made.click(4, 3),
        "the wheel": lambda: wheel(made, angle=120),
        "the mouse leaves": lambda: QApplication.sendEvent(made.view, QEvent(QEvent.Type.Leave)),
    }
    for use, action in uses.items():
        QTest.keyClick(made.view, Qt.Key.Key_A)
        assert shape() == Qt.CursorShape.BlankCursor
        action()
        assert shape() == Qt.CursorShape.IBeamCursor, use


def test_a_move_to_the_same_position_and_a_programs_pointer_shape_keep_the_cursor_hidden(show_view):
    made = show_view()
    made.focus()
    made.move((3, 3), held=Qt.MouseButton.NoButton)
    QTest.keyClick(made.view, Qt.Key.Key_A)
    made.feed("\x1b[?1003h")
    made.move((3, 3), held=Qt.MouseButton.NoButton)
    assert made.view.cursor().shape() == Qt.CursorShape.BlankCursor
    made.move((5, 3), held=Qt.MouseButton.NoButton)
    assert made.view.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_no_link_is_below_a_hidden_cursor(show_view):
    made = show_view()
    made.focus()
    made.feed("https://example.org/ text")
    made.view.set_links(LinkRules("click"))
    plain = made.cell_image(0, 0, 8)
    made.move((3, 0), held=Qt.MouseButton.NoButton)
    made.settle()
    assert made.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert made.cell_image(0, 0, 8) != plain
    QTest.keyClick(made.view, Qt.Key.Key_A)
    made.settle()
    assert made.view.cursor().shape() == Qt.CursorShape.BlankCursor
    assert made.cell_image(0, 0, 8) == plain
