"""The limits in a "rate_limit_event" message. Pure.

Claude Code writes it if it is logged in with a subscription, and not with an API key. The message has the limit that
counts most at present; that of version 2.1.329 also has the used share of each window of time ("unifiedWindows").
Version 2.1.197 has no windows, and tells a share only near the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from session_host.structured.dialects.limits import MAX_NAME, merged, share, time_ms
from session_host.structured.dialects.reading import mapping, one_line, text
from session_host.structured.items import UsageLimit

_WINDOWS_MIN: Final = {"five_hour": 5 * 60, "seven_day": 7 * 24 * 60}
"""Windows of time in minutes, by the beginning of a limit's name; the rest names what is limited."""


def read(known: tuple[UsageLimit, ...], message: Mapping[str, Any], now_ms: int) -> tuple[UsageLimit, ...]:
    """The known limits with those of a message."""
    info = mapping(message, "rate_limit_info")
    windows = mapping(info, "unifiedWindows")
    reported = {name: share(window, "utilization") for name, window in windows.items()}
    resets_ms = {name: time_ms(window, "resetsAt") for name, window in windows.items()}
    limit = text(info, "rateLimitType")
    if limit and reported.get(limit) is None:
        used = share(info, "utilization")
        reported[limit] = 1.0 if used is None and text(info, "status") == "rejected" else used
        resets_ms[limit] = time_ms(info, "resetsAt")
    # A limit that is named without a share is not near: the share that was known is no longer true.
    known = tuple(each for each in known if each.id not in reported)
    return merged(
        known,
        [_limit(name, used, resets_ms[name], now_ms) for name, used in reported.items() if used is not None],
    )


def _limit(limit: str, used: float, resets_ms: int, now_ms: int) -> UsageLimit:
    beginning = next((each for each in _WINDOWS_MIN if limit.startswith(each)), "")
    name = one_line(limit.removeprefix(beginning).replace("_", " ").strip().capitalize(), MAX_NAME)
    return UsageLimit(limit, used, _WINDOWS_MIN.get(beginning, 0), resets_ms, name, now_ms)
