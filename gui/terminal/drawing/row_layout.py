"""The runs of a row with their looks: a run that is selected in part is split."""

from __future__ import annotations

from itertools import pairwise

from session_host.terminal.base import PLAIN, Row, Run

from .colors import Colors, Look

LaidRun = tuple[Run, Look]


def lay_out(row: Row, colors: Colors) -> list[LaidRun]:
    """The runs of a row, and the selected blank cells, from left to right."""
    look_of = colors.resolve_style
    if row.selection is None:
        return [(run, look_of(run.style)) for run in row.runs]
    first, last = row.selection
    runs = _with_blanks(row.runs, first, last)
    return [(run, look_of(run.style, selected)) for run, selected in split_at_selection(runs, first, last)]


def _with_blanks(runs: tuple[Run, ...], first: int, last: int) -> tuple[Run, ...]:
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


def is_blank_behind(laid: list[LaidRun], place: int) -> bool:
    """Whether the cell after a run is blank."""
    run = laid[place][0]
    following = laid[place + 1][0] if place + 1 < len(laid) else None
    return following is None or following.column > run.column + run.cells or following.text.startswith(" ")
