"""A line is found in a list of thousands as in a short one."""

from __future__ import annotations

import time

import pytest

from gui.finding.ranking import BEST, FEW, Ranking, Texts

MEANT = [
    Texts("fix-login", "claude shop main"),
    Texts("login", "codex blog"),
    Texts("Frontend API", "shell site", "web"),
    Texts("notes about fixes", "claude thesis"),
]
OTHERS = [Texts(f"work-{number}", "shell dune") for number in range(3000)]


def titles(lines: list[Texts], typed: str, count: int = BEST) -> list[str]:
    return [lines[match.number].title for match, _ in zip(Ranking(lines).find(typed), range(count), strict=False)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("login", ["login", "fix-login"]),
        ("fl", ["fix-login"]),
        ("fapi", ["Frontend API"]),
        ("fix notes", ["notes about fixes"]),
        ("web", ["Frontend API"]),
        ("login shop", ["fix-login"]),
        ("codex", ["login"]),
        ("lgn", ["login", "fix-login"]),
        ("xyz", []),
    ],
)
def test_what_is_found_in_a_few_lines_is_found_among_thousands(typed: str, expected: list[str]) -> None:
    assert titles(MEANT, typed) == expected
    assert titles([*OTHERS, *MEANT], typed) == expected


def test_each_match_is_listed_and_equal_ones_keep_their_order() -> None:
    lines = [*MEANT, *OTHERS]
    assert len(OTHERS) > FEW
    assert titles(lines, "wor", len(lines)) == [line.title for line in OTHERS]
    assert titles(lines, "", len(lines)) == [line.title for line in lines]


def test_a_letter_finds_the_best_of_thousands_in_less_than_a_frame() -> None:
    ranking = Ranking([*MEANT, *OTHERS])

    def took_s(typed: str) -> float:
        began_s = time.thread_time()
        next(ranking.find(typed), None)
        return time.thread_time() - began_s

    for typed in ("w", "wo", "f"):
        assert min(took_s(typed) for _ in range(5)) < 0.016
