"""Ligatures of a font are drawn within one style and in their cells, and separately at the cursor."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QImage

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.drawing.canvas import Canvas
from gui.terminal.drawing.colors import Colors
from gui.terminal.drawing.cursor import cell_under, cursor_picture
from gui.terminal.drawing.row_painter import RowPainter
from gui.terminal.drawing.surface import Surface
from gui.terminal.glyphs.glyphs import Glyphs
from gui.theme.terminal import LigatureMode, TerminalFont
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.base import Cursor, Emulator
from tests.support.canvases import CanvasWindow, picture_of
from tests.support.themes import DARK_TERMINAL as DARK

JOINING, PLAIN = "Fira Code", "DejaVu Sans Mono"
SIZE = GridSize(40, 8)
Selection = tuple[tuple[int, int], tuple[int, int]]
HIDDEN = "\x1b[?25l"


def metrics_of(ligatures: LigatureMode, family: str = JOINING, size_px: int = 14, ratio: float = 1.0) -> CellMetrics:
    metrics = CellMetrics(TerminalFont(family, ligatures), size_px, ratio)
    assert metrics.family == family, "a package of the tests is missing"
    return metrics


def canvas_of(metrics: CellMetrics) -> Canvas:
    return Canvas(RowPainter(metrics, Glyphs(metrics), Colors(DARK)))


def painted(
    text: str, metrics: CellMetrics, *, select: tuple[tuple[int, int], tuple[int, int]] | None = None
) -> Canvas:
    """Return a canvas that has drawn the text."""
    emulator = create(None, SIZE)
    emulator.feed(text.encode())
    if select is not None:
        emulator.select(*select, "cell")
    canvas = canvas_of(metrics)
    canvas.apply(emulator.frame())
    emulator.close()
    return canvas


def joined_columns(canvas: Canvas, row: int = 0) -> list[int]:
    """The columns of a row that are parts of ligatures."""
    painted_row = canvas.rows[row]
    assert painted_row is not None
    return [column for column in range(SIZE.columns) if canvas.painter.ligature_at(painted_row, column) is not None]


def cells(canvas: Canvas, first: int, end: int, row: int = 0) -> QImage:
    width, height = canvas.painter.metrics.width, canvas.painter.metrics.height
    return picture_of(canvas).copy(first * width, row * height, (end - first) * width, height)


@pytest.mark.parametrize(("size_px", "ratio"), [(9, 1.0), (13, 1.0), (14, 1.0), (13, 1.5), (20, 2.0)])
def test_ligatures_are_drawn_at_any_size(qapp, size_px, ratio):
    metrics = metrics_of("always", size_px=size_px, ratio=ratio)
    canvas = painted(HIDDEN + "a -> b != c\r\nx-y=z 漢=>字 │<=│\r\n\x1b[1;3mwww ===", metrics)
    assert joined_columns(canvas) == [2, 3, 7, 8]
    assert set(joined_columns(canvas, 1)) >= {8, 9, 14, 15}
    assert joined_columns(canvas, 2) == [0, 1, 2, 4, 5, 6]
    apart = painted(HIDDEN + "a -> b != c", metrics_of("never", size_px=size_px, ratio=ratio))
    assert cells(canvas, 2, 4) != cells(apart, 2, 4)
    # The text around a ligature keeps its position.
    assert cells(canvas, 5, 6) == cells(apart, 5, 6)
    assert cells(canvas, 10, 40) == cells(apart, 10, 40)


def test_no_ligature_crosses_a_style_a_selection_or_hidden_text(qapp):
    metrics = metrics_of("always")
    assert joined_columns(painted("\x1b[31m-\x1b[32m>", metrics)) == []
    assert joined_columns(painted("\x1b[4m-\x1b[24m>", metrics)) == []
    assert joined_columns(painted("\x1b[8m->", metrics)) == []
    assert joined_columns(painted("\x1b]8;;https://a.b\x1b\\-\x1b]8;;\x1b\\>", metrics)) == []
    assert joined_columns(painted("-> => ->", metrics, select=((1, 0), (4, 0)))) == [3, 4, 6, 7]
    assert joined_columns(painted("-\u0301> א->ב", metrics)) == [4, 5], "bidirectional text keeps its cells"


def test_there_are_no_ligatures_without_any_in_the_font_or_if_they_are_turned_off(qapp):
    assert metrics_of("always", PLAIN).ligatures is None
    assert metrics_of("never").ligatures is None


def test_a_ligature_is_drawn_separately_only_while_the_cursor_is_on_it(qapp):
    emulator = create(None, SIZE)
    emulator.feed(b"a -> b => c\r\n-> x")
    joined = painted(HIDDEN + "a -> b => c\r\n-> x", metrics_of("always"))
    apart = painted(HIDDEN + "a -> b => c\r\n-> x", metrics_of("never"))
    canvas = canvas_of(metrics_of("not_under_cursor"))
    canvas.apply(emulator.frame())
    assert picture_of(canvas) == picture_of(joined)
    for place, row, broken in (("1;4", 0, (2, 4)), ("1;8", 0, (7, 9)), ("2;1", 1, (0, 2)), ("2;2", 1, (0, 2))):
        emulator.feed(f"\x1b[{place}H".encode())
        canvas.apply(emulator.frame())
        for at in (0, 1):
            for first, end in ((0, 2), (2, 4), (4, 7), (7, 9), (9, 12)):
                expected = apart if (at, (first, end)) == (row, broken) else joined
                assert cells(canvas, first, end, at) == cells(expected, first, end, at), (place, at, first)
    for hidden in (b"\x1b[?25l", b"\x1b[?25h\x1b[1;6H"):
        emulator.feed(hidden)
        canvas.apply(emulator.frame())
        assert picture_of(canvas) == picture_of(joined)
    emulator.close()


@pytest.mark.parametrize("row", [3, 4, 6])
@pytest.mark.parametrize("column", [1, 9])
def test_moved_rows_keep_their_ligatures_except_at_the_cursor(qapp, row, column):
    emulator = create(None, SIZE)
    lines = [f"-> {number}" for number in range(9)]
    emulator.feed("\r\n".join(lines[:8]).encode() + f"\x1b[5;{column}H".encode())
    canvas, joined = canvas_of(metrics_of("not_under_cursor")), metrics_of("always")
    canvas.apply(emulator.frame())
    picture_of(canvas)
    emulator.feed(f"\x1b[1;1H\x1b[M\x1b[8;1H-> 8\x1b[{row + 1};1H".encode())  # All rows move up.
    canvas.apply(emulator.frame())
    emulator.close()
    expected = painted(HIDDEN + "\r\n".join(lines[1:]), joined)
    differing = [at for at in range(SIZE.rows) if cells(canvas, 0, 4, at) != cells(expected, 0, 4, at)]
    assert differing == [row]


def test_another_ligature_setting_takes_effect_at_once(qapp):
    """At the cursor, too, and before the program writes anything."""
    emulator = create(None, SIZE)
    emulator.feed(b"a -> b\x1b[1;4H")
    frame = emulator.frame()
    emulator.close()
    modes: list[LigatureMode] = ["never", "not_under_cursor", "always", "not_under_cursor", "never"]
    canvas = canvas_of(metrics_of("always"))
    canvas.apply(frame)
    for mode in modes:
        fresh = canvas_of(metrics_of(mode))
        fresh.apply(frame)
        canvas.set_painter(fresh.painter)
        assert picture_of(canvas) == picture_of(fresh), mode


def test_a_block_cursor_on_a_ligature_shows_its_part_of_the_ligature(qapp):
    """Only in the mode that draws ligatures at the cursor, too."""
    modes: dict[LigatureMode, bool] = {"always": True, "not_under_cursor": False}
    for mode, is_part in modes.items():
        metrics = metrics_of(mode)
        surface, emulator = Surface(DARK, metrics), create(None, SIZE)
        surface.focused = True
        emulator.feed(b"a -> b\x1b[1;4H")
        surface.apply_frame(emulator, emulator.frame())
        painter, row = surface._canvas.painter, surface.rows[0]
        cell = cell_under(row, 3)
        cursor = Cursor(3, 0, visible=True)
        plain = cursor_picture(painter, cell, cell, cursor, focused=True)
        shown = surface._cursor_picture(cell, cursor)
        assert shown.size() == plain.size(), "the cursor has one cell"
        assert (shown != plain) == is_part
        emulator.close()


TEXTS = st.sampled_from(
    ["->", "a", " ", "\r\n", "!=", "=", "-", ">", "漢", "\x1b[31m", "\x1b[m", "www", "===", "x -> y\r\n"]
)
MOVES = st.builds("\x1b[{};{}H".format, st.integers(1, SIZE.rows), st.integers(1, 12))
OTHERS = st.sampled_from(
    ["\x1b[?25l", "\x1b[?25h", "\x1b[2J", "\x1b[3M", "\x1b[2L", "\x1b[K", "\r\n" * 5, "\x1b[D", "\b"]
)
WRITES = st.lists(st.one_of(TEXTS, TEXTS, MOVES, OTHERS), max_size=12)


@settings(max_examples=80)
@given(frames=st.lists(WRITES, min_size=1, max_size=8))
def test_after_any_frames_each_ligature_is_drawn_as_the_cursor_requires(qapp, frames):
    metrics = metrics_of("not_under_cursor")
    emulator: Emulator = create(None, SIZE)
    canvas = canvas_of(metrics)
    window = CanvasWindow(canvas, SIZE)
    for writes in frames:
        emulator.feed("".join(writes).encode())
        window.show_rows(canvas.apply(emulator.frame()))
    emulator.damage_all()
    fresh = canvas_of(metrics)
    fresh.apply(emulator.frame())
    emulator.close()
    assert window.grid() == picture_of(fresh)
