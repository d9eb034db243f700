"""The limits in the server's reports ("account/rateLimits/updated" and the reply to "…/read"). Pure.

A report is about one pool of use, "codex" for that of the plan, and has up to two windows of time. An update leaves
out what the last answer of the model's service did not have; that stays as it was.
"""

from __future__ import annotations

from typing import Any, Final

from session_host.structured.dialects.limits import MAX_NAME, share, time_ms
from session_host.structured.dialects.reading import integer, mapping, one_line, text
from session_host.structured.items import UsageLimit

_PLAN: Final = "codex"
"""The pool of the plan itself."""


def from_reply(result: dict[str, Any], now_ms: int) -> list[UsageLimit]:
    """The limits in a reply to "account/rateLimits/read"."""
    pools = mapping(result, "rateLimitsByLimitId")
    if not pools:
        return from_pool(mapping(result, "rateLimits"), now_ms)
    return [limit for name in sorted(pools) for limit in from_pool(mapping(pools, name), now_ms)]


def from_pool(pool: dict[str, Any], now_ms: int) -> list[UsageLimit]:
    """The limits of one pool: a "RateLimitSnapshot"."""
    pool_id = text(pool, "limitId") or _PLAN
    name = one_line(text(pool, "limitName") or ("" if pool_id == _PLAN else pool_id), MAX_NAME)
    found = []
    for window in ("primary", "secondary"):
        percent = share(pool, window, "usedPercent")
        if percent is not None:
            window_min = max(integer(pool, window, "windowDurationMins"), 0)
            resets_ms = time_ms(pool, window, "resetsAt")
            found.append(UsageLimit(f"{pool_id}/{window}", percent / 100, window_min, resets_ms, name, now_ms))
    return found
