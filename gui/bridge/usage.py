"""What the chats of all machines used, and the limits of their accounts."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gui.wording.chat_texts import joined
from session_host.client.usage import AccountLimits, counted_since_s, limits_of_accounts, read_usage
from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.usage import QUARTER_S, UsageSum
from session_host.standing.usage import day_of

from .account_limits import LimitsOn, limits_on

if TYPE_CHECKING:
    from session_host.client.machine import Machine

    from .sessions import Sessions

MAX_SUMS = 100_000
"""The most sums of another machine that are shown."""
_TEXT_CHARACTERS = 400


class ReadUsage(NamedTuple):
    """The sums of all machines, and the limits of their accounts.

    Attributes:
        sums: what each chat used on each day, by the clock here; chats have their ids in the window.
        limits: those of all accounts that say some.
        since: the day on which the first turn was counted that is still known; None for none.
        problems: which machines' chats are missing, and why, a line for each.
    """

    sums: list[UsageSum]
    limits: list[LimitsOn]
    since: date | None
    problems: list[str]


async def read_all(sessions: Sessions, since_s: float) -> ReadUsage:
    """Read what was used since a time, in seconds since 1970, and the limits, on all machines."""
    machines = [each.machine for each in list(sessions.machines.by_name.values())]
    answers = await asyncio.gather(*(_read(each, since_s) for each in machines))
    sums: list[UsageSum] = []
    limits: list[LimitsOn] = []
    since: list[float] = []
    problems: list[str] = []
    for machine, answer in zip(machines, answers, strict=True):
        if isinstance(answer, str):
            problems.append(joined(machine.name, answer))
            continue
        found, own, first_s = answer
        sums += [_shown(sessions, machine, each) for each in found]
        limits += [limits_on(machine, each) for each in own]
        since += [first_s - machine.clock_ahead.total_seconds()] if first_s is not None else []
    first = datetime.fromtimestamp(min(since)).astimezone().date() if since else None
    return ReadUsage(sums, limits, first, problems)


async def _read(machine: Machine, since_s: float) -> tuple[list[UsageSum], list[AccountLimits], int | None] | str:
    """The sums and limits of a machine, and when the first turn was counted; or why they cannot be read, one line."""
    since_s += machine.clock_ahead.total_seconds()
    try:
        sums = await machine.try_ask(lambda: machine.call(read_usage, since_s))
        first = await machine.try_ask(lambda: machine.call(counted_since_s)) if sums else []
        limits = await machine.try_ask(lambda: machine.call(limits_of_accounts)) if first else []
    except OutliveError as error:
        return str(error)
    if not limits:
        return machine.why_unreachable
    ahead = round(machine.clock_ahead.total_seconds() / QUARTER_S)
    return await asyncio.to_thread(_days_of_chats, sums[0][:MAX_SUMS], ahead), limits[0], first[0]


def _days_of_chats(sums: list[UsageSum], ahead: int) -> list[UsageSum]:
    """The sum of each chat and day by the clock here; ``ahead``: by how many quarters the sums' clock is ahead.

    A busy month has ten thousands of quarters; the window groups what is left again with each change.
    """
    days: dict[int, date] = {}
    found: dict[tuple[object, ...], UsageSum] = {}
    for each in (said.bounded() for said in sums):
        quarter = each.quarter - ahead
        if (day := days.get(quarter)) is None:
            day = days[quarter] = day_of(quarter)
        key = (each.chat, each.agent, each.account, each.project, day)
        before = found.get(key)
        found[key] = replace(each, quarter=quarter) if before is None else before + each
    return list(found.values())


def _shown(sessions: Sessions, machine: Machine, each: UsageSum) -> UsageSum:
    """A sum with the chat's id in the window, and its name here; texts can be shown."""
    chat = machine.prefix + each.chat
    name = each.name
    if name and (record := sessions.chats.record(chat)) is not None:
        name = record.entry.shown_name
    return replace(
        each,
        chat=chat,
        name=one_line(name)[:_TEXT_CHARACTERS],
        agent=one_line(each.agent)[:_TEXT_CHARACTERS],
        account=one_line(each.account)[:_TEXT_CHARACTERS],
        project=one_line(each.project)[:_TEXT_CHARACTERS],
    )
