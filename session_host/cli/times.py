"""Times as people read them: ages, and local times of day."""

from __future__ import annotations

from datetime import datetime

_AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def age(since: str, now: datetime) -> str:
    """An age in the largest unit: ``5 min``."""
    try:
        seconds = int((now - datetime.fromisoformat(since)).total_seconds())
    except (ValueError, TypeError):
        return "?"
    for length_s, unit in _AGES:
        if seconds >= length_s:
            return f"{seconds // length_s} {unit}"
    return "0 s"


def local_time(moment: datetime, now: datetime) -> str:
    """A local time: the time of day today, else the date and time."""
    local = moment.astimezone()
    today = local.date() == now.astimezone().date()
    return f"{local:%H:%M:%S}" if today else f"{local:%Y-%m-%d %H:%M}"
