"""Frame pacing, and painting a part of the view."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QImage, QPainter, QRegion

from gui.terminal.drawing import frame_pacing
from gui.terminal.drawing.canvas import Canvas
from gui.terminal.drawing.row_painter import RowPainter
from gui.terminal.drawing.surface import Surface
from gui.terminal.view import TerminalView
from session_host.protocol.values import GridSize
from session_host.terminal.base import Cursor
from session_host.terminal.rows import Row
from tests.e2e.view.conftest import colors_in, rgb
from tests.support.calls import calls_of
from tests.support.canvases import CanvasWindow
from tests.support.themes import DARK_TERMINAL as DARK

BACKGROUND = rgb(DARK.background)
HIDE_CURSOR = "\x1b[?25l"
"""Its looks change when the window manager activates the window, which may be between two pictures."""


class PaintedRows:
    """Records the painted rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.numbers: list[int] = []
        real = RowPainter.paint_rows

        def paint_rows(painter: RowPainter, image: QImage, rows: Mapping[int, Row], cursor: Cursor | None) -> None:
            self.numbers += rows
            real(painter, image, rows, cursor)

        monkeypatch.setattr(RowPainter, "paint_rows", paint_rows)

    def take(self) -> list[int]:
        rows = sorted(self.numbers)
        self.numbers.clear()
        return rows


def test_only_rows_that_differ_are_painted(show_view, monkeypatch):
    painted = PaintedRows(monkeypatch)
    terminal = show_view()
    screen = "\r\n".join(f"line {number}" for number in range(10))
    terminal.feed(f"\x1b[H\x1b[2J{screen}")
    painted.take()
    terminal.feed("\x1b[2;1HLINE")
    assert painted.take() == [1]
    terminal.feed("\x1b[2;1HLINE\x1b[5;5H")  # the same text, and another position of the cursor
    assert painted.take() == []
    # Agents redraw their whole screen to move one spinner.
    terminal.feed(f"\x1b[H\x1b[2J{screen}\x1b[4;1H*ine 3")
    assert painted.take() == [1, 3]


def test_scrolling_moves_pixels_and_paints_the_new_line(show_view, monkeypatch):
    painted = PaintedRows(monkeypatch)
    terminal = show_view(60, 12)
    terminal.feed(HIDE_CURSOR + "\r\n".join(f"line {number}" for number in range(12)))
    painted.take()
    terminal.feed("\r\nline 12")
    assert painted.take() == [11]
    moved = terminal.image()
    terminal.emulator.damage_all()
    terminal.view.display.surface.clear()
    terminal.view.display.on_damage()
    terminal.settle()
    assert terminal.image() == moved, "moved pixels differ from painted ones"


def test_scrolling_between_a_fixed_header_and_footer_paints_one_row(show_view, monkeypatch):
    painted = PaintedRows(monkeypatch)
    terminal = show_view(60, 12)
    body = "\r\n".join(f"line {number}" for number in range(8))
    terminal.feed(f"{HIDE_CURSOR}\x1b[1;1Hhead\x1b[12;1Hfoot\x1b[3;10r\x1b[3;1H{body}")
    painted.take()
    terminal.feed("\r\nlast")
    assert painted.take() == [9]
    moved = terminal.image()
    terminal.view.display.on_replaced()
    terminal.settle()
    assert terminal.image() == moved


def test_the_first_damage_after_a_pause_is_painted_at_once(show_view, monkeypatch):
    terminal = show_view()
    terminal.until(lambda: time.monotonic() > terminal.view.display._pacer._due_s, "the frame's time to pass")
    painted: list[QRegion] = []
    real = Surface.paint

    def paint(surface: Surface, painter: QPainter, region: QRegion) -> None:
        painted.append(region)
        real(surface, painter, region)

    monkeypatch.setattr(Surface, "paint", paint)
    terminal.emulator.feed(b"x")
    terminal.view.display.on_damage()
    assert not terminal.view.display._pacer.pending
    assert terminal.view.display.surface._canvas.rows[0].text() == "x"
    assert len(painted) == 1, "painted on the screen, without another turn of the event loop"


def test_a_flood_is_painted_half_as_often_as_other_output(qapp, monkeypatch):
    now_s = 100.0
    monkeypatch.setattr(frame_pacing, "time", SimpleNamespace(monotonic=lambda: now_s))
    painted: list[float] = []
    parent = QObject()
    pacer = frame_pacing.FramePacer(lambda: painted.append(now_s), lambda: False, parent)
    counts = {}
    for requests in (2, 20):
        painted.clear()
        for _ in range(100 * requests):
            now_s += frame_pacing.FRAME_S / requests
            pacer.cancel()  # In a real run, the timer would have fired, or the next request starts it again.
            pacer.request()
        counts[requests] = len(painted)
    pacer.cancel()
    assert 60 < counts[2] <= 101
    assert 40 < counts[20] < 55


@pytest.mark.parametrize(("requests", "share"), [(2, 1 / 2), (20, 1 / 8)])
def test_painting_leaves_time_for_output(qapp, monkeypatch, requests, share):
    now_s, cost_s = 100.0, 0.01
    monkeypatch.setattr(frame_pacing, "time", SimpleNamespace(monotonic=lambda: now_s))
    painted: list[float] = []

    def paint() -> None:
        nonlocal now_s
        painted.append(now_s)
        now_s += cost_s

    parent = QObject()
    pacer = frame_pacing.FramePacer(paint, lambda: False, parent)
    for _ in range(40 * requests):
        pacer.request()
        now_s += frame_pacing.FRAME_S / requests
        pacer.cancel()
    waits = [later - earlier for earlier, later in pairwise(painted[1:])]
    assert min(waits) >= cost_s / share - 0.001
    assert max(waits) <= cost_s / share + frame_pacing.FRAME_S / requests + 0.001


def test_scrolling_does_not_wait_because_of_the_cost_of_previous_frames(show_view):
    terminal = show_view()
    terminal.feed("\r\n".join(f"line {number}" for number in range(40)))
    pacer = terminal.view.display._pacer
    pacer._begun_s, pacer._due_s = 0.0, time.monotonic() + 3600
    terminal.view.display.on_damage()
    assert pacer.pending
    terminal.view.scroller.scroll_to_start()
    assert not pacer.pending
    assert terminal.view.display.surface._canvas.rows[0].text() == "line 0"


def test_a_window_that_was_never_painted_does_not_wait_for_the_x_server(qapp, window_manager):
    """Qt has no picture of such a window, and ends the process if it has to paint it."""
    view = TerminalView(DARK)
    view.winId()
    view.display._wait_for_x_server()
    view.deleteLater()


def test_a_flood_is_painted_once_a_frame(show_view, monkeypatch):
    terminal = show_view()
    frames: list[float] = []
    real = type(terminal.emulator).frame

    def frame(emulator: Any) -> Any:
        frames.append(time.monotonic())
        return real(emulator)

    monkeypatch.setattr(type(terminal.emulator), "frame", frame)
    began = time.monotonic()
    count = 0

    def flood() -> bool:
        nonlocal count
        for _ in range(200):
            count += 1
            terminal.emulator.feed(b"line %d\r\n" % count)
            terminal.view.display.on_damage()
        return time.monotonic() - began > 0.3

    terminal.until(flood, "the flood to end")
    terminal.settle()
    elapsed = frames[-1] - began
    assert len(frames) <= elapsed / frame_pacing.FRAME_S + 2
    assert terminal.view.display.surface._canvas.rows[terminal.emulator.size.rows - 2].text() == f"line {count}"


def test_a_synchronized_update_is_shown_only_when_it_is_complete(show_view):
    terminal = show_view()
    terminal.feed("before")
    terminal.emulator.feed(b"\x1b[?2026h\x1b[H\x1b[2Jhalf")
    terminal.view.display.on_damage()
    assert terminal.view.display._pacer.pending
    assert terminal.view.display.surface._canvas.rows[0].text() == "before"
    terminal.emulator.feed(b" and whole\x1b[?2026l")
    terminal.view.display.on_damage()
    terminal.settle()
    assert terminal.view.display.surface._canvas.rows[0].text() == "half and whole"


def test_a_synchronized_update_that_never_ends_is_shown_after_150_ms(show_view):
    terminal = show_view()
    began = time.monotonic()
    terminal.feed("\x1b[?2026hhalf")
    assert terminal.view.display.surface._canvas.rows[0].text() == "half"
    assert time.monotonic() - began > 0.1


def test_nothing_is_painted_while_hidden_and_all_of_it_afterwards(show_view, monkeypatch):
    terminal = show_view()
    terminal.feed(f"{HIDE_CURSOR}text 日本")
    shown = terminal.image()
    terminal.view.hide()
    assert terminal.view.display.surface._canvas.size == GridSize(0, 0), "a hidden view keeps no picture"
    terminal.view.show()
    terminal.settle()
    assert terminal.image() == shown
    terminal.view.hide()
    painted = PaintedRows(monkeypatch)
    terminal.feed("\rhidden work")
    assert painted.numbers == []
    terminal.view.show()
    terminal.settle()
    assert terminal.view.display.surface._canvas.rows[0].text() == "hidden work"


def test_a_view_without_a_replica_is_an_empty_page(show_view):
    terminal = show_view()
    terminal.feed("text")
    terminal.sink.replica.emulator = None
    terminal.view.display.on_replaced()
    terminal.settle()
    assert colors_in(terminal.image()) == {BACKGROUND}


def test_another_emulator_is_painted_completely(show_view):
    from session_host.terminal import create

    terminal = show_view()
    terminal.feed("\x1b]11;#203040\x07old\r\nold")
    other = create(None, terminal.emulator.size)
    other.feed(b"new")
    old, terminal.emulator = terminal.emulator, other
    terminal.sink.replica.emulator = other
    terminal.view.display.on_replaced()
    terminal.settle()
    old.close()
    assert [row.text() for row in terminal.view.display.surface._canvas.rows[:2]] == ["new", ""]
    assert terminal.image().pixel(1, 1) & 0xFFFFFF == BACKGROUND, "the old program's colours are gone"


def test_a_grid_larger_than_the_view_keeps_the_cursor_visible(show_view):
    """The grid has the size of another viewer, which is in use and taller."""
    terminal = show_view(40, 8)
    terminal.emulator.resize(GridSize(60, 20), terminal.cell)
    terminal.feed("\r\n".join(f"line {number}" for number in range(20)))
    assert terminal.view.display.surface._first_row == 12
    top = terminal.view.display.surface.cell_at(terminal.view.display.device_point(terminal.point(0, 0).toPointF()))
    assert top == (0, 12)
    terminal.feed("\x1b[H")
    assert terminal.view.display.surface._first_row == 0


def test_a_grid_smaller_than_the_view_ends_in_a_hairline(show_view):
    terminal = show_view(60, 12)
    terminal.emulator.resize(GridSize(30, 6), terminal.cell)
    terminal.feed("\x1b[?25l" + "\r\n".join("x" * 30 for _ in range(6)))
    image = terminal.image()
    right, bottom = 8 + 30 * terminal.cell.width_px, 8 + 6 * terminal.cell.height_px
    line = image.pixel(right, 20) & 0xFFFFFF
    assert line != BACKGROUND
    assert image.pixel(20, bottom) & 0xFFFFFF == line
    beyond = image.copy(QRect(right + 1, bottom + 1, 100, 50))
    assert colors_in(beyond) == {BACKGROUND}


def test_the_last_screen_of_an_ended_chat_has_no_hairline(show_view):
    terminal = show_view(60, 12)
    terminal.emulator.resize(GridSize(30, 6), terminal.cell)
    terminal.feed("\x1b[?25l" + "x" * 30)
    terminal.view.display.show_emulator(terminal.emulator)
    image = terminal.image()
    right, bottom = 8 + 30 * terminal.cell.width_px, 8 + 6 * terminal.cell.height_px
    assert image.pixel(right, 20) & 0xFFFFFF == BACKGROUND
    assert image.pixel(20, bottom) & 0xFFFFFF == BACKGROUND


def test_a_changed_screen_is_not_drawn_cell_by_cell(show_view):
    """Each row has four colours. Once the glyphs are known, a screen needs fewer calls than it has cells."""
    terminal = show_view(120, 40)
    canvas: Canvas = terminal.view.display.surface._canvas
    words = [f"\x1b[38;5;{16 + number % 200}m{f'a part of a line, {number}':30}" for number in range(4 * 40)]

    def show(words: list[str]) -> int:
        terminal.emulator.feed(b"\x1b[H" + "".join(words).encode())
        frame = terminal.emulator.frame()
        assert len(frame.rows) == 40
        window = CanvasWindow(canvas, frame.size)
        return calls_of(lambda: window.show_rows(canvas.apply(frame)))

    show(words)
    assert show(words[1:] + words[:1]) < 120 * 40


def test_painting_a_part_equals_painting_everything(show_view):
    """Painting any exposed part gives the same pixels as painting everything."""
    terminal = show_view(40, 8)
    terminal.focus()
    terminal.feed("\x1b[31mred \x1b[42mgreen\x1b[0m 日本 ┌──┐")
    whole = terminal.image()
    terminal.view.update(QRegion(20, 10, 33, 21))
    terminal.settle()
    assert terminal.view.grab(QRect(20, 10, 33, 21)).toImage() == whole.copy(20, 10, 33, 21)
