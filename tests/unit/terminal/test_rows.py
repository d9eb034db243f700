"""A row of many styles, compared with the same row in runs."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from session_host.terminal.rows import PLAIN, Row, Run, Style, StyledText, StyleTable

RED, BLUE = Style(foreground=1), Style(background=4)
STYLES = [PLAIN, RED, BLUE]
CELLS = st.lists(st.tuples(st.sampled_from(" aß"), st.integers(0, 2)), min_size=1, max_size=30)


def styled_text(cells: list[tuple[str, int]], table: StyleTable) -> StyledText:
    numbers = [table.number(STYLES[style]) or 0 for _, style in cells]
    text = "".join(character for character, _ in cells)
    return StyledText(text, b"".join(number.to_bytes(2, sys.byteorder) for number in numbers), table)


def runs_of(cells: list[tuple[str, int]]) -> tuple[Run, ...]:
    """The runs of cells, found cell by cell."""
    runs: list[Run] = []
    for column, (character, style) in enumerate(cells):
        if runs and runs[-1].style == STYLES[style] and runs[-1].column + runs[-1].cells == column:
            runs[-1] = runs[-1]._replace(cells=runs[-1].cells + 1, text=runs[-1].text + character)
        else:
            runs.append(Run(column, 1, character, STYLES[style], cluster=False))
    bare: list[Run] = []
    for run in runs:
        if run.style == PLAIN:
            text = run.text.strip(" ")
            column = run.column + len(run.text) - len(run.text.lstrip(" "))
            bare += [Run(column, len(text), text, PLAIN, cluster=False)] if text else []
        else:
            bare.append(run)
    return tuple(bare)


@given(CELLS, st.booleans())
def test_a_styled_text_equals_its_runs(cells, knows_other_styles):
    table = StyleTable()
    if knows_other_styles:
        table.number(Style(foreground=2))
    styled, runs = styled_text(cells, table), runs_of(cells)
    assert (tuple(styled), len(styled), styled[-1:]) == (runs, len(runs), runs[-1:])
    row, other = Row(styled, False), Row(runs, False)
    assert row == other
    assert other == row
    assert hash(row) == hash(other)
    assert row.text() == other.text()
    assert Row(styled_text(cells, StyleTable()), False) == row


def test_rows_with_other_texts_or_styles_differ():
    table = StyleTable()
    cells = [("a", 1), ("b", 2)]
    rows = [
        Row(styled_text(other, kind), False)
        for other in (cells, [("a", 2), ("b", 2)], [("a", 1), ("a", 2)])
        for kind in (table, StyleTable())
    ]
    assert [rows[0] == other for other in rows] == [True, True, False, False, False, False]


def test_a_full_table_knows_its_styles_and_takes_no_other():
    table = StyleTable()
    numbers = [table.number(Style(foreground=color, background=ground)) for color in range(64) for ground in range(64)]
    assert numbers == [*range(1, 4096), None]
    assert table.is_full
    assert table.number(PLAIN) == 0
    assert table.styles[4095] == Style(foreground=63, background=62)
