"""The canvas after any frames is what painting the last one anew gives."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gui.terminal.cell_metrics import BOLD, CellMetrics
from gui.terminal.drawing import row_painter
from gui.terminal.drawing.canvas import Canvas
from gui.terminal.drawing.colored_text import ColoredText
from gui.terminal.drawing.colors import Colors
from gui.terminal.drawing.row_painter import RowPainter
from gui.terminal.glyphs.glyphs import Glyphs
from session_host.protocol.values import GridSize
from session_host.terminal import create
from tests.e2e.view.conftest import FAMILY
from tests.support.themes import DARK_TERMINAL as DARK

SIZE = GridSize(24, 10)
SEQUENCES = (
    "\r\nnext", "\r\n\n\n\n", "\x1b[H\x1bM\x1bM", "\x1b[2S", "\x1b[3T", "\x1b[2L", "\x1b[3M", "\x1b[2J", "\x1b[3;8r",
    "\x1b[r", "\x1b[5;3H", "\x1b[10;1H", "\x1b[41m x", "\x1b[0m", "\x1b[4:3mcurl\x1b[0m", "日本 ┌─┐", "🚀", "e\u0301",
    "\x1b[?1049h", "\x1b[?1049l",
)  # fmt: skip
WRITES = st.lists(st.one_of(st.sampled_from(SEQUENCES), st.text("ab ─│", min_size=1, max_size=30)), max_size=12)


@settings(max_examples=60)
@given(frames=st.lists(WRITES, min_size=1, max_size=6))
def test_any_frames_end_in_the_right_pixels(qapp, frames):
    metrics = CellMetrics(FAMILY, 13, 1.0)
    painter = RowPainter(metrics, Glyphs(metrics), Colors(DARK))
    emulator = create(None, SIZE)
    canvas = Canvas(painter)
    for writes in frames:
        for text in writes:
            emulator.feed(text.encode())
        canvas.apply(emulator.frame())
    fresh = Canvas(painter)
    emulator.damage_all()
    fresh.apply(emulator.frame())
    emulator.close()
    assert canvas.rows == fresh.rows
    assert canvas.image == fresh.image


@pytest.mark.parametrize("size_px", [13, 14, 20])
@pytest.mark.parametrize("selected", [False, True])
def test_text_painted_at_once_has_the_pixels_of_separate_texts(qapp, monkeypatch, size_px, selected):
    metrics = CellMetrics(FAMILY, size_px, 1.0)
    colored = ColoredText(metrics)
    characters = sorted(colored.drawable(0) & colored.drawable(BOLD))
    chance = random.Random(size_px)
    emulator = create(None, GridSize(100, 6))
    for row in range(6):
        for column in range(100):
            color = f"38;2;{chance.randrange(256)};{chance.randrange(256)};{chance.randrange(256)}"
            more = chance.choice(("22", "1", "2", "4", "8", "48;5;17") if row % 2 else ("22",))
            text = "日" if row == 5 and column % 9 == 0 else chance.choice(characters)
            if row < 4 or column % 10:  # else a gap
                emulator.feed(f"\x1b[{row + 1};{column + 1}H\x1b[0;{color};{more}m{text}".encode())
    if selected:
        emulator.select((30, 0), (60, 5), "cell")
    frame = emulator.frame()
    emulator.close()
    painter = RowPainter(metrics, Glyphs(metrics), Colors(DARK))
    canvas, separate = Canvas(painter), Canvas(painter)
    drawn: list[str] = []
    real = ColoredText.draw

    def draw(self: ColoredText, *arguments: Any) -> None:
        drawn.append(arguments[4])
        real(self, *arguments)

    monkeypatch.setattr(ColoredText, "draw", draw)
    canvas.apply(frame)
    assert len(drawn) >= 6
    monkeypatch.setattr(row_painter, "_MANY_RUNS", 1000)
    separate.apply(frame)
    assert canvas.image == separate.image
