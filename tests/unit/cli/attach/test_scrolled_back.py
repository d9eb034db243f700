from __future__ import annotations

import pytest

from session_host.cli.attach.scrolled_back import ROWS_AT_ONCE, find, pattern_of
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.lines import Match


@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
def test_the_nearest_match_above_or_below_is_found_in_a_long_history(engine: str) -> None:
    emulator = create(engine, GridSize(20, 4))  # type: ignore[arg-type]
    wrapped = "x" * 15 + "Needle"
    rows = [wrapped if number in {3, ROWS_AT_ONCE - 1} else f"row {number}" for number in range(ROWS_AT_ONCE * 2)]
    emulator.feed("\r\n".join(rows).encode())
    # Each wrapped line takes one more row.
    first, second = Match(3, 15, 4, 0), Match(ROWS_AT_ONCE, 15, ROWS_AT_ONCE + 1, 0)
    needle = pattern_of("needle")
    total = emulator.scrollback_rows + 4
    assert find(emulator, needle, (total, 0), -1) == second
    assert find(emulator, needle, second[:2], -1) == first
    assert find(emulator, needle, first[:2], -1) is None
    assert find(emulator, needle, first[:2], 1) == second
    assert find(emulator, needle, second[:2], 1) is None
    assert find(emulator, pattern_of("nEEDLE"), (total, 0), -1) is None
    last = find(emulator, pattern_of(f"row {ROWS_AT_ONCE * 2 - 1}"), (0, 0), 1)
    assert last is not None
    assert last.row == total - 1
    emulator.close()
