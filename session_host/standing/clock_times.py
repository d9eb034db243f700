"""Times that clocks show: the next 15:00 in a zone, and a time in words. Pure.

A zone has days on which a clock time comes twice or never. Who asks decides what that means: a user's wish takes the
first one or is refused, a limit's reset is unknown.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

_WEEK_DAYS: Final = 7


def next_times(clock: time, zone: tzinfo, after: datetime) -> tuple[datetime, ...]:
    """The moments of the next day on which clocks show a time that is not over.

    Args:
        clock: the time that clocks show.
        zone: the zone in which they show it.
        after: the moment after which it is, with a zone.

    Returns:
        The moments in UTC: one; none if that day lacks the time; two if it has the time twice, of which the first may
        be over.
    """
    here = after.astimezone(zone)
    for days in range(3):
        wanted = datetime.combine(here.date() + timedelta(days=days), clock)
        moments = _moments(wanted, zone)
        if any(moment > after for moment in moments) or (not moments and wanted > here.replace(tzinfo=None)):
            return moments
    return ()


def _moments(wanted: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """The moments at which clocks in a zone show this date and time, in order."""
    both = {wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(each for each in both if each.astimezone(zone).replace(tzinfo=None) == wanted))


def told_time(moment: datetime, now: datetime) -> str:
    """A time in the zone of this machine: "15:00", within a week "Sat 15:00", else "2026-05-02 15:00"."""
    local, today = moment.astimezone(), now.astimezone().date()
    days = abs((local.date() - today).days)
    form = "%H:%M" if not days else "%a %H:%M" if days < _WEEK_DAYS else "%Y-%m-%d %H:%M"
    return local.strftime(form)
