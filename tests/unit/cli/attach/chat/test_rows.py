"""Lines of text as rows of cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from session_host.cli.attach.chat.page import row_of
from session_host.structured.text import TextLine


def test_wide_and_combined_characters_take_their_cells() -> None:
    row = row_of(TextLine("ab漢e\u0301c"), 10)
    assert [(run.column, run.cells, run.text, run.cluster) for run in row.runs] == [
        (0, 2, "ab", False), (2, 2, "漢", True), (4, 1, "e\u0301", True), (5, 1, "c", False),
    ]  # fmt: skip


@given(st.text(alphabet="ab 漢👨‍👩‍👧e\u0301│", max_size=30), st.integers(1, 20))
def test_no_run_overlaps_another_or_the_edge(text: str, columns: int) -> None:
    end = 0
    for run in row_of(TextLine(text), columns).runs:
        assert run.column >= end
        end = run.column + run.cells
        assert end <= columns
