"""Chooses chats by date, agent and project. Pure."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from session_host.protocol.facts import ChatFacts


class Selection(NamedTuple):
    """Chosen chats: those that ran in a time, of an agent, of a project.

    Attributes:
        since: the chat ran on this day or later.
        until: it was started before this day.
        ended_before: it ended before this day.
        agent: its agent's name, "" for any.
        project: the directory of its project, or the last part of it; "" for any.
    """

    since: date | None = None
    until: date | None = None
    ended_before: date | None = None
    agent: str = ""
    project: str = ""

    @property
    def has_dates(self) -> bool:
        """Whether it chooses by date, and so also among ended chats."""
        return any((self.since, self.until, self.ended_before))

    def has(self, record: ChatFacts) -> bool:
        """Whether a chat is chosen."""
        ended = None if record.is_asleep else _local_date(record.outcome.ended_at)
        return (
            (self.since is None or ended is None or ended >= self.since)
            and (self.until is None or (_local_date(record.origin.created_at) or date.max) < self.until)
            and (self.ended_before is None or (ended is not None and ended < self.ended_before))
            and self.agent in {"", record.origin.agent}
            and self.project in {"", record.origin.project, PurePath(record.origin.project).name}
        )


def _local_date(moment: str | None) -> date | None:
    found = parse_time(moment)
    try:
        return found.astimezone().date() if found is not None else None
    except OverflowError:
        return None  # No calendar has it in this time zone.


_UNITS = {"d": 1, "day": 1, "w": 7, "week": 7, "m": 30, "month": 30, "y": 365, "year": 365}
_AGE = r"(\d{1,4}) ?(d|w|m|y|days?|weeks?|months?|years?)(?: ago)?"
_NUMBERS = r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?"
_MONTHS = {
    name.lower()[:length]: number for number, name in enumerate(calendar.month_name) for length in (3, 9) if name
}
_WEEKDAYS = {name.lower()[:length]: number for number, name in enumerate(calendar.day_name) for length in (3, 9)}


class Period(NamedTuple):
    """Some days: the first one, and the one after the last."""

    first: date
    end: date


def period(text: str, today: date) -> Period | None:
    """The days that a text names; None if it names none.

    A month or weekday without a year is the latest one that has begun. An age ("90d") is the day that long ago.
    """
    text = " ".join(text.lower().split())
    try:
        return _named(text, today) or _numbered(text) or _aged(text, today) or _month(text, today)
    except (ValueError, OverflowError):
        return None  # There is no such day.


def _named(text: str, today: date) -> Period | None:
    week, month = today - timedelta(today.weekday()), today.replace(day=1)
    year = month.replace(month=1)
    begins = {
        "today": today,
        "yesterday": today - timedelta(1),
        "this week": week,
        "last week": week - timedelta(7),
        "this month": month,
        "last month": (month - timedelta(1)).replace(day=1),
        "this year": year,
        "last year": year.replace(year=year.year - 1),
    }
    first = begins.get(text)
    if first is None:
        number = _WEEKDAYS.get(text)
        return _days(today - timedelta((today.weekday() - number) % 7)) if number is not None else None
    ends = {"week": first + timedelta(7), "month": _next_month(first), "year": first.replace(year=first.year + 1)}
    return Period(first, ends.get(text.rpartition(" ")[2], first + timedelta(1)))


def _numbered(text: str) -> Period | None:
    if (found := re.fullmatch(_NUMBERS, text)) is None:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if day:
        return _days(date(year, month, day))
    if month:
        return Period(date(year, month, 1), _next_month(date(year, month, 1)))
    return Period(date(year, 1, 1), date(year + 1, 1, 1))


def _aged(text: str, today: date) -> Period | None:
    if (found := re.fullmatch(_AGE, text)) is None:
        return None
    unit = found[2] if len(found[2]) == 1 else found[2].rstrip("s")
    return _days(today - timedelta(int(found[1]) * _UNITS[unit]))


def _month(text: str, today: date) -> Period | None:
    name, _, year = text.partition(" ")
    if (number := _MONTHS.get(name)) is None or (year and not re.fullmatch(r"\d{4}", year)):
        return None
    first = date(int(year or today.year), number, 1)
    if not year and first > today:
        first = first.replace(year=first.year - 1)
    return Period(first, _next_month(first))


def _days(first: date) -> Period:
    return Period(first, first + timedelta(1))


def _next_month(first: date) -> date:
    return (first + timedelta(31)).replace(day=1)
