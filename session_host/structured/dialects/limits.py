"""The limits of the user's subscription, as the agents report them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from session_host.structured.items import UsageLimit

from .reading import at, integer

KEPT: Final = 16
"""How many limits are kept, so that an agent that reports ever other ones does not fill the memory."""

MAX_NAME: Final = 60
"""The maximum length of a limit's name, in characters."""

_LATEST_S: Final = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


def merged(known: tuple[UsageLimit, ...], reported: Iterable[UsageLimit]) -> tuple[UsageLimit, ...]:
    """The known limits with newer reports; a report replaces the limit with its id."""
    limits = {limit.id: limit for limit in known} | {limit.id: limit for limit in reported}
    return tuple(limits.values())[-KEPT:]


def time_ms(value: Any, *path: str | int) -> int:
    """The time at a path, which has seconds since 1970, in milliseconds; 0 if there is none, or no possible one."""
    seconds = integer(value, *path)
    return seconds * 1000 if 0 < seconds < _LATEST_S else 0


def share(value: Any, *path: str | int) -> float | None:
    """The number at a path, not below 0; None if there is none."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return min(max(float(found), 0.0), 1e6)
