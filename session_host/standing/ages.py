"""Ages and durations in one unit, the largest that fits."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from session_host.system.clock import parse_time

NOW_S = 5
"""A younger age is not told in numbers by the window."""

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
_UNITS: Final = ((DAY_S, "d", "d"), (HOUR_S, "h", "h"), (MINUTE_S, "min", "m"))
"""Each unit's length in seconds and name, in sentences and in the window's lists."""


def duration(seconds: float) -> str:
    """A duration: "14 s", "2 min", "3 h", "5 d"."""
    return _in_one_unit(seconds)[0]


def age(since: str, now: datetime) -> str:
    """The time since then, as ``duration``; "?" if that is no time."""
    moment = parse_time(since)
    return "?" if moment is None else duration((now - moment).total_seconds())


def short_age(since: datetime | None, now: datetime) -> str:
    """The time since then, for narrow columns: "now", "14 s", "2 m", "3 h", "5 d"; "" if unknown."""
    if since is None:
        return ""
    seconds = (now - since).total_seconds()
    return "now" if seconds < NOW_S else _in_one_unit(seconds)[1]


def _in_one_unit(seconds: float) -> tuple[str, str]:
    """A number of seconds with the name of the unit, and with its short name."""
    whole = max(int(seconds), 0)
    for length_s, name, short in _UNITS:
        if whole >= length_s:
            return f"{whole // length_s} {name}", f"{whole // length_s} {short}"
    return f"{whole} s", f"{whole} s"
