"""The history's limits: enough lines, and not many more."""

from __future__ import annotations

from itertools import count

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.ghostty.emulator import GhosttyEmulator

LINES = 10_000
LINES_AT_ONCE = 100


def rows_in_memory(emulator: GhosttyEmulator) -> int:
    return emulator._reader.history_rows()


def plain(lines: int) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(lines))


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (400, 60)])
def test_a_full_history_has_little_more_than_its_lines_in_memory(columns: int, rows: int) -> None:
    emulator = GhosttyEmulator(GridSize(columns, rows))
    for _ in range(2 * LINES // LINES_AT_ONCE):
        emulator.feed(plain(LINES_AT_ONCE))
    held = []
    for _ in range(LINES // LINES_AT_ONCE):
        emulator.feed(plain(LINES_AT_ONCE))
        held.append(rows_in_memory(emulator))
    assert min(held) >= LINES
    assert max(held) < 1.2 * LINES
    emulator.close()


@pytest.mark.parametrize("colours", [1, 10])
def test_all_lines_are_kept_when_output_becomes_colourful(colours: int) -> None:
    emulator = GhosttyEmulator(GridSize(120, 40))
    emulator.feed(plain(LINES + 2000))
    assert emulator.scrollback_rows == LINES
    number = count()
    for _ in range(2 * LINES // LINES_AT_ONCE):
        for _ in range(LINES_AT_ONCE):
            new = [(each >> 8 & 255, each & 255) for each in (next(number) for _ in range(colours))]
            emulator.feed(b"".join(b"\x1b[38;2;7;%d;%dmx" % colour for colour in new) + b"\r\n")
        assert emulator.scrollback_rows == LINES
    emulator.close()


def test_many_snapshots_do_not_shorten_the_history() -> None:
    emulator = GhosttyEmulator(GridSize(120, 40))
    emulator.feed(plain(LINES + 2000))
    for _ in range(50):
        emulator.feed(plain(LINES_AT_ONCE))
        emulator.snapshot()
        assert LINES <= rows_in_memory(emulator) < 1.2 * LINES
    emulator.close()


def test_lines_of_a_narrowed_terminal_are_whole_when_it_is_wide_again() -> None:
    wide, narrow = GridSize(120, 40), GridSize(40, 40)
    emulator = GhosttyEmulator(wide)
    emulator.feed(b"".join(b"%0119d\r\n" % number for number in range(2 * LINES)))
    emulator.resize(narrow, CellSize())
    emulator.feed(plain(300))
    emulator.snapshot()
    emulator.feed(plain(300))
    emulator.resize(wide, CellSize())
    assert emulator.scrollback_rows == LINES
    first = 2 * LINES + 600 - LINES - (wide.rows - 1)
    assert [row.text() for row in emulator.history(0, 2)] == [f"{number:0119}" for number in (first, first + 1)]
    emulator.close()
