"""Durations in words."""

from __future__ import annotations

import pytest

from session_host.protocol.shown_duration import exact_duration, told_duration


@pytest.mark.parametrize(
    ("ms", "text", "whole"),
    [
        (-1, "0 ms", "0 s"),
        (340, "340 ms", "0 s"),
        (1_234, "1.2 s", "1 s"),
        (9_999, "9.9 s", "9 s"),
        (12_900, "12 s", "12 s"),
        (60_000, "1 min", "1 min"),
        (125_400, "2 min 5 s", "2 min 5 s"),
        (3_599_999, "59 min 59 s", "59 min 59 s"),
        (12_000_000, "3 h 20 min", "3 h 20 min"),
        (187_200_000, "2 d 4 h", "2 d 4 h"),
    ],
)
def test_a_measured_duration_has_two_units(ms: int, text: str, whole: str) -> None:
    assert (exact_duration(ms), exact_duration(ms, is_whole=True)) == (text, whole)


def test_what_took_no_time_is_not_told() -> None:
    assert (told_duration(99), told_duration(100)) == ("", "100 ms")
