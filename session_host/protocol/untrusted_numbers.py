"""Numbers that agents say, bounded where they enter. Pure.

One that cannot be true is not known. It loses itself, never its line: the types of records take anything in its place.
"""

from __future__ import annotations

from typing import Any, Final

Said = Any
"""The type of a number's field in an agent's record, which may hold anything: one of these functions reads it."""

MOST_TOKENS: Final = 10**12
"""The most tokens of one report, or of one turn."""
MOST_TOKENS_IN_ALL: Final = 10**18
"""The largest sum of tokens: three such sums fit into 64 bits."""
MOST_MONEY: Final = 1e9
_FIRST_MS: Final = 946_684_800_000
"""The beginning of 2000, in UTC."""
_END_MS: Final = 7_258_118_400_000
"""The beginning of 2200, in UTC."""
_LARGEST_EXIT_CODE: Final = 2**31 - 1


def tokens(value: object, reports: int = 1) -> int | None:
    """A number of tokens; None if it is none.

    Args:
        value: what the agent said.
        reports: how many reports or turns it is the sum of.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS * reports:
        return value
    return None


def tokens_in_all(*counts: int) -> int:
    """The sum of numbers of tokens."""
    return min(sum(counts), MOST_TOKENS_IN_ALL)


def money(value: object, reports: int = 1) -> float | None:
    """An amount of money; None if it is none. The arguments are those of ``tokens``."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST_MONEY * reports:
        return float(value)
    return None


def time_ms(value: object, unit_ms: int = 1) -> int | None:
    """A time from 2000 to 2199, in milliseconds since 1970; None if it is none.

    Args:
        value: what the agent said: a number of units since 1970.
        unit_ms: the unit in milliseconds.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and _FIRST_MS <= value * unit_ms < _END_MS:
        return round(value * unit_ms)
    return None


def exit_code(value: object) -> int | None:
    """The exit code of a command; None if it is none."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_EXIT_CODE:
        return value
    return None
