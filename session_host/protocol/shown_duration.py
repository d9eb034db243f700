"""A measured duration in words, the same in window, page and commands. Pure."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
"""Units in seconds, each with the next smaller one."""

_SHORTEST_MS: Final = 100
_TENTHS_S: Final = 10
"""A longer duration has no tenths of seconds."""


def exact_duration(ms: int, *, is_whole: bool = False) -> str:
    """A duration in its two largest units: "340 ms", "1.2 s", "12 s", "2 min 5 s", "3 h 20 min", "2 d 4 h".

    Args:
        ms: the duration in milliseconds.
        is_whole: whether it is told in whole seconds, as that of something that goes on.
    """
    ms = max(ms, 0)
    seconds = ms // 1000
    for large_s, large, small_s, small in _UNITS:
        if seconds >= large_s:
            rest = seconds % large_s // small_s
            return f"{seconds // large_s} {large}" + (f" {rest} {small}" if rest else "")
    if is_whole or seconds >= _TENTHS_S:
        return f"{seconds} s"
    return f"{ms // 100 / 10} s" if seconds else f"{ms} ms"


def told_duration(ms: int) -> str:
    """The duration of a turn or a tool, as ``exact_duration``; "" if it is unknown, or too short to be of interest."""
    return exact_duration(ms) if ms >= _SHORTEST_MS else ""
