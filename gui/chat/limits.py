"""The limits of the user's subscription that count at present. Pure.

The reset of a limit deletes no values here, since the clock can be wrong and be set back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from gui.wording.chat_texts import used_percent
from session_host.structured.items import UsageChanged, UsageLimit

SHOWN_FROM_PERCENT: Final = 75
WARNS_FROM_PERCENT: Final = 90


WARNING: Final = 2
"""The level from which the user is warned."""


def now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


def current(usage: UsageChanged | None, moment: datetime) -> list[UsageLimit]:
    """The limits that were not reset since they were reported, the fullest first; of equal ones, the longest."""
    now_ms = moment.timestamp() * 1000
    limits = [] if usage is None else [limit for limit in usage.limits if _is_current(limit, now_ms)]
    return sorted(limits, key=lambda limit: (-limit.used, -limit.window_min))


def level(limits: list[UsageLimit]) -> int:
    """How the first limit is shown: 0 not at all, 1 its value, 2 as a warning, 3 as reached."""
    used = used_percent(limits[0]) if limits else 0
    return sum(used >= each for each in (SHOWN_FROM_PERCENT, WARNS_FROM_PERCENT, 100))


def _is_current(limit: UsageLimit, now_ms: float) -> bool:
    ends_ms = limit.resets_ms or (limit.at_ms + limit.window_min * 60_000 if limit.window_min else 0)
    return not ends_ms or now_ms < ends_ms
