"""A day of the chats of all machines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gui.wording.chat_texts import joined
from gui.wording.machine_texts import on_machine
from session_host.client.chats.chat_days import chat_days
from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import one_line
from session_host.standing.days import ChatDay, Span

if TYPE_CHECKING:
    from session_host.client.machine import Machine

    from .sessions import Sessions

MAX_CHATS = 500
"""The most chats of a machine that are shown."""
_TEXT_CHARACTERS = 400


class ListedDay(NamedTuple):
    """A chat's day as it is listed.

    Attributes:
        id: the chat's id in the window.
        name: its name now, with its machine; its last one if it was removed.
        project: the directory that gives it its colour.
        day: what it did, in times of this machine.
    """

    id: str
    name: str
    project: str
    day: ChatDay


class ReadDay(NamedTuple):
    """A day of all chats.

    Attributes:
        begin_s, end_s: the day, in seconds since 1970.
        now_s: the time at which it was read.
        listed: the chats that worked, waited or got a prompt on that day, in the order of the list of chats.
        problems: which machines' chats are missing, and why, a line for each.
    """

    begin_s: float
    end_s: float
    now_s: float
    listed: list[ListedDay]
    problems: list[str]


def bounds(day: date) -> tuple[float, float]:
    """The beginning and the end of a day in local time, in seconds since 1970."""
    begin, end = (datetime.combine(each, datetime.min.time()).astimezone() for each in (day, day + timedelta(days=1)))
    return begin.timestamp(), end.timestamp()


async def read_day(sessions: Sessions, day: date, machines: Sequence[Machine] = ()) -> ReadDay:
    """Read a day of the chats of these machines; without any, of all."""
    begin_s, end_s = bounds(day)
    machines = machines or [each.machine for each in sessions.machines.by_name.values()]
    answers = await asyncio.gather(*(_read(each, begin_s, end_s) for each in machines))
    found: list[ListedDay] = []
    problems: list[str] = []
    for machine, answer in zip(machines, answers, strict=True):
        if not isinstance(answer, str):
            found += [_listed(sessions, machine, each) for each in answer if _has_content(each)]
        else:
            problems.append(joined(machine.name, answer))
    order = {chat_id: number for number, chat_id in enumerate(sessions.listed.ids(with_left=True))}
    found.sort(key=lambda each: (order.get(each.id, len(order)), -each.day.end_s))
    return ReadDay(begin_s, end_s, min(time.time(), end_s), found, problems)


async def _read(machine: Machine, begin_s: float, end_s: float) -> list[ChatDay] | str:
    """The days of a machine's chats, or one line about why they cannot be read."""
    ahead_s = machine.clock_ahead.total_seconds()
    try:
        answers = await machine.try_ask(lambda: machine.call(chat_days, begin_s + ahead_s, end_s + ahead_s))
    except OutliveError as error:
        return str(error)
    if not answers:
        return machine.why_unreachable
    return [_earlier(each, ahead_s) for each in answers[0][:MAX_CHATS]]


def _has_content(day: ChatDay) -> bool:
    return bool(day.spans or day.prompts_s or day.failures)


def _listed(sessions: Sessions, machine: Machine, day: ChatDay) -> ListedDay:
    chat_id = machine.prefix + day.id
    record = sessions.chats.record(chat_id)
    name = record.entry.shown_name if record is not None else one_line(day.name)[:_TEXT_CHARACTERS]
    project = (record.origin.real_project or record.origin.cwd) if record is not None else ""
    return ListedDay(chat_id, on_machine(name, machine.name), project, day)


def _earlier(day: ChatDay, by_s: float) -> ChatDay:
    """A day by another clock, with texts that can be shown."""
    spans = tuple(
        Span(
            each.waits,
            each.begin_s - by_s,
            each.end_s - by_s,
            one_line(each.text)[:_TEXT_CHARACTERS],
            one_line(each.answer)[:_TEXT_CHARACTERS],
            one_line(each.by)[:_TEXT_CHARACTERS],
        )
        for each in day.spans
    )
    failures = tuple((at_s - by_s, one_line(text)[:_TEXT_CHARACTERS]) for at_s, text in day.failures)
    return msgspec.structs.replace(
        day,
        begin_s=day.begin_s - by_s,
        end_s=day.end_s - by_s,
        spans=spans,
        prompts_s=tuple(each - by_s for each in day.prompts_s),
        failures=failures,
    )
