"""The rows of a terminal at which prompts begin: a shell marks them, an agent's are known by their text.

An agent redraws its rows, reports the beginning of a turn early, late or never, and moves the cursor as it likes. The
only thing that lasts is what it writes before each prompt of its user (``Watch.user_prompt``). Without such a pattern,
the marks count that hosts and viewers make when a turn begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from gui.terminal.finding.line_search import RowNumbers
from session_host.terminal.base import Emulator
from session_host.terminal.prompts import Prompt, TurnPosition
from session_host.terminal.rows import Row

from .command_line import rows_between

MAX_ROWS: Final = 50_000
"""How many rows of a long history are read at first, the newest ones; 10,000 take 70 ms."""

_ROWS_AT_MARK: Final = (9, 2)
"""The rows in which the user's prompt begins: up to 9 above the mark of an agent's turn, and 2 from the mark on."""

_ROWS_OF_PROMPT: Final = (0, 4)
"""As above, if the prompt's row is known; four rows tell it from others, also in a narrow window."""


class PromptFinder:
    """Finds the prompts of one view's emulator.

    Attributes:
        pattern: returns the pattern (re.match) of the rows that begin a user's prompt to the agent; "" for none.
    """

    def __init__(self) -> None:
        self.pattern: Callable[[], str] = str
        self._history: _HistoryRows | None = None

    @property
    def by_text(self) -> bool:
        """Whether prompts are found by their text, so that each is at its exact row."""
        return bool(self.pattern())

    def prompts(self, emulator: Emulator) -> list[Prompt]:
        """All prompts of the main screen and its history, oldest first; one found by its text ends before the next."""
        pattern = self.pattern()
        if not pattern:
            return emulator.prompts()
        if emulator.modes.alternate_screen:
            return []
        history = self._history
        if history is None or not history.is_of(emulator, pattern) or not history.read_on():
            history = self._history = _HistoryRows(emulator, pattern)
        rows, end = _screen_rows(emulator, history.pattern)
        return [Prompt(row, None, next_row, turn=True) for row, next_row in pairwise([*history.rows(), *rows, end])]

    def turn_at(self, emulator: Emulator, row: int) -> TurnPosition | None:
        """The agent's turn that a row belongs to; None for none."""
        turns = [prompt.row for prompt in self.prompts(emulator) if prompt.turn]
        above = [turn for turn in turns if turn <= row]
        if not above:
            return None
        before, after = _ROWS_OF_PROMPT if self.by_text else _ROWS_AT_MARK
        rows = rows_between(emulator, max(above[-1] - before, 0), above[-1] + after)
        return TurnPosition(len(turns) - len(above), "\n".join(line.text() for line in rows))


class _HistoryRows:
    """The rows of one emulator's history that match a pattern; each row is read once, since it does not change."""

    def __init__(self, emulator: Emulator, pattern: str) -> None:
        self.pattern = re.compile(pattern)
        self._emulator = emulator
        self._numbers = RowNumbers(emulator)
        self._found: list[int] = []
        history = emulator.scrollback_rows
        self._end = max(history - MAX_ROWS, 0)
        self._read(history)

    def is_of(self, emulator: Emulator, pattern: str) -> bool:
        """Whether these are the rows of this emulator that match this pattern."""
        return self._emulator is emulator and self.pattern.pattern == pattern

    def read_on(self) -> bool:
        """Read the rows that came; False if the rows were renumbered, so that all must be read again."""
        dropped = self._numbers.dropped_now()
        if dropped is None:
            return False
        self._numbers.dropped = dropped
        self._found = [row for row in self._found if row >= dropped]
        self._end = max(self._end, dropped)
        self._read(dropped + self._emulator.scrollback_rows)
        return True

    def _read(self, end: int) -> None:
        dropped = self._numbers.dropped
        if end > self._end:
            first = max(self._end - 1, dropped)
            rows = self._emulator.history(first - dropped, end - first)
            self._found += [first + row for row in _matching(rows, self.pattern) if first + row >= self._end]
            self._end = end
        if end > dropped:
            self._numbers.mark(end - 1)

    def rows(self) -> list[int]:
        """The rows, counted from the oldest of the history."""
        return [row - self._numbers.dropped for row in self._found]


def _screen_rows(emulator: Emulator, pattern: re.Pattern[str]) -> tuple[list[int], int]:
    """The prompts on the screen, and the row of the input line or the cursor, counted from the oldest row."""
    history = emulator.scrollback_rows
    before = emulator.history(history - 1, 1) if history else []
    rows = [*before, *emulator.rows()]
    first = history - len(before)
    typed = first + _input_row([row.text() for row in rows], len(before) + emulator.cursor.row, pattern)
    found = [first + row for row in _matching(rows, pattern) if row >= len(before) and first + row != typed]
    return found, max(typed, found[-1] + 1) if found else typed


def _matching(rows: list[Row], pattern: re.Pattern[str]) -> list[int]:
    """The rows that match and are not the continuation of the row before."""
    return [
        number
        for number, row in enumerate(rows)
        if pattern.match(row.text()) and not (number and rows[number - 1].wrapped)
    ]


def _input_row(texts: list[str], cursor: int, pattern: re.Pattern[str]) -> int:
    """The row of the agent's input line, which may look like a prompt: no blank row is between it and the cursor.

    If it does not look like one, the row of the cursor.
    """
    row = cursor
    while row >= 0 and texts[row].strip():
        if pattern.match(texts[row]):
            return row
        row -= 1
    return cursor
