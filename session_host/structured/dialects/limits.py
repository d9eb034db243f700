"""The limits of the user's subscription, as the agents report them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from session_host.protocol.turns import TurnFacts
from session_host.structured.items import UsageLimit
from session_host.structured.turns import time_text

from .reading import integer, mapping, number, one_line, text, time_ms

KEPT: Final = 16
"""How many limits are kept, so that an agent that reports ever other ones does not fill the memory."""

_MAX_NAME: Final = 60
"""The maximum length of a limit's name, in characters."""

_SECOND_MS: Final = 1000
_LONGEST_WINDOW_MIN: Final = 10 * 366 * 24 * 60


def merged(known: tuple[UsageLimit, ...], reported: Iterable[UsageLimit]) -> tuple[UsageLimit, ...]:
    """The known limits with newer reports; a report replaces the limit with its id."""
    limits = {limit.id: limit for limit in known} | {limit.id: limit for limit in reported}
    return tuple(limits.values())[-KEPT:]


def reset_ms(value: Any, *path: str | int) -> int:
    """The time at a path, which has seconds since 1970, in milliseconds; 0 if there is none, or no possible one."""
    return time_ms(value, *path, unit_ms=_SECOND_MS)


def share(value: Any, *path: str | int) -> float | None:
    """The number at a path, not below 0; None if there is none."""
    found = number(value, *path)
    return None if found is None else min(max(found, 0.0), 1e6)


def stopped_by_limit(resets_ms: int) -> TurnFacts:
    """What is known of a turn that a limit stopped; ``resets_ms`` is 0 if the agent does not say when it is reset."""
    return TurnFacts(outcome="limit", resets_at=time_text(resets_ms))


# ---------------------------------------------------------------- Claude Code

LIMIT_OF_CLAUDE: Final = "rate_limit"
"""The "error" of the assistant message that a limit causes, in versions 2.1.197 and 2.1.329."""


_WINDOWS_MIN: Final = {"five_hour": 5 * 60, "seven_day": 7 * 24 * 60}
"""Windows of time in minutes, by the beginning of a limit's name; the rest names what is limited."""


def claude_limits(known: tuple[UsageLimit, ...], message: Mapping[str, Any], now_ms: int) -> tuple[UsageLimit, ...]:
    """The known limits with those of a "rate_limit_event" message.

    Claude Code writes it if it is logged in with a subscription, and not with an API key. The message has the limit
    that counts most at present; that of version 2.1.329 also has the used share of each window of time
    ("unifiedWindows"). Version 2.1.197 has no windows, and tells a share only near the limit.
    """
    info = mapping(message, "rate_limit_info")
    windows = mapping(info, "unifiedWindows")
    reported = {name: share(window, "utilization") for name, window in windows.items()}
    resets_ms = {name: reset_ms(window, "resetsAt") for name, window in windows.items()}
    limit = text(info, "rateLimitType")
    if limit and reported.get(limit) is None:
        used = share(info, "utilization")
        reported[limit] = 1.0 if used is None and text(info, "status") == "rejected" else used
        resets_ms[limit] = reset_ms(info, "resetsAt")
    # A limit that is named without a share is not near: the share that was known is no longer true.
    known = tuple(each for each in known if each.id not in reported)
    return merged(
        known,
        [_claude_limit(name, used, resets_ms[name], now_ms) for name, used in reported.items() if used is not None],
    )


def _claude_limit(limit: str, used: float, resets_ms: int, now_ms: int) -> UsageLimit:
    beginning = next((each for each in _WINDOWS_MIN if limit.startswith(each)), "")
    name = one_line(limit.removeprefix(beginning).replace("_", " ").strip().capitalize(), _MAX_NAME)
    return UsageLimit(limit, used, _WINDOWS_MIN.get(beginning, 0), resets_ms, name, now_ms)


# ---------------------------------------------------------------- Codex

LIMIT_OF_CODEX: Final = "usageLimitExceeded"
"""The "codexErrorInfo" of the error of a turn that a limit stopped."""

_CODEX_PLAN: Final = "codex"
"""Codex's pool of use of the plan itself."""


def codex_limits_in_reply(result: dict[str, Any], now_ms: int) -> list[UsageLimit]:
    """The limits in a reply to "account/rateLimits/read"."""
    pools = mapping(result, "rateLimitsByLimitId")
    if not pools:
        return codex_limits_of_pool(mapping(result, "rateLimits"), now_ms)
    return [limit for name in sorted(pools) for limit in codex_limits_of_pool(mapping(pools, name), now_ms)]


def codex_limits_of_pool(pool: dict[str, Any], now_ms: int) -> list[UsageLimit]:
    """The limits of one pool of use: a "RateLimitSnapshot" of a reply, or of "account/rateLimits/updated".

    A pool has up to two windows of time. An update leaves out what the last answer of the model's service did not have.
    """
    pool_id = text(pool, "limitId") or _CODEX_PLAN
    name = one_line(text(pool, "limitName") or ("" if pool_id == _CODEX_PLAN else pool_id), _MAX_NAME)
    found = []
    for window in ("primary", "secondary"):
        percent = share(pool, window, "usedPercent")
        if percent is not None:
            window_min = integer(pool, window, "windowDurationMins")
            window_min = window_min if 0 <= window_min <= _LONGEST_WINDOW_MIN else 0
            resets_ms = reset_ms(pool, window, "resetsAt")
            found.append(UsageLimit(f"{pool_id}/{window}", percent / 100, window_min, resets_ms, name, now_ms))
    return found
