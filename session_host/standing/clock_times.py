"""Times that clocks show: the next 15:00 in a zone, a time that a user writes, and a time in words. Pure.

A zone has days on which a clock time comes twice or never. Who asks decides what that means: a user's wish takes the
first one or is refused, a limit's reset is unknown.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum, auto
from typing import Final, NamedTuple

_WEEK_DAYS: Final = 7
_DAY_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WANTED: Final = re.compile(r"(?:(?P<day>[a-z]+|\d{4}-\d{2}-\d{2})[ t]+)?(?P<hour>\d{1,2}):(?P<minute>\d{2})")
FORMS: Final = '15:00, "tomorrow 09:00", "sat 15:00" or "2026-12-05 15:00"'
"""How a user may write a time."""
TOMORROW: Final = "tomorrow 9:00"
"""The time that is offered for what could not be sent in time."""


class WantedTime(NamedTuple):
    """A time that a user wants.

    Attributes:
        moment: it, in UTC.
        is_first_of_two: whether clocks show it again that day, since they are set back.
    """

    moment: datetime
    is_first_of_two: bool = False


def wanted_time(text: str, now: datetime, zone: tzinfo | None = None) -> WantedTime:
    """The time that a user has written, which is to come.

    Args:
        text: one of ``FORMS``, or ISO 8601 with a zone.
        now: the current time, with a zone.
        zone: the zone of who has written it; None for this machine's.

    Raises:
        ValueError: it is none, it is over, or clocks do not show it that day; one line.
    """
    words = " ".join(text.lower().split())
    if (found := _WANTED.fullmatch(words)) is None:
        return WantedTime(_with_zone(text, now))
    try:
        clock = time(int(found["hour"]), int(found["minute"]))
        day = _day(found["day"], now.astimezone(zone).date())
    except ValueError:
        raise ValueError(f"{text!r} is no time; write {FORMS}") from None
    if day is None:
        moments = next_times(clock, zone, now)
    else:
        moments = _moments(datetime.combine(day, clock), zone)
        if found["day"][0].isalpha() and moments and moments[-1] <= now and found["day"] not in {"today", "tomorrow"}:
            moments = _moments(datetime.combine(day + timedelta(days=_WEEK_DAYS), clock), zone)
    if not moments:
        raise ValueError(f"{text!r} does not exist: clocks are set forward over it that day")
    if (moment := next((each for each in moments if each > now), None)) is None:
        raise ValueError(f"{text!r} is over")
    return WantedTime(moment, is_first_of_two=moment < moments[-1])


def _with_zone(text: str, now: datetime) -> datetime:
    """A time that names its zone.

    Raises:
        ValueError: it does not, or it is over.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text!r} is no time; write {FORMS}")
    if moment <= now:
        raise ValueError(f"{text!r} is over")
    return moment.astimezone(UTC)


def _day(name: str | None, today: date) -> date | None:
    """The day that a word names: its next one, today included. None for no word.

    Raises:
        ValueError: it names none.
    """
    if name is None:
        return None
    if name in {"today", "tomorrow"}:
        return today + timedelta(days=name == "tomorrow")
    named = [number for number, each in enumerate(_DAY_NAMES) if len(name) >= 3 and each.startswith(name)]
    if named:
        return today + timedelta(days=(named[0] - today.weekday()) % _WEEK_DAYS)
    return date.fromisoformat(name)


def next_times(clock: time, zone: tzinfo | None, after: datetime) -> tuple[datetime, ...]:
    """The moments of the next day on which clocks show a time that is not over.

    Args:
        clock: the time that clocks show.
        zone: the zone in which they show it; None for this machine's.
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


def _moments(wanted: datetime, zone: tzinfo | None) -> tuple[datetime, ...]:
    """The moments at which clocks in a zone show this date and time, in order."""
    both = {wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(each for each in both if each.astimezone(zone).replace(tzinfo=None) == wanted))


class ToldDay(Enum):
    """What is told of a day beside a time, in all lists, rows, pages and commands."""

    NOTHING = auto()
    WEEKDAY = auto()
    DATE = auto()
    """With its year, if that is another one."""


def told_day(day: date, today: date) -> ToldDay:
    """Nothing of today, the weekday within a week, else the date."""
    if day == today:
        return ToldDay.NOTHING
    return ToldDay.WEEKDAY if is_within_week(day, today) else ToldDay.DATE


def is_within_week(day: date, today: date) -> bool:
    """Whether a weekday names this day alone, among the days before today or those after it."""
    return abs((day - today).days) < _WEEK_DAYS


def told_time(moment: datetime, now: datetime, *, with_date: bool = False) -> str:
    """A time in words, in the zone of this machine: "15:00", "Sat 15:00", "2 May, 15:00", "2 May 2027, 15:00".

    Args:
        moment: the time, with a zone.
        now: the current time, with a zone.
        with_date: whether another day has weekday and date, for places with room: "Sat 2 May, 15:00".
    """
    local, today = moment.astimezone(), now.astimezone().date()
    weekday, clock = f"{local:%a}", f"{local:%H:%M}"
    told = told_day(local.date(), today)
    if told is ToldDay.NOTHING:
        return clock
    if told is ToldDay.WEEKDAY and not with_date:
        return f"{weekday} {clock}"
    day = f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b} {local.year}"
    return f"{weekday} {day}, {clock}" if with_date else f"{day}, {clock}"


def whole_time(moment: datetime, zone: tzinfo | None = None) -> str:
    """A time with its day and zone, as a wish is shown back: "Sat 2026-12-05 15:00 CET"."""
    return moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z")


def typed_time(moment: datetime, now: datetime) -> str:
    """A time of this machine as a user may write it (``FORMS``): "15:00" for its next one, else with its date."""
    minute = moment.astimezone().replace(second=0, microsecond=0)
    clock = minute.strftime("%H:%M")
    is_next = next_times(minute.time(), None, now) == (minute,)
    return clock if is_next else f"{minute.date().isoformat()} {clock}"
