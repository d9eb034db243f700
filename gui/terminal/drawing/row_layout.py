"""The runs of a row with their looks: split if selected in part or at ligatures, joined in right-to-left text."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise

from gui.terminal.glyphs.right_to_left import LETTER, stretch
from gui.terminal.ligatures import Ligatures
from session_host.terminal.rows import PLAIN, Row, Run

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


def join_right_to_left(laid: list[LaidRun]) -> list[LaidRun]:
    """Make a cluster of each stretch of right-to-left text in one look; its picture has it in visual order."""
    text = "".join([run[2] for run, _ in laid])
    if text.isascii() or LETTER.search(text) is None:
        return laid
    parts: list[LaidRun] = []
    group: list[Run] = []
    for index, (run, look) in enumerate(laid):
        group.append(run)
        following = laid[index + 1] if index + 1 < len(laid) else None
        if following is not None and following[1] is look:
            gap = following[0].column - run.column - run.cells
            if gap == 0:
                continue
            if gap == 1 and look.background is None:
                group.append(Run(run.column + run.cells, 1, " ", run.style, cluster=False))
                continue
        parts.extend((part, look) for part in _with_stretches(tuple(group)))
        group = []
    return parts


@lru_cache(maxsize=512)
def _with_stretches(runs: tuple[Run, ...]) -> list[Run]:
    """Neighbouring runs of one look, in which each stretch of right-to-left text is one."""
    cells: list[Run] = []
    for run in runs:
        if run.cluster:
            cells.append(run)
        else:
            cells += [run._replace(column=run.column + at, cells=1, text=one) for at, one in enumerate(run.text)]
    offsets = [0]
    for cell in cells:
        offsets.append(offsets[-1] + len(cell.text))
    text = "".join([cell.text for cell in cells])
    parts: list[Run] = []
    done = 0
    for found in stretch().finditer(text):
        first, end = bisect_left(offsets, found.start()), bisect_left(offsets, found.end())
        parts += _without_stretch(cells[done:first])
        columns = cells[end - 1].column + cells[end - 1].cells - cells[first].column
        parts.append(cells[first]._replace(cells=columns, text=text[offsets[first] : offsets[end]], cluster=True))
        done = end
    return parts + _without_stretch(cells[done:])


def _without_stretch(cells: list[Run]) -> list[Run]:
    """Cells as runs again."""
    runs: list[Run] = []
    for cell in cells:
        if runs and not cell.cluster and not runs[-1].cluster:
            runs[-1] = runs[-1]._replace(cells=runs[-1].cells + 1, text=runs[-1].text + cell.text)
        else:
            runs.append(cell)
    return runs


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
