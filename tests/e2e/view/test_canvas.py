"""The canvas after any sequence of frames has the pixels of the last frame drawn alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.drawing.canvas import Canvas
from gui.terminal.drawing.colors import Colors
from gui.terminal.drawing.row_painter import RowPainter
from gui.terminal.glyphs.glyphs import Glyphs
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.base import Frame
from tests.e2e.view.conftest import FONT
from tests.support.canvases import CanvasWindow, picture_of
from tests.support.themes import DARK_TERMINAL as DARK

SIZE = GridSize(24, 10)
SEQUENCES = (
    "\r\nnext",
    "\r\n\n\n\n",
    "\x1b[H\x1bM\x1bM",
    "\x1b[2S",
    "\x1b[3T",
    "\x1b[2L",
    "\x1b[3M",
    "\x1b[2J",
    "\x1b[3;8r",
    "\x1b[r",
    "\x1b[5;3H",
    "\x1b[10;1H",
    "\x1b[41m x",
    "\x1b[0m",
    "\x1b[4:3mcurl\x1b[0m",
    "日本 ┌─┐",
    "🚀",
    "e\u0301",
    "\x1b[?1049h",
    "\x1b[?1049l",
)
WRITES = st.lists(st.one_of(st.sampled_from(SEQUENCES), st.text("ab ─│", min_size=1, max_size=30)), max_size=12)


def new_canvas(metrics: CellMetrics) -> Canvas:
    return Canvas(RowPainter(metrics, Glyphs(metrics), Colors(DARK)))


def picture(frame: Frame, metrics: CellMetrics) -> QImage:
    canvas = new_canvas(metrics)
    canvas.apply(frame)
    return picture_of(canvas)


RECTANGLES = st.builds(QRect, st.integers(0, 200), st.integers(0, 180), st.integers(1, 250), st.integers(1, 180))


@settings(max_examples=60)
@given(frames=st.lists(st.tuples(WRITES, st.none() | RECTANGLES), min_size=1, max_size=6))
def test_any_frames_end_in_the_right_pixels(qapp, frames):
    metrics = CellMetrics(FONT, 13, 1.0)
    emulator = create(None, SIZE)
    canvas = new_canvas(metrics)
    window = CanvasWindow(canvas, SIZE)
    for writes, exposed in frames:
        for text in writes:
            emulator.feed(text.encode())
        window.show_rows(canvas.apply(emulator.frame()))
        if exposed is not None:
            window.show_part(exposed)
    emulator.damage_all()
    frame = emulator.frame()
    emulator.close()
    assert window.grid() == picture(frame, metrics)
    assert picture_of(canvas) == window.grid()
