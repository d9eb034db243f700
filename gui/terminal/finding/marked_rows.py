"""Changes rows before they are painted: gives matches their colours, and puts labels over cells."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from PySide6.QtGui import QColor

from gui.theme.contrast import ratio
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import blend
from session_host.terminal.base import Frame
from session_host.terminal.lines import Match
from session_host.terminal.rows import RGB, Attribute, Color, Row, Run, Style

_BACKGROUND_SHARE = 0.3
_YELLOW = 3

_NOTHING = Row((), False)

_KEPT_ATTRIBUTES = int(Attribute.BOLD | Attribute.ITALIC | Attribute.STRIKE | Attribute.OVERLINE)


class MarkColors(NamedTuple):
    """The colours of a match."""

    foreground: Color
    background: Color


class Mark(NamedTuple):
    """Marked columns of a row, inclusive."""

    first: int
    last: int
    colors: MarkColors


class FrameChanger:
    """Changes the visible rows of one view; its frames leave out rows that are painted already.

    Attributes:
        plain: the visible rows as the emulator has them.
    """

    def __init__(self) -> None:
        self.plain: list[Row] = []
        self._shown: list[Row] = []

    def take(self, frame: Frame) -> None:
        """Store the rows of a frame in ``plain``."""
        if frame.full or len(self.plain) != frame.size.rows:
            self.plain = [_NOTHING] * frame.size.rows
            self._shown = [_NOTHING] * frame.size.rows
        for number, row in frame.rows.items():
            self.plain[number] = row

    def changed(self, frame: Frame, change: Callable[[int, Row], Row]) -> Frame:
        """The frame taken last, with all visible rows changed by ``change(row number in the viewport, row)``."""
        rows: dict[int, Row] = {}
        for number, plain in enumerate(self.plain):
            row = change(number, plain)
            if number in frame.rows or row != self._shown[number]:
                rows[number] = self._shown[number] = row
        return frame._replace(rows=rows)


def overwritten(row: Row, column: int, text: str, style: Style) -> Row:
    """A row with a text, of characters of one cell, over its cells from ``column`` on."""
    end = column + len(text)
    runs = [Run(column, len(text), text, style, cluster=False)]
    for run in row.runs:
        last = run.column + run.cells
        if run.cluster and run.column < end and last > column:
            continue
        if run.column < column:
            cells = min(last, column) - run.column
            runs.append(run._replace(cells=cells, text=run.text if run.cluster else run.text[:cells]))
        if last > end:
            first = max(run.column, end)
            text_after = run.text if run.cluster else run.text[first - run.column :]
            runs.append(run._replace(column=first, cells=last - first, text=text_after))
    return row._replace(runs=tuple(sorted(runs)))


def marked(row: Row, marks: list[Mark]) -> Row:
    """A row with marks; these are sorted by column and do not overlap."""
    runs: list[Run] = []
    for run in row.runs:
        runs += _split(run, marks)
    for mark in marks:
        _fill(runs, mark)
    runs.sort(key=lambda run: run.column)
    return row._replace(runs=tuple(runs))


def _split(run: Run, marks: list[Mark]) -> list[Run]:
    """A run, split at the ends of marks, with their colours."""
    end = run.column + run.cells
    touching = [mark for mark in marks if mark.first < end and mark.last >= run.column]
    if not touching:
        return [run]
    if run.cluster:
        return [run._replace(style=_style(run.style, touching[0].colors))]
    edges = {run.column, end}
    for mark in touching:
        edges |= {max(mark.first, run.column), min(mark.last + 1, end)}
    parts = []
    for begin, stop in pairwise(sorted(edges)):
        part = run._replace(column=begin, cells=stop - begin, text=run.text[begin - run.column : stop - run.column])
        colors = next((mark.colors for mark in touching if mark.first <= begin <= mark.last), None)
        parts.append(part if colors is None else part._replace(style=_style(run.style, colors)))
    return parts


def _fill(runs: list[Run], mark: Mark) -> None:
    """Add blanks where a mark covers cells without a run."""
    style = Style(foreground=mark.colors.foreground, background=mark.colors.background)
    column = mark.first
    covering = sorted(run for run in runs if run.column <= mark.last and run.column + run.cells > mark.first)
    for begin, end in [*((run.column, run.column + run.cells) for run in covering), (mark.last + 1, 0)]:
        if begin > column:
            runs.append(Run(column, begin - column, " " * (begin - column), style, False))
        column = max(column, end)


def _style(style: Style, colors: MarkColors) -> Style:
    return style._replace(
        foreground=colors.foreground,
        background=colors.background,
        attributes=style.attributes & _KEPT_ATTRIBUTES,
        underline_color=colors.foreground,
    )


def marks_of(match: Match, columns: int, colors: MarkColors) -> list[tuple[int, Mark]]:
    """The marks of a match, each with the number of its row."""
    marks = []
    for row in range(match.row, match.last_row + 1):
        first = match.column if row == match.row else 0
        last = match.last_column if row == match.last_row else columns - 1
        marks.append((row, Mark(first, last, colors)))
    return marks


def found_colors(theme: TerminalTheme) -> tuple[MarkColors, MarkColors]:
    """The colours of matches, and those of the current match."""
    yellow, page = theme.palette[_YELLOW], theme.background
    background = blend(yellow, page, _BACKGROUND_SHARE)
    on_current = max(theme.foreground, page, key=lambda color: ratio(color, yellow))
    return MarkColors(_rgb(theme.foreground), _rgb(background)), MarkColors(_rgb(on_current), _rgb(yellow))


def _rgb(color: QColor) -> int:
    return RGB | (color.rgb() & 0xFFFFFF)
