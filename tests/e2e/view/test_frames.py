"""When frames are painted, and how much of the view they paint."""

from __future__ import annotations

import time
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QImage, QPainter, QRegion

from gui.terminal.drawing import frame_pacing
from gui.terminal.drawing.canvas import Canvas
from gui.terminal.drawing.row_layout import LaidRows
from gui.terminal.drawing.row_painter import RowPainter
from gui.terminal.drawing.surface import Surface
from gui.terminal.glyphs.atlas_import import AtlasImport
from gui.terminal.view import TerminalView
from session_host.protocol.values import GridSize
from tests.e2e.view.conftest import colors_in, rgb
from tests.support.canvases import CanvasWindow
from tests.support.themes import DARK_TERMINAL as DARK

GROUND = rgb(DARK.background)


class PaintedRows:
    """Notes which rows are painted in the canvas's picture: without an atlas, all that change."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, atlas: bool = False) -> None:
        self.numbers: list[int] = []
        if not atlas:
            monkeypatch.setattr(AtlasImport, "found", None)
        real = RowPainter.paint_rows

        def paint_rows(painter: RowPainter, image: QImage, laid: LaidRows) -> None:
            self.numbers += laid
            real(painter, image, laid)

        monkeypatch.setattr(RowPainter, "paint_rows", paint_rows)

    def take(self) -> list[int]:
        rows = sorted(self.numbers)
        self.numbers.clear()
        return rows


def test_only_rows_that_differ_are_painted(stage, monkeypatch):
    painted = PaintedRows(monkeypatch)
    made = stage()
    made.feed("one\r\ntwo\r\nthree")
    painted.take()
    made.feed("\x1b[2;1HTWO")
    assert painted.take() == [1]
    made.feed("\x1b[2;1HTWO\x1b[5;5H")  # the same again, and the cursor elsewhere
    assert painted.take() == []


def test_a_redrawn_screen_costs_only_what_differs(stage, monkeypatch):
    """Agents draw their whole screen again for one spinner."""
    painted = PaintedRows(monkeypatch)
    made = stage()
    screen = "\r\n".join(f"line {number}" for number in range(10))
    made.feed(f"\x1b[H\x1b[2J{screen}")
    painted.take()
    made.feed(f"\x1b[H\x1b[2J{screen}\x1b[4;1H*ine 3")
    assert painted.take() == [3]


def test_scrolling_moves_pixels_and_paints_the_new_line(stage, monkeypatch):
    painted = PaintedRows(monkeypatch)
    made = stage(60, 12)
    made.feed("\r\n".join(f"line {number}" for number in range(12)))
    painted.take()
    made.feed("\r\nline 12")
    assert painted.take() == [11]
    moved = made.image()
    made.emulator.damage_all()
    made.view._surface.clear()
    made.view.on_damage()
    made.settle()
    assert made.image() == moved, "moved pixels differ from painted ones"


def test_scrolling_between_a_fixed_head_and_foot(stage, monkeypatch):
    painted = PaintedRows(monkeypatch)
    made = stage(60, 12)
    body = "\r\n".join(f"line {number}" for number in range(8))
    made.feed(f"\x1b[1;1Hhead\x1b[12;1Hfoot\x1b[3;10r\x1b[3;1H{body}")
    painted.take()
    made.feed("\r\nlast")
    assert painted.take() == [9]
    moved = made.image()
    made.view.on_replaced()
    made.settle()
    assert made.image() == moved


def test_a_screen_of_plain_text_is_painted_in_the_windows_picture(stage, monkeypatch):
    """Without the canvas's, which follows where a part of a row is shown alone."""
    painted = PaintedRows(monkeypatch, atlas=True)
    made = stage(60, 12)
    made.feed("\x1b[?25l" + "\r\n".join(f"line {number}" for number in range(11)) + "\r\n→")
    assert painted.take() == [11]
    height = made.cell.height_px
    made.view.update(QRect(30, 8 + height, 40, 2 * height - 1))
    made.settle()
    assert painted.take() == [1, 2]


def test_the_first_damage_after_a_pause_is_painted_at_once(stage, monkeypatch):
    made = stage()
    made.until(lambda: time.monotonic() > made.view._pacer._due_s, "the frame's time to pass")
    painted: list[QRegion] = []
    real = Surface.paint

    def paint(surface: Surface, painter: QPainter, region: QRegion) -> None:
        painted.append(region)
        real(surface, painter, region)

    monkeypatch.setattr(Surface, "paint", paint)
    made.emulator.feed(b"x")
    made.view.on_damage()
    assert not made.view._pacer.pending
    assert made.view._surface._canvas.rows[0].text() == "x"
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
            pacer.cancel()  # The timer would be over, or the next request starts it again.
            pacer.request()
        counts[requests] = len(painted)
    pacer.cancel()
    assert 60 < counts[2] <= 101
    assert 40 < counts[20] < 55


def test_the_second_part_of_a_screen_follows_soon_and_a_flood_waits_for_what_frames_cost(qapp, monkeypatch):
    now_s, cost_s = 100.0, 0.02
    monkeypatch.setattr(frame_pacing, "time", SimpleNamespace(monotonic=lambda: now_s))
    painted: list[float] = []

    def paint() -> None:
        nonlocal now_s
        painted.append(now_s)
        now_s += cost_s

    parent = QObject()
    pacer = frame_pacing.FramePacer(paint, lambda: False, parent)
    for _ in range(2):
        painted.clear()
        began_s = now_s
        while now_s < began_s + 0.4:
            pacer.request()
            now_s += 0.001
            pacer.cancel()
        waits = [later - earlier for earlier, later in pairwise(painted)]
        assert waits[0] < 2 * cost_s
        assert min(waits[1:]) >= 4 * cost_s
        now_s += 0.3  # a pause


def test_scrolling_does_not_wait_for_what_previous_frames_cost(stage):
    made = stage()
    made.feed("\r\n".join(f"line {number}" for number in range(40)))
    pacer = made.view._pacer
    pacer._begun_s, pacer._due_s = 0.0, time.monotonic() + 3600
    made.view.on_damage()
    assert pacer.pending
    made.view.scroll_to_start()
    assert not pacer.pending
    assert made.view._surface._canvas.rows[0].text() == "line 0"


def test_frames_in_which_a_program_changes_much_are_counted(stage, monkeypatch):
    counted: list[int] = []
    monkeypatch.setattr(AtlasImport, "count_frame", lambda _: counted.append(1))
    made = stage()
    made.feed("\r\n".join(f"line {number}" for number in range(40)))
    assert len(counted) == 1
    made.feed("an echo")
    made.view.scroll_to_start()
    made.settle()
    assert len(counted) == 1, "neither an echo nor the user's own scrolling"


def test_the_display_is_not_waited_for_before_a_window_is_painted(qapp, window_manager):
    """Qt has no picture of it yet, and ends the process if it is asked to paint."""
    view = TerminalView(DARK)
    view.winId()
    view._wait_for_x_server()
    view.deleteLater()


def test_a_flood_is_painted_once_a_frame(stage, monkeypatch):
    made = stage()
    frames: list[float] = []
    real = type(made.emulator).frame

    def frame(emulator: Any) -> Any:
        frames.append(time.monotonic())
        return real(emulator)

    monkeypatch.setattr(type(made.emulator), "frame", frame)
    began = time.monotonic()
    count = 0

    def flood() -> bool:
        nonlocal count
        for _ in range(200):
            count += 1
            made.emulator.feed(b"line %d\r\n" % count)
            made.view.on_damage()
        return time.monotonic() - began > 0.3

    made.until(flood, "the flood to end")
    made.settle()
    elapsed = frames[-1] - began
    assert len(frames) <= elapsed / frame_pacing.FRAME_S + 2
    assert made.view._surface._canvas.rows[made.emulator.size.rows - 2].text() == f"line {count}"


def test_a_half_drawn_frame_is_waited_for(stage):
    made = stage()
    made.feed("before")
    made.emulator.feed(b"\x1b[?2026h\x1b[H\x1b[2Jhalf")
    made.view.on_damage()
    assert made.view._pacer.pending
    assert made.view._surface._canvas.rows[0].text() == "before"
    made.emulator.feed(b" and whole\x1b[?2026l")
    made.view.on_damage()
    made.settle()
    assert made.view._surface._canvas.rows[0].text() == "half and whole"


def test_a_frame_that_never_ends_is_shown_after_150_ms(stage):
    made = stage()
    began = time.monotonic()
    made.feed("\x1b[?2026hhalf")
    assert made.view._surface._canvas.rows[0].text() == "half"
    assert time.monotonic() - began > 0.1


def test_nothing_is_painted_while_hidden_and_all_of_it_afterwards(stage, monkeypatch):
    made = stage()
    made.view.hide()
    painted = PaintedRows(monkeypatch)
    made.feed("hidden work")
    assert painted.numbers == []
    made.view.show()
    made.settle()
    assert made.view._surface._canvas.rows[0].text() == "hidden work"


def test_a_hidden_view_keeps_no_picture(stage):
    made = stage()
    made.feed("\x1b[?25ltext 日本")
    shown = made.image()
    made.view.hide()
    assert made.view._surface._canvas.size == GridSize(0, 0)
    made.view.show()
    made.settle()
    assert made.image() == shown


def test_a_view_without_a_replica_is_an_empty_page(stage):
    made = stage()
    made.feed("text")
    made.sink.emulator = None
    made.view.on_replaced()
    made.settle()
    assert colors_in(made.image()) == {GROUND}


def test_another_emulator_is_painted_whole(stage):
    from session_host.terminal import create

    made = stage()
    made.feed("\x1b]11;#203040\x07old\r\nold")
    other = create(None, made.emulator.size)
    other.feed(b"new")
    old, made.emulator = made.emulator, other
    made.sink.emulator = other
    made.view.on_replaced()
    made.settle()
    old.close()
    assert [row.text() for row in made.view._surface._canvas.rows[:2]] == ["new", ""]
    assert made.image().pixel(1, 1) & 0xFFFFFF == GROUND, "the old program's colours are gone"


def test_an_ended_screen_is_shown_for_reading(stage):
    made = stage()
    made.feed("the end")
    made.view.show_emulator(made.emulator)
    made.settle()
    assert made.view.sink is None
    assert made.view._surface._canvas.rows[0].text() == "the end"


def test_a_larger_grid_keeps_the_cursor_in_sight(stage):
    """Another viewer is in use, with a taller window."""
    made = stage(40, 8)
    made.emulator.resize(GridSize(60, 20), made.cell)
    made.feed("\r\n".join(f"line {number}" for number in range(20)))
    assert made.view._surface._first_row == 12
    top = made.view._surface.cell_at(made.view.device_point(made.point(0, 0).toPointF()))
    assert top == (0, 12)
    made.feed("\x1b[H")
    assert made.view._surface._first_row == 0


def test_a_smaller_grid_ends_in_a_hairline(stage):
    made = stage(60, 12)
    made.emulator.resize(GridSize(30, 6), made.cell)
    made.feed("\x1b[?25l" + "\r\n".join("x" * 30 for _ in range(6)))
    image = made.image()
    right, bottom = 8 + 30 * made.cell.width_px, 8 + 6 * made.cell.height_px
    line = image.pixel(right, 20) & 0xFFFFFF
    assert line != GROUND
    assert image.pixel(20, bottom) & 0xFFFFFF == line
    beyond = image.copy(QRect(right + 1, bottom + 1, 100, 50))
    assert colors_in(beyond) == {GROUND}


def test_the_last_screen_of_an_ended_chat_has_no_hairline(stage):
    made = stage(60, 12)
    made.emulator.resize(GridSize(30, 6), made.cell)
    made.feed("\x1b[?25l" + "x" * 30)
    made.view.show_emulator(made.emulator)
    image = made.image()
    right, bottom = 8 + 30 * made.cell.width_px, 8 + 6 * made.cell.height_px
    assert image.pixel(right, 20) & 0xFFFFFF == GROUND
    assert image.pixel(20, bottom) & 0xFFFFFF == GROUND


def test_a_frame_paints_in_good_time(stage):
    """A loose bound of the processor's time: a mistake that draws cell by cell would be far beyond it."""
    made = stage(120, 40)
    text = "".join(f"\x1b[38;5;{16 + number % 200}mword{number % 1000:03} " for number in range(600))
    times = []
    for turn in range(5):
        made.emulator.feed(f"\x1b[H{turn}{text}".encode())
        frame = made.emulator.frame()
        canvas: Canvas = made.view._surface._canvas
        window = CanvasWindow(canvas, frame.size)
        begin = time.thread_time()
        window.show_rows(canvas.apply(frame))
        times.append(time.thread_time() - begin)
    assert min(times) < 0.02


def test_painting_a_part_equals_painting_all(stage):
    """Whatever part of the window is exposed, the same pixels come."""
    made = stage(40, 8)
    made.focus()
    made.feed("\x1b[31mred \x1b[42mgreen\x1b[0m 日本 ┌──┐")
    whole = made.image()
    made.view.update(QRegion(20, 10, 33, 21))
    made.settle()
    assert made.view.grab(QRect(20, 10, 33, 21)).toImage() == whole.copy(20, 10, 33, 21)
