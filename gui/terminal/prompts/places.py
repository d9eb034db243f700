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

from session_host.terminal.base import Emulator
from session_host.terminal.prompts import Prompt, TurnPlace

from .output import rows_between

_ROWS_AT_MARK: Final = (9, 2)
"""The rows in which the user's prompt begins: up to 9 above the mark of an agent's turn, and 2 from the mark on."""

_ROWS_OF_PROMPT: Final = (0, 4)
"""As above, if the prompt's row is known; four rows tell it from others, also in a narrow window."""


class PromptPlaces:
    """Finds the prompts of one view's emulator.

    Attributes:
        pattern: returns the pattern (re.match) of the rows that begin a user's prompt to the agent; "" for none.
    """

    def __init__(self) -> None:
        self.pattern: Callable[[], str] = str

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
        rows, end = _prompt_rows(emulator, re.compile(pattern))
        return [Prompt(row, None, next_row, turn=True) for row, next_row in pairwise([*rows, end])]

    def turn_at(self, emulator: Emulator, row: int) -> TurnPlace | None:
        """The agent's turn that a row belongs to; None for none."""
        turns = [prompt.row for prompt in self.prompts(emulator) if prompt.turn]
        above = [turn for turn in turns if turn <= row]
        if not above:
            return None
        before, after = _ROWS_OF_PROMPT if self.by_text else _ROWS_AT_MARK
        rows = rows_between(emulator, max(above[-1] - before, 0), above[-1] + after)
        return TurnPlace(len(turns) - len(above), "\n".join(line.text() for line in rows))


def _prompt_rows(emulator: Emulator, pattern: re.Pattern[str]) -> tuple[list[int], int]:
    """The rows of the prompts, and that of the input line or the cursor."""
    rows = rows_between(emulator, 0, emulator.scrollback_rows + emulator.size.rows)
    texts = [row.text() for row in rows]
    cursor = emulator.scrollback_rows + emulator.cursor.row
    end = _input_row(texts, cursor, pattern)
    found = [
        number
        for number, text in enumerate(texts)
        if pattern.match(text) and number != end and not (number and rows[number - 1].wrapped)
    ]
    return found, max(end, found[-1] + 1) if found else end


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
