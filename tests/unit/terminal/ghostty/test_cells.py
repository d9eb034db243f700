"""Rows of many styles, read with a style for each cell, compared with the same rows read in runs."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.ghostty.cells import RowReader
from session_host.terminal.rows import Row, StyledText

STYLES = ["0", "31", "38;5;200", "48;2;1;2;3", "1;4", "7", "38;2;9;8;7"]
TEXTS = ["a", "b ", " ", "ß"]
OTHERS = ["日", "e\u0301", "\x1b[2C", "\x1b[K", "\x1b]8;;http://x\x1b\\l\x1b]8;;\x1b\\"]
WRITTEN = st.lists(st.tuples(st.sampled_from(STYLES), st.sampled_from(TEXTS)), min_size=20, max_size=80)
OTHER_WRITTEN = st.lists(st.tuples(st.sampled_from(STYLES), st.sampled_from(OTHERS)), max_size=3)


def rows_after(output: bytes) -> dict[int, Row]:
    emulator = create("ghostty", GridSize(40, 6))
    emulator.feed(output)
    rows = emulator.frame().rows
    emulator.close()
    return dict(rows)


@given(WRITTEN, OTHER_WRITTEN)
def test_rows_of_many_styles_equal_their_runs(written, others):
    output = "".join(f"\x1b[0;{style}m{text}" for style, text in (*written, *others)).encode()
    with patch.object(RowReader, "_styled_text", return_value=None):
        runs = rows_after(output)
    assert rows_after(output) == runs


def test_a_row_of_many_styles_has_a_style_for_each_cell():
    output = "".join(f"\x1b[3{number % 8}m{number % 10}" for number in range(40)).encode()
    row = rows_after(output)[0]
    assert isinstance(row.runs, StyledText)
    assert row.text() == "0123456789" * 4
    assert [run.style.foreground for run in row.runs] == [number % 8 for number in range(40)]
