"""Numbers that cannot be true are not known."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

import pytest

from session_host.protocol.untrusted_numbers import exit_code, money, time_ms, tokens, tokens_in_all

_OTHERS: Final[tuple[object, ...]] = (
    None,
    True,
    "12",
    [],
    -1,
    -(2**63),
    2**63,
    2**64,
    10**400,
    1e308,
    -1e308,
    math.inf,
    -math.inf,
    math.nan,
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("value", _OTHERS, ids=lambda value: f"{value}"[:20])
def test_what_cannot_be_true_is_no_number(value: object) -> None:
    assert (tokens(value), money(value), time_ms(value), time_ms(value, 1000)) == (None, None, None, None)
    assert exit_code(value) == (-1 if value == -1 else None)


def test_numbers_are_taken_to_their_bounds() -> None:
    assert [tokens(each) for each in (0, 10**12, 10**12 + 1, 1.0)] == [0, 10**12, None, None]
    assert [money(each) for each in (0, 0.1, 10**9, 1e9 + 1)] == [0.0, 0.1, 1e9, None]
    assert (tokens(3 * 10**12, 3), money(3e9, 3), tokens(3 * 10**12, 2), money(3e9, 2)) == (3 * 10**12, 3e9, None, None)
    assert [exit_code(each) for each in (0, 255, -9, 2**31)] == [0, 255, -9, None]


def test_a_time_is_of_these_centuries() -> None:
    assert (time_ms(NOON, 1000), time_ms(NOON * 1000), time_ms(round(NOON), 1000)) == (round(NOON * 1000),) * 3
    days = [datetime(year, month, day, tzinfo=UTC) for year, month, day in [(1999, 12, 31), (2000, 1, 1), (2200, 1, 1)]]
    assert [time_ms(each.timestamp(), 1000) is not None for each in days] == [False, True, False]


def test_sums_of_tokens_are_numbers_of_64_bits() -> None:
    assert tokens_in_all(1, 2, 3) == 6
    assert 3 * tokens_in_all(10**18, 10**18) < 2**63
