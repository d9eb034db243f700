"""The matches of a pattern in an emulator's lines, searched in parts from the newest line to the oldest."""

from __future__ import annotations

import time
from bisect import bisect_left

from gui.finding.query import Pattern
from session_host.terminal.base import Emulator
from session_host.terminal.lines import Match, TextLine

from .line_index import LineIndex

MAX_MATCHES = 20_000


def matches_in(line: TextLine, pattern: Pattern) -> list[Match]:
    """The matches in a line."""
    return [line.match(first, end) for first, end in pattern.spans(line.text)]


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
            lines = self.index.lines[-change.added :]
            self._older += [match for line in lines for match in matches_in(line, self._pattern)]
        self._search_tail()

    def _search_tail(self) -> None:
        if self._pattern is not None:
            self._tail = [match for line in self.index.tail for match in matches_in(line, self._pattern)]

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
                self._unsearched += self.index.read_older()

    def _search_older(self, end_s: float) -> None:
        found: list[list[Match]] = []
        while self._unsearched and time.monotonic() < end_s:
            self._unsearched -= 1
            if self._pattern is not None:
                found.append(matches_in(self.index.lines[self._unsearched], self._pattern))
        self._older[:0] = [match for matches in reversed(found) for match in matches]
