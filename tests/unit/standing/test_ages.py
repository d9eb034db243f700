"""Ages and durations in one unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from session_host.standing.ages import age, duration, short_age

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (90000, "1 d")]
)
def test_durations_have_one_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-60, "now"),
        (0, "now"),
        (4.9, "now"),
        (5, "5 s"),
        (59, "59 s"),
        (60, "1 m"),
        (3599, "59 m"),
        (3600, "1 h"),
        (200000, "2 d"),
    ],
)
def test_ages_in_narrow_columns_have_one_unit(seconds: float, text: str) -> None:
    assert short_age(NOW - timedelta(seconds=seconds), NOW) == text


def test_an_unknown_age_is_not_shown() -> None:
    assert short_age(None, NOW) == ""


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("2026-01-02T03:04:05.000Z", "0 s"),
        ("2026-01-02T03:03:06Z", "59 s"),
        ("2026-01-02T03:03:05Z", "1 min"),
        ("2026-01-02T00:04:05Z", "3 h"),
        ("2025-12-31T03:04:05Z", "2 d"),
        ("2026-01-02T04:00:00Z", "0 s"),
        ("yesterday", "?"),
    ],
)
def test_age(since: str, words: str) -> None:
    assert age(since, NOW) == words
