"""Finds a text in an emulator's history and screen, a part at a time. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from session_host.terminal.base import Emulator
from session_host.terminal.lines import MAX_ROWS, Match, joined_lines
from session_host.terminal.rows import Row

ROWS_AT_ONCE = 500


def pattern_of(text: str) -> re.Pattern[str]:
    """The pattern for a text; it is case-sensitive only if the text has a capital letter."""
    return re.compile(re.escape(text), 0 if text != text.lower() else re.IGNORECASE)


def find(emulator: Emulator, pattern: re.Pattern[str], start: tuple[int, int], by: int) -> Match | None:
    """The nearest match that begins before (``by`` < 0) or after a cell; None if there is none.

    Args:
        emulator: the emulator; its rows are numbered from the oldest of the history.
        pattern: the pattern to find; soft-wrapped rows count as one line.
        start: the cell's row and column.
        by: the direction.
    """
    history, columns = emulator.scrollback_rows, emulator.size.columns
    screen = emulator.rows()
    total = history + len(screen)

    def rows_at(first: int, end: int) -> list[Row]:
        rows = emulator.history(first, min(end, history) - first) if first < history else []
        return rows + screen[max(first - history, 0) : max(end - history, 0)]

    for first, end in _parts(start[0], total, by):
        begin = first
        # The part begins with a line's first row.
        while begin and first - begin < MAX_ROWS and rows_at(begin - 1, begin)[0].wrapped:
            begin -= 1
        rows = rows_at(begin, min(end + MAX_ROWS, total))
        matches = [
            match
            for line in joined_lines(rows, begin, columns)
            for match in (line.match(*found.span()) for found in pattern.finditer(line.text))
            if first <= match.row < end and ((match.row, match.column) < start if by < 0 else match[:2] > start)
        ]
        if matches:
            return matches[-1 if by < 0 else 0]
    return None


def _parts(row: int, total: int, by: int) -> Iterator[tuple[int, int]]:
    """Parts of the rows as (first, end), the nearest first."""
    if by < 0:
        for end in range(min(row + 1, total), 0, -ROWS_AT_ONCE):
            yield max(end - ROWS_AT_ONCE, 0), end
    else:
        for first in range(max(row, 0), total, ROWS_AT_ONCE):
            yield first, min(first + ROWS_AT_ONCE, total)
