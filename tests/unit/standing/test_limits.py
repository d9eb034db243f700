"""The limits of a subscription: their names, numbers and ends."""

from __future__ import annotations

import math

import pytest

from session_host.protocol.events import Limit
from session_host.standing.limits import are_same, is_over, limit_name, used_percent


@pytest.mark.parametrize(
    ("minutes", "part", "name"),
    [
        (300, "", "5-hour limit"),
        (10_080, "Opus", "Weekly limit (Opus)"),
        (43_200, "", "Monthly limit"),
        (2 * 1440, "", "2-day limit"),
        (90, "", "90-minute limit"),
        (0, "two\nlines", "Usage limit (two lines)"),
    ],
)
def test_a_limit_has_the_name_of_its_time_and_of_what_it_is_for(minutes: int, part: str, name: str) -> None:
    assert limit_name(minutes, part) == name


def test_a_limit_is_full_only_when_it_is_reached() -> None:
    assert [used_percent(each) for each in (0.0, 0.29, 0.9999, 1.0, 1.2, math.inf)] == [0, 29, 99, 100, 120, 0]


def test_a_limit_is_over_at_its_reset_or_after_its_time() -> None:
    assert not is_over(999, resets_ms=1000)
    assert is_over(1000, resets_ms=1000)
    assert not is_over(59_999, resets_ms=0, reported_ms=0, window_min=1)
    assert is_over(60_000, resets_ms=0, reported_ms=0, window_min=1)
    assert not is_over(10**15, resets_ms=0), "nothing is known"


def test_two_reports_are_the_same_in_whole_percent_and_minutes() -> None:
    def limit(used: float, resets_at: str = "2026-01-02T18:00:00Z") -> list[Limit]:
        return [Limit("five_hour", used, 300, resets_at)]

    assert are_same(limit(0.621), limit(0.628, "2026-01-02T18:00:30Z"))
    assert not are_same(limit(0.621), limit(0.631))
    assert not are_same(limit(0.621), limit(0.621, "2026-01-02T23:00:00Z"))
    assert not are_same(limit(0.621), limit(0.621, ""))
    assert not are_same(limit(0.621), [*limit(0.621), Limit("seven_day", 0.1)])
