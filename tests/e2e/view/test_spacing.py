"""A visible view changes its line height and padding: everything in it moves accordingly."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest

from gui.theme.tokens import TERMINAL_PADDING_PX
from session_host.protocol.values import GridSize, MouseAction
from tests.e2e.view.conftest import ShownView, rgb
from tests.support.themes import DARK_TERMINAL as DARK

SPACINGS = [(1.0, 0), (1.0, 3), (1.3, 24), (2.0, 64)]


def set_spacing(terminal: ShownView, line_height: float, padding_px: int) -> None:
    """Set the spacing, and give the emulator the size that the view reports."""
    terminal.view.sizing.set_spacing(line_height, padding_px)
    size, cell = terminal.sink.of("resize")[-1]
    terminal.emulator.resize(size, cell)
    terminal.view.display.on_damage()
    terminal.settle()


@pytest.mark.parametrize(("line_height", "padding_px"), SPACINGS)
def test_grid_mouse_and_input_method_follow_the_spacing(show_view, line_height, padding_px):
    terminal = show_view(60, 20)
    before, view = terminal.cell, terminal.view
    terminal.focus()
    set_spacing(terminal, line_height, padding_px)
    cell, size = terminal.cell, terminal.emulator.size
    assert (cell.width_px, cell.height_px) == (before.width_px, round(before.height_px * line_height))
    assert size == GridSize(
        (view.width() - 2 * padding_px) // cell.width_px, (view.height() - 2 * padding_px) // cell.height_px
    )
    terminal.feed("\x1b[2J\x1b[3;5H\x1b[?1000h\x1b[?1006h")
    rect: QRect = view.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
    corner = QPoint(padding_px + 4 * cell.width_px, padding_px + 2 * cell.height_px)
    assert (rect.topLeft(), rect.height()) == (corner, cell.height_px)
    for row, inside in ((2, 0), (2, cell.height_px - 1), (3, 0)):
        QTest.mouseClick(
            view, Qt.MouseButton.LeftButton, pos=QPoint(corner.x(), padding_px + row * cell.height_px + inside)
        )
        action, _button, column, found, _modifiers = terminal.sink.of("mouse")[-2]
        assert (action, column, found) == (MouseAction.PRESS, 4, row)
    # The background of the first and the last cell reaches to the padding, and not beyond.
    terminal.feed(f"\x1b[?1000l\x1b[?25l\x1b[1;1H\x1b[41m \x1b[{size.rows};{size.columns}H ")
    image, background = terminal.image(), rgb(DARK.background)
    last = QPoint(padding_px + size.columns * cell.width_px - 1, padding_px + size.rows * cell.height_px - 1)
    assert background not in {image.pixel(place) & 0xFFFFFF for place in (QPoint(padding_px, padding_px), last)}
    if padding_px:
        outside = (QPoint(padding_px - 1, padding_px), QPoint(padding_px, padding_px - 1), last + QPoint(0, 1))
        assert {image.pixel(place) & 0xFFFFFF for place in outside} == {background}


def test_zooming_keeps_the_spacing_and_the_previous_spacing_can_be_restored(show_view):
    terminal = show_view(60, 20)
    before, size = terminal.cell, terminal.emulator.size
    set_spacing(terminal, 1.5, 20)
    terminal.view.sizing.zoom(3)
    assert terminal.cell.height_px > round(before.height_px * 1.5)
    terminal.view.sizing.reset_zoom()
    assert terminal.cell.height_px == round(before.height_px * 1.5)
    set_spacing(terminal, 1.0, TERMINAL_PADDING_PX)
    assert (terminal.cell, terminal.emulator.size) == (before, size)


def test_marks_of_commands_stay_beside_the_text(show_view):
    terminal = show_view(60, 20)
    terminal.feed("\x1b]133;A\x07$ x\r\n\x1b]133;C\x07out\r\n\x1b]133;D;3\x07\x1b]133;A\x07$ ")
    margin = terminal.view.prompts.margin
    terminal.until(margin.isVisible, "the mark")
    for padding_px, room in ((20, QRect(12, 0, 8, 0)), (6, QRect(0, 0, 6, 0)), (8, QRect(0, 0, 8, 0))):
        set_spacing(terminal, 1.2, padding_px)
        terminal.until(lambda: margin.width() == room.width() and margin.x() == room.x(), "the mark's place")  # noqa: B023
        assert margin.isVisible()
        [mark] = margin.marks
        assert (mark.top, mark.height) == (padding_px, terminal.cell.height_px)
    set_spacing(terminal, 1.2, 2)
    terminal.until(lambda: not margin.isVisible(), "the mark to go")
