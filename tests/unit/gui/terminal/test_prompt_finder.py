"""The user's prompts to an agent are found by a pattern, and each row of the history is read once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gui.terminal.prompts.prompts import MAX_ROWS, PromptFinder
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create
from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row

COLUMNS, ROWS, LINES = 24, 6, 100


def finder() -> PromptFinder:
    finder = PromptFinder()
    finder.pattern = lambda: r"› \S"
    return finder


@pytest.mark.parametrize("engine", available_engines())
def test_cached_rows_equal_rows_that_are_read_again(engine: Any) -> None:
    chance = random.Random(1)
    emulator = create(engine, GridSize(COLUMNS, ROWS), scrollback_lines=LINES)
    cached, seen = finder(), 0
    for number in range(300):
        what = chance.random()
        if what < 0.03:
            emulator.resize(GridSize(COLUMNS + chance.randrange(9), ROWS + chance.randrange(4)), CellSize())
        elif what < 0.05:
            emulator.feed(b"\x1b[3J")
        elif what < 0.1:
            emulator.feed(b"\x1b[2;5r\x1b[5;1H" + b"\n" * 3 + b"\x1b[r\x1b[4;1H\x1b[J")
        elif what < 0.4:
            emulator.feed(f"› question {number}\r\n\r\n".encode())
        else:
            emulator.feed((f"wrapped {'x' * (COLUMNS - 8)}› {number}\r\n" * chance.randrange(40)).encode())
        if what > 0.2:
            # The oldest row may continue a row that is gone, which a fresh reader cannot know.
            found, fresh = ([prompt for prompt in each.prompts(emulator) if prompt.row] for each in (cached, finder()))
            assert found == fresh
            seen += len(found)
    assert seen > 100
    emulator.close()


class CountingEmulator:
    """An emulator that counts the rows of its history that were read."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._emulator, name)

    def history(self, first: int, count: int) -> list[Row]:
        rows = self._emulator.history(first, count)
        self.read += len(rows)
        return rows


def test_only_the_newest_rows_of_a_long_history_are_read_and_each_once() -> None:
    emulator = create(None, GridSize(COLUMNS, ROWS), scrollback_lines=2 * MAX_ROWS)
    counting: Any = CountingEmulator(emulator)
    found = finder()
    emulator.feed(b"\xe2\x80\xba question\r\n\r\n" * MAX_ROWS)
    assert len(found.prompts(counting)) >= MAX_ROWS // 2
    assert MAX_ROWS <= counting.read < MAX_ROWS + 10
    emulator.feed(b"row\r\n" * 50)
    counting.read = 0
    found.prompts(counting)
    assert counting.read < 60
    emulator.close()
