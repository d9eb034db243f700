"""Changes rows before they are painted: gives matches their colours, and puts labels over cells."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from PySide6.QtGui import QColor

from gui.finding.query import Pattern
from gui.theme.contrast import ratio
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import blend
from session_host.storage.search.lines import BORDERS, ends_between
from session_host.terminal.base import Emulator, Frame
from session_host.terminal.lines import Match, TextLine
from session_host.terminal.rows import RGB, Attribute, Color, Row, Run, Style

from .line_search import LineIndex

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


MAX_MATCHES = 20_000


def matches_in(line: TextLine, pattern: Pattern) -> list[Match]:
    """The matches in a line."""
    return [line.match(first, end) for first, end in pattern.spans(line.text)]


def matches_across(line: TextLine, below: TextLine, pattern: Pattern) -> list[Match]:
    """The match that begins in a line and ends in the next one, if an agent has wrapped there by itself.

    One that overlaps a match within a line is left out.
    """
    if below.row != line.row + line.rows:
        return []
    head, tail = line.text.rstrip(BORDERS), below.text.lstrip(BORDERS)
    indent = len(below.text) - len(tail)
    for between in ends_between(line.text, below.text, line.columns):
        after = len(head) + len(between)
        for first, end in pattern.spans(f"{head}{between}{tail}"):
            if first < len(head) and end > after:
                last = indent + end - after
                is_free = all(stop <= first for _, stop in pattern.spans(line.text)) and all(
                    begin >= last for begin, _ in pattern.spans(below.text)
                )
                begin, stop = line.match(first, first + 1), below.match(last - 1, last)
                return [Match(begin.row, begin.column, stop.last_row, stop.last_column)] if is_free else []
    return []


def matches_of(lines: Sequence[TextLine], pattern: Pattern) -> list[Match]:
    """The matches in successive lines, in order; also those that begin in one and end in the next."""
    found = matches_in(lines[0], pattern) if lines else []
    for line, below in pairwise(lines):
        found += matches_across(line, below, pattern)
        found += matches_in(below, pattern)
    return found


class Matches:
    """The matches found so far.

    Attributes:
        emulator: the emulator.
        index: its lines.
        renumberings: how often the rows were renumbered, by a resize or a change of screens.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.index = LineIndex(emulator)
        self.renumberings = 0
        self._pattern: Pattern | None = None
        self._older: list[Match] = []
        self._tail: list[Match] = []
        self._unsearched = 0
        """The number of the index's oldest lines that have not been searched yet."""

    def set_pattern(self, pattern: Pattern) -> None:
        """Search for another pattern."""
        self._pattern = pattern
        self._forget()
        self._search_tail()

    def _forget(self) -> None:
        self._older, self._tail = [], []
        self._unsearched = len(self.index.lines)

    @property
    def is_done(self) -> bool:
        """Whether all lines have been searched."""
        return self.is_cut or (not self._unsearched and self.index.is_complete and not self.index.is_behind)

    @property
    def is_cut(self) -> bool:
        """Whether the search stopped because there are too many matches."""
        return len(self._older) >= MAX_MATCHES

    @property
    def all(self) -> list[Match]:
        """The matches, from the oldest line."""
        return self._older + self._tail

    def __len__(self) -> int:
        return len(self._older) + len(self._tail)

    def number_of(self, match: Match) -> int | None:
        """The index of a match in ``all``; None if it is not there."""
        known = self.all
        index = bisect_left(known, match)
        return index if index < len(known) and known[index][:2] == match[:2] else None

    def refresh(self) -> None:
        """Update the matches after output."""
        change = self.index.refresh()
        if change.is_new:
            self.renumberings += 1
            self._forget()
        elif change.dropped:
            del self._older[: bisect_left(self._older, (self.index.dropped,))]
            self._unsearched = max(self._unsearched - change.dropped, 0)
        if change.added and self._pattern is not None:
            lines = self.index.lines[-change.added - 1 :]
            if len(lines) > change.added and len(self.index.lines) - change.added > self._unsearched:
                self._older += matches_across(lines[0], lines[1], self._pattern)
            self._older += matches_of(lines[-change.added :], self._pattern)
        self._search_tail()

    def _search_tail(self) -> None:
        if self._pattern is not None:
            self._tail = matches_of(self.index.tail, self._pattern)
            if self.index.lines and self.index.tail:
                self._tail[:0] = matches_across(self.index.lines[-1], self.index.tail[0], self._pattern)

    def search_for(self, budget_s: float) -> None:
        """Search for this time, or until all lines are searched."""
        end_s = time.monotonic() + budget_s
        if self.index.dropped_now() != self.index.dropped:
            self.refresh()
        while not self.is_done and time.monotonic() < end_s:
            if self.index.is_behind:
                self.refresh()
            elif self._unsearched:
                self._search_older(end_s)
            else:
                had_lines = bool(self.index.lines)
                self._unsearched += self.index.read_older()
                if not had_lines:
                    self._search_tail()  # There is a line above it now.

    def _search_older(self, end_s: float) -> None:
        found: list[list[Match]] = []
        while self._unsearched and time.monotonic() < end_s:
            self._unsearched -= 1
            if self._pattern is not None:
                line, *below = self.index.lines[self._unsearched : self._unsearched + 2]
                across = matches_across(line, below[0], self._pattern) if below else []
                found.append(matches_in(line, self._pattern) + across)
        self._older[:0] = [match for matches in reversed(found) for match in matches]
