"""The runs of a row with their looks: runs that are selected in part, or have ligatures, are split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from gui.terminal.ligatures import Ligatures
from session_host.terminal.rows import PLAIN, Row, Run, StyledText

from .colors import Colors, Look

LaidRun = tuple[Run, Look]
LaidRows = Mapping[int, list[LaidRun]]
"""The runs of rows, by the rows' numbers."""

StyledRows = Mapping[int, StyledText]
"""The cells of rows that are painted as they were read, by the rows' numbers."""


def lay_out(row: Row, colors: Colors) -> list[LaidRun]:
    """The runs of a row, and the selected blank cells, from left to right."""
    look_of = colors.resolve_style
    if row.selection is None:
        return [(run, look_of(run.style)) for run in row.runs]
    first, last = row.selection
    runs = _with_blanks(row.runs, first, last)
    return [(run, look_of(run.style, selected)) for run, selected in split_at_selection(runs, first, last)]


def _with_blanks(runs: Sequence[Run], first: int, last: int) -> tuple[Run, ...]:
    """Runs, and blank ones in the gaps between the columns ``first`` … ``last``."""
    filled: list[Run] = []
    end = first
    for run in (*runs, Run(last + 1, 0, "", PLAIN, cluster=False)):
        gap = min(run.column, last + 1) - end
        if gap > 0:
            filled.append(Run(end, gap, " " * gap, PLAIN, cluster=False))
        if run.cells:
            filled.append(run)
        end = max(end, run.column + run.cells)
    return tuple(filled)


def split_at_selection(runs: tuple[Run, ...], first: int, last: int) -> list[tuple[Run, bool]]:
    """Split runs so that each is wholly inside or outside the columns ``first`` … ``last``."""
    parts: list[tuple[Run, bool]] = []
    for run in runs:
        end = run.column + run.cells
        if run.cluster or end <= first or run.column > last or (run.column >= first and end <= last + 1):
            parts.append((run, first <= run.column <= last))
            continue
        edges = sorted({run.column, min(max(first, run.column), end), min(max(last + 1, run.column), end), end})
        for begin, stop in pairwise(edges):
            text = run.text[begin - run.column : stop - run.column]
            part = run._replace(column=begin, cells=stop - begin, text=text)
            parts.append((part, first <= begin <= last))
    return parts


def join(laid: list[LaidRun], ligatures: Ligatures, cursor: int | None) -> list[LaidRun]:
    """Split runs at their ligatures; each ligature becomes a cluster.

    Args:
        laid: the runs of a row.
        ligatures: the ligatures of the font.
        cursor: the cursor's column, where characters are drawn apart; None to draw all ligatures.
    """
    search = ligatures.search
    if all(search(run.text) is None for run, _ in laid):
        return laid
    parts: list[LaidRun] = []
    for run, look in laid:
        column, _, text, _, cluster = run
        done = 0
        for found in () if cluster or look.hidden else ligatures.find(text):
            first, end = found.span()
            joined = ligatures.joined(found[0], look.variant)
            if joined is None or (cursor is not None and joined.first <= cursor - column - first < joined.end):
                continue
            if done < first:
                parts.append((run._replace(column=column + done, cells=first - done, text=text[done:first]), look))
            parts.append((run._replace(column=column + first, cells=end - first, text=found[0], cluster=True), look))
            done = end
        if not done:
            parts.append((run, look))
        elif done < len(text):
            parts.append((run._replace(column=column + done, cells=len(text) - done, text=text[done:]), look))
    return parts


def ligature_at(laid: list[LaidRun], ligatures: Ligatures, column: int) -> LaidRun | None:
    """The ligature that a column is a part of, of runs that are split at their ligatures."""
    for run, look in laid:
        if run.column <= column < run.column + run.cells:
            joined = ligatures.joined(run.text, look.variant) if run.cluster and run.text.isascii() else None
            is_part = joined is not None and joined.first <= column - run.column < joined.end
            return (run, look) if is_part else None
    return None


def is_blank_behind(laid: list[LaidRun], index: int) -> bool:
    """Whether the cell after a run is blank."""
    run = laid[index][0]
    following = laid[index + 1][0] if index + 1 < len(laid) else None
    return following is None or following.column > run.column + run.cells or following.text.startswith(" ")
