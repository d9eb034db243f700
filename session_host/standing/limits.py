"""The limits of a subscription, as agents report them: their names, how full they are, whether they are over. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from session_host.protocol.events import Limit
from session_host.protocol.untrusted_text import one_line
from session_host.system.clock import parse_time

_HOUR_MIN, _DAY_MIN = 60, 24 * 60
SAME_RESET_S: Final = 60
"""Agents round the time of a reset."""
_NAMED: Final = {7 * _DAY_MIN: "Weekly limit", 30 * _DAY_MIN: "Monthly limit"}


def limit_name(window_min: int, part: str = "") -> str:
    """A limit's name: "5-hour limit", "Weekly limit (Opus)".

    Args:
        window_min: the time for which it counts, in minutes; 0 if unknown.
        part: the part of the use that is limited, as the agent names it; "" for all of it.
    """
    if not window_min:
        whole = "Usage limit"
    elif (named := _NAMED.get(window_min)) is not None:
        whole = named
    elif window_min % _DAY_MIN == 0:
        whole = f"{window_min // _DAY_MIN}-day limit"
    elif window_min % _HOUR_MIN == 0:
        whole = f"{window_min // _HOUR_MIN}-hour limit"
    else:
        whole = f"{window_min}-minute limit"
    return f"{whole} ({one_line(part)})" if part else whole


def used_percent(used: float) -> int:
    """A used share in percent, rounded down: 100 only if the limit is reached."""
    return int(used * 100 + 1e-6) if math.isfinite(used) else 0


def is_over(now_ms: float, resets_ms: int, reported_ms: int = 0, window_min: int = 0) -> bool:
    """Whether a limit was reset since it was reported: by its reset or, if that is not known, by its time.

    Args:
        now_ms: the present time; all times are in milliseconds since 1970.
        resets_ms: when it is reset; 0 if unknown.
        reported_ms: when the agent reported it.
        window_min: the time for which it counts, in minutes; 0 if unknown.
    """
    ends_ms = resets_ms or (reported_ms + window_min * 60_000 if window_min else 0)
    return bool(ends_ms) and now_ms >= ends_ms


def are_same(limits: Sequence[Limit], others: Sequence[Limit]) -> bool:
    """Whether two reports say the same in whole percent, and of the resets."""
    return len(limits) == len(others) and all(map(_is_same, limits, others))


def _is_same(limit: Limit, other: Limit) -> bool:
    one, two = parse_time(limit.resets_at), parse_time(other.resets_at)
    if one is None or two is None:
        return one is two and _told(limit) == _told(other)
    return abs((one - two).total_seconds()) < SAME_RESET_S and _told(limit) == _told(other)


def _told(limit: Limit) -> tuple[str, int, int, str]:
    return limit.id, used_percent(limit.used), limit.window_min, limit.name
