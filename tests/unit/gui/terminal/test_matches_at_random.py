"""What the find bar finds while output comes is what a search of all lines finds, whatever came in which order."""

from __future__ import annotations

import random

from gui.finding.query import FindQuery, Pattern
from gui.terminal.finding.marked_rows import Matches, matches_of
from session_host.protocol.values import GridSize
from session_host.terminal import create
from tests.support.fuzzing import chance, some, times

WORDS = ["slowly", "out", "a", "compute_all", "night.", "- x", "漢字", "rolled"]
QUERIES = ["out slowly", "a", "slowly", "y o", "l", "rolled a"]


def output(choose: random.Random, lines: int) -> bytes:
    """Lines of which many look as if a program had wrapped them, and some are wrapped by the terminal."""
    texts = (" ".join(some(choose, WORDS) for _ in range(choose.randrange(6))) for _ in range(lines))
    return "".join(f"{text[: some(choose, [23, 24, 60])]}\r\n" for text in texts).encode()


def test_matches_are_those_of_all_lines_also_across_rows() -> None:
    across = 0
    with chance() as choose:
        for _ in range(times(20)):
            emulator = create("ghostty", GridSize(24, 6), scrollback_lines=some(choose, [30, 2000]))
            emulator.feed(output(choose, choose.randrange(3000)))
            matches, pattern = Matches(emulator), Pattern(FindQuery(some(choose, QUERIES)))
            matches.refresh()
            matches.set_pattern(pattern)
            for _ in range(6):
                matches.search_for(some(choose, [0.0, 0.001]))
                emulator.feed(output(choose, choose.randrange(40)))
                if choose.random() < 0.7:
                    matches.refresh()
            matches.refresh()
            while not matches.is_done:
                matches.search_for(1.0)
            lines = list(matches.index.all_lines())
            # The history may have dropped a part of the line above.
            found = [match for match in matches.all if match.row >= lines[0].row]
            assert found == matches_of(lines, pattern)
            assert found == sorted(found)
            across += sum(match.row != match.last_row for match in found)
            emulator.close()
    assert across
