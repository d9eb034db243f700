"""Finds the lines of a screen that are new, or that grew out of a known one. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

REMEMBERED: Final = 512
"""How many overwritten lines are remembered, so that a screen that returns is not indexed again."""


class SeenState(msgspec.Struct, array_like=True):
    """The tracker's state between two readings: lines and their numbers."""

    shown: list[tuple[str, int]] = []
    gone: list[tuple[str, int]] = []


class LineTracker:
    """Tracks the indexed lines of one screen, primary or alternate.

    ``add(text)`` indexes a line and returns its number; ``grow(number, text)`` replaces its text by a longer one.
    """

    def __init__(self, state: SeenState, add: Callable[[str], int], grow: Callable[[int, str], None]) -> None:
        self._shown = list(state.shown)
        self._gone: OrderedDict[str, int] = OrderedDict(state.gone)
        self._add = add
        self._grow = grow

    def state(self) -> SeenState:
        """The tracker's state, for the next reading."""
        return SeenState(list(self._shown), list(self._gone.items()))

    def forget_numbers(self) -> None:
        """Keep the lines as indexed, without their numbers."""
        self._shown = [(text, 0) for text, _ in self._shown]
        self._gone = OrderedDict.fromkeys(self._gone, 0)

    def update_screen(self, lines: Sequence[str]) -> None:
        """Compare with the lines now on the screen, top to bottom, and index the new ones; blank lines are skipped."""
        lines = [line for line in lines if line.strip()]
        if [text for text, _ in self._shown] == lines:
            return
        numbers, left = self._known(lines)
        # Lines that are gone from the screen, or have changed.
        unmatched = dict(left)
        for index, text in enumerate(lines):
            if numbers[index] < 0 and (number := self._extend(text, unmatched)) >= 0:
                numbers[index] = number
        for index, text in enumerate(lines):
            if numbers[index] < 0:
                number = self._gone.pop(text, -1)
                numbers[index] = self._add(text) if number < 0 else number
        for text, number in unmatched.items():
            self._gone[text] = number
            self._gone.move_to_end(text)
        while len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)
        self._shown = list(zip(lines, numbers, strict=True))

    def scroll_off(self, lines: Sequence[str]) -> None:
        """Take these lines off the screen, in order, and index the new ones; blank lines are skipped."""
        for index, text in enumerate(lines):
            if not self._shown:
                self._add_all(lines[index:])
                return
            if text.strip():
                self._scroll_off_line(text)

    def _scroll_off_line(self, text: str) -> None:
        shown = self._shown
        for index, (previous, _) in enumerate(shown):
            if previous == text:
                # Lines scroll off in order, so the lines above this one were overwritten.
                del shown[: index + 1]
                return
        for index, (previous, number) in enumerate(shown):
            if text.startswith(previous):
                self._grow(number, text)
                del shown[: index + 1]
                return
        self._add(text)

    def _add_all(self, lines: Sequence[str]) -> None:
        for text in lines:
            if text.strip():
                self._add(text)

    def _known(self, lines: Sequence[str]) -> tuple[list[int], list[tuple[str, int]]]:
        """The number of each line that was shown before, -1 for new ones; and the shown lines that are gone."""
        indexes: dict[str, list[int]] = {}
        for text, number in reversed(self._shown):
            indexes.setdefault(text, []).append(number)
        numbers = [found.pop() if (found := indexes.get(text)) else -1 for text in lines]
        return numbers, [(text, number) for text, left in indexes.items() for number in left]

    def _extend(self, text: str, unmatched: dict[str, int]) -> int:
        """Replace the longest line that this text begins with; returns the line's number, -1 if there is none."""
        longest = max((previous for previous in unmatched if text.startswith(previous)), key=len, default="")
        if not longest:
            return -1
        number = unmatched.pop(longest)
        self._grow(number, text)
        return number
