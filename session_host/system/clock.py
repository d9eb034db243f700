"""Times in the format of all records, and the current one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_YEARS = range(2, 9999)
"""The years whose times every zone has, and that can be calculated with."""


def now() -> str:
    """The current time in ISO 8601 and UTC, with milliseconds: ``2026-01-02T03:04:05.678Z``."""
    return written(datetime.now(UTC))


def now_ms() -> int:
    """The current time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def as_text(time_s: float) -> str:
    """A time in seconds since 1970, in the format of ``now``."""
    return written(datetime.fromtimestamp(time_s, UTC))


def parse_time(text: str | None) -> datetime | None:
    """Parse an ISO 8601 time; returns None for a missing or invalid one, and near the ends of the calendar."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.year not in _YEARS:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment_of(at_ms: float) -> datetime:
    """A time in milliseconds since 1970; 1970 if no calendar has it, as when a clock was wrong."""
    try:
        found = datetime.fromtimestamp(at_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        found = None
    return found if found is not None and found.year in _YEARS else datetime.fromtimestamp(0, UTC)


def earlier(text: str, by: timedelta) -> str:
    """The time of ``text`` less ``by``, in the format of ``now``; ``text`` itself if it is no time."""
    if not by or (moment := parse_time(text)) is None:
        return text
    try:
        return written(moment.astimezone(UTC) - by)
    except OverflowError:
        return text


def written(moment: datetime) -> str:
    """A time in UTC, in the format of ``now``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
