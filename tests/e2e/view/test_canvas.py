"""The canvas after any sequence of frames has the pixels of the last frame drawn by Qt alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter, QRegion

from gui.terminal.cell_metrics import BOLD, PRINTABLE_ASCII, CellMetrics
from gui.terminal.drawing.canvas import Canvas
from gui.terminal.drawing.colors import Colors
from gui.terminal.drawing.row_painter import RowPainter
from gui.terminal.glyphs import glyph_atlas
from gui.terminal.glyphs.glyphs import Glyphs
from gui.terminal.glyphs.overhang import Overhang
from session_host.protocol.values import GridSize
from session_host.terminal import create, rows
from session_host.terminal.base import Frame
from session_host.terminal.rows import Run, Style, StyledText
from tests.e2e.view.conftest import FONT
from tests.support.canvases import CanvasWindow, picture_of
from tests.support.themes import DARK_TERMINAL as DARK

SIZE = GridSize(24, 10)
SEQUENCES = (
    "\r\nnext", "\r\n\n\n\n", "\x1b[H\x1bM\x1bM", "\x1b[2S", "\x1b[3T", "\x1b[2L", "\x1b[3M", "\x1b[2J", "\x1b[3;8r",
    "\x1b[r", "\x1b[5;3H", "\x1b[10;1H", "\x1b[41m x", "\x1b[0m", "\x1b[4:3mcurl\x1b[0m", "日本 ┌─┐", "🚀", "e\u0301",
    "\x1b[?1049h", "\x1b[?1049l",
)  # fmt: skip
WRITES = st.lists(st.one_of(st.sampled_from(SEQUENCES), st.text("ab ─│", min_size=1, max_size=30)), max_size=12)


class QtAlone(Glyphs):
    """Glyphs without an atlas, so that Qt draws each run."""

    def atlas(self) -> None:
        return None


def new_canvas(metrics: CellMetrics, glyphs: type[Glyphs] = Glyphs) -> Canvas:
    return Canvas(RowPainter(metrics, glyphs(metrics), Colors(DARK)))


def picture(frame: Frame, metrics: CellMetrics, glyphs: type[Glyphs] = Glyphs) -> QImage:
    canvas = new_canvas(metrics, glyphs)
    canvas.apply(frame)
    return picture_of(canvas)


RECTANGLES = st.builds(QRect, st.integers(0, 200), st.integers(0, 180), st.integers(1, 250), st.integers(1, 180))


@pytest.mark.parametrize("shift_px", [0.25, 0.5, 0.75])
def test_rows_have_the_right_pixels_in_a_widget_at_a_fractional_position(qapp, shift_px):
    metrics = CellMetrics(FONT, 13, 1.0)
    frame = colourful_frame("abc", selected=False, seed=1)
    images = []
    for glyphs in (Glyphs, QtAlone):
        canvas = new_canvas(metrics, glyphs)
        canvas.apply(frame)
        image = QImage(900, 200, QImage.Format.Format_RGB32)
        image.fill(0)
        painter = QPainter(image)
        painter.translate(shift_px, 10 + shift_px)
        canvas.paint(painter, QRegion(0, 0, 100 * metrics.width, 6 * metrics.height), QPoint())
        painter.end()
        images.append(image)
    assert images[0] == images[1]


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
    assert window.grid() == picture(frame, metrics, QtAlone)
    assert picture_of(canvas) == window.grid()


def colourful_frame(characters: str, *, selected: bool, seed: int) -> Frame:
    """A frame of cells in random colours and styles, with wide characters and gaps."""
    chance = random.Random(seed)
    emulator = create(None, GridSize(100, 6))
    for row in range(6):
        for column in range(100):
            color = f"38;2;{chance.randrange(256)};{chance.randrange(256)};{chance.randrange(256)}"
            more = chance.choice(("22", "1", "2", "4", "7", "8", "48;5;17") if row % 2 else ("22",))
            text = "日" if row == 5 and column % 9 == 0 else chance.choice(characters)
            if row < 4 or column % 10:  # otherwise, the cell stays empty
                emulator.feed(f"\x1b[{row + 1};{column + 1}H\x1b[0;{color};{more}m{text}".encode())
    if selected:
        emulator.select((30, 0), (60, 5), "cell")
    frame = emulator.frame()
    emulator.close()
    return frame


@pytest.mark.parametrize(("size_px", "ratio"), [(13, 1.0), (14, 1.5), (20, 2.0)])
def test_rows_of_many_styles_have_the_right_pixels_in_a_window(qapp, size_px, ratio):
    metrics = CellMetrics(FONT, size_px, ratio)
    size = GridSize(100, 12)
    emulator = create("ghostty", size)
    characters = "".join(sorted(inner_characters(metrics)))
    canvas = new_canvas(metrics)
    window = CanvasWindow(canvas, size)
    for turn in range(3):  # The atlas and the engine know some styles of the second screen, and not the others.
        chance = random.Random(turn)
        for row in range(12):
            emulator.feed(f"\x1b[{row + 1}H".encode())
            for column in range(100 if row else 50):
                style = f"{chance.choice(('22', '1', '7', '48;5;17'))};38;5;{16 + (column * 7 + row + 40 * turn) % 200}"
                character = "ö" if row == 3 and column == 9 else chance.choice(characters)
                emulator.feed(f"\x1b[0;{style}m{character}".encode())
        frame = emulator.frame()
        assert all(isinstance(row.runs, StyledText) for row in frame.rows.values())
        window.show_rows(canvas.apply(frame))
        assert window.grid() == picture(frame, metrics, QtAlone)
    emulator.close()


def test_rows_of_two_style_tables_are_painted_together(qapp, monkeypatch):
    monkeypatch.setattr(rows, "_MAX_STYLES", 121)
    metrics = CellMetrics(FONT, 13, 1.0)
    size = GridSize(40, 12)
    emulator = create("ghostty", size)
    canvas = new_canvas(metrics)
    window = CanvasWindow(canvas, size)
    changed = set()
    for first_row, first_color in ((0, 20), (6, 90)):  # 120 colours, then 60 of these and 60 others
        for row in range(first_row, 12):
            cells = "".join(f"\x1b[38;5;{first_color + row * 10 + column % 10}ma" for column in range(40))
            emulator.feed(f"\x1b[{row + 1}H{cells}".encode())
        frame = emulator.frame()
        changed |= canvas.apply(frame)
    tables = {id(row.runs.table) for row in canvas.rows if row is not None and isinstance(row.runs, StyledText)}
    assert len(tables) == 2
    window.show_rows(changed)
    emulator.damage_all()
    assert window.grid() == picture(emulator.frame(), metrics, QtAlone)
    emulator.close()


def inner_characters(metrics: CellMetrics) -> set[str]:
    """The printable ASCII characters without overhang."""
    counts = Overhang(metrics)._counts.reshape(4, -1)
    return {character for character in PRINTABLE_ASCII if not counts[[0, BOLD], ord(character)].any()}


@pytest.mark.parametrize(
    ("size_px", "ratio", "line_height"),
    [(13, 1.0, 1.0), (14, 1.0, 1.0), (14, 1.5, 1.0), (20, 2.0, 1.0), (14, 1.5, 1.3), (13, 1.0, 2.0)],
)
@pytest.mark.parametrize("selected", [False, True])
def test_copied_text_has_the_pixels_of_separate_texts(qapp, size_px, ratio, line_height, selected):
    metrics = CellMetrics(FONT, size_px, ratio, line_height)
    # Without overhang: the two ways differ in the order in which overlapping glyphs of different colours are drawn.
    characters = "".join(sorted(inner_characters(metrics)))
    assert len(characters) > 60
    frame = colourful_frame(characters, selected=selected, seed=size_px)
    assert picture(frame, metrics) == picture(frame, metrics, QtAlone)


@pytest.mark.parametrize("size_px", [13, 14, 20])
@pytest.mark.parametrize("style", ["0", "1", "3", "1;3", "3;7", "3;48;5;20"])
def test_copied_lines_have_the_pixels_of_a_text(qapp, size_px, style):
    """Also where two glyphs cover one pixel: their order changes the pixel by rounding errors only."""
    metrics = CellMetrics(FONT, size_px, 1.0)
    emulator = create(None, GridSize(100, 6))
    for row in range(6):
        text = "".join(random.Random(row).sample(PRINTABLE_ASCII, 95))
        emulator.feed(f"\x1b[{row + 1};{row}H\x1b[0;38;5;{40 + row};{style}m{text}".encode())
    frame = emulator.frame()
    emulator.close()
    assert largest_difference(picture(frame, metrics), picture(frame, metrics, QtAlone)) <= 3


def largest_difference(one: QImage, other: QImage) -> int:
    """The largest difference between two pictures in a channel of a pixel."""
    channels = [np.frombuffer(image.constBits(), np.uint8).astype(int) for image in (one, other)]
    return int(abs(channels[0] - channels[1]).max())


def test_more_glyphs_than_the_atlas_can_hold_are_painted_in_parts(qapp, monkeypatch):
    monkeypatch.setattr(glyph_atlas, "_MAX_BYTES", 0)
    monkeypatch.setattr(glyph_atlas, "_SMALLEST", 250)
    metrics = CellMetrics(FONT, 13, 1.0)
    canvas = new_canvas(metrics)
    window = CanvasWindow(canvas, GridSize(100, 6))
    for seed in range(3):  # 600 cells, most of them different
        frame = colourful_frame("abcdefghij", selected=False, seed=seed)
        window.show_rows(canvas.apply(frame))
        assert window.grid() == picture(frame, metrics, QtAlone)


def test_half_a_wide_character_at_the_edge_is_painted(qapp):
    metrics = CellMetrics(FONT, 13, 1.0)
    frame = colourful_frame("abc", selected=False, seed=1)
    half = Run(99, 2, "日", Style(foreground=1, background=4), cluster=True)
    rows = {number: row._replace(runs=(*row.runs[:-1], half)) for number, row in frame.rows.items()}
    cut = frame._replace(rows=rows)
    assert picture(cut, metrics) == picture(cut, metrics, QtAlone)


def test_a_font_with_other_widths_is_drawn_by_qt(qapp):
    metrics = CellMetrics(FONT, 13, 1.0)
    metrics.exact = (False,) * 4
    frame = colourful_frame("abc", selected=False, seed=1)
    assert picture(frame, metrics) == picture(frame, metrics, QtAlone)
