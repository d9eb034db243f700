"""Arranges chats for the sidebar: by state, by project or by machine; ended ones by the day of their end.

Pinned chats are above the others; but by state, those that need the user come first, pinned or not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from gui.bridge.chat import Chat
from gui.bridge.ended_list import EndedChats, EndedRecord
from gui.wording import machine_texts, window_texts
from gui.wording.chat_texts import joined
from session_host.protocol.untrusted_text import one_line
from session_host.standing.groups import OVER, Group
from session_host.system.clock import parse_time

DAYS = 14
"""Chats that ended in the last days are grouped by day."""

MANY = 50
"""More chats than these that ended before are grouped by month, and the months are folded at first."""

Grouping = Literal["state", "project", "machine"]

PINNED = "pinned"
"""The key of the part with the pinned chats, in the window's saved layout, too."""


class Part(Struct, frozen=True):
    """Chats below one heading.

    Attributes:
        key: the part's name in the saved layout: a group's value, "pinned", "project" with a path, or "machine" with a
            name.
        title: the heading's text.
        group: the group of all its chats; None if they are in several.
        chats: the chats, in the order in which they are shown.
        project: the name of the project of all its chats; "" if they are not grouped by it.
        machine: the name of the machine of all its chats; None if they are not grouped by it.
    """

    key: str
    title: str
    group: Group | None
    chats: Sequence[Chat]
    project: str = ""
    machine: str | None = None

    @property
    def can_be_ordered(self) -> bool:
        """Whether the user may order its chats: waits and ends have an order of their own."""
        return self.group is None or not (self.group in OVER or self.group in {Group.NEEDS_YOU, Group.UNREACHABLE})


class ByPin(NamedTuple):
    """The chats of a group: the pinned ones, and the others."""

    pinned: Sequence[Chat]
    others: Sequence[Chat]


def by_pin(chats: Sequence[Chat]) -> ByPin:
    """Split chats into pinned and other ones."""
    if isinstance(chats, EndedChats):
        return ByPin(chats.only(lambda record: record.entry.pinned), chats.only(lambda record: not record.entry.pinned))
    pinned: list[Chat] = []
    others: list[Chat] = []
    for chat in chats:
        (pinned if chat.record.entry.pinned else others).append(chat)
    return ByPin(pinned, others)


def arranged(
    groups: Mapping[Group, ByPin],
    grouping: Grouping,
    machines: Iterable[str] = (),
    unreachable: Mapping[str, datetime | None] | None = None,
) -> list[Part]:
    """The parts from top to bottom, without empty ones, unless they are of unreachable machines.

    Args:
        groups: the chats of each group in their usual order.
        grouping: what running chats are grouped by; ended ones are always below all others.
        machines: the names of the other machines, in their order.
        unreachable: since when machines cannot be reached, by their names.
    """
    down = unreachable or {}
    pinned = _in_own_order(chat for group in groups.values() for chat in group.pinned)
    parts = [Part(PINNED, window_texts.PINNED(), None, pinned)]
    others = {group: chats.others for group, chats in groups.items()}
    kept: Collection[str] = {Group.UNREACHABLE} if down else ()
    if grouping == "project":
        last = OVER | {Group.UNREACHABLE}
        parts += _by_project([chat for group, chats in others.items() if group not in last for chat in chats])
        others = {group: chats for group, chats in others.items() if group in last}
    elif grouping == "machine":
        running = [chat for group, chats in others.items() if group not in OVER for chat in chats]
        parts += _by_machine(running, machines, down)
        kept = {_machine_key(name) for name in down}
        others = {group: chats for group, chats in others.items() if group in OVER}
    for group, chats in others.items():
        part = Part(group.value, group.value, group, chats)
        parts.append(Part(part.key, part.title, group, _in_own_order(chats)) if part.can_be_ordered else part)
    shown = [part for part in parts if part.chats or part.key in kept]
    return sorted(shown, key=lambda part: part.group is not Group.NEEDS_YOU)


def _by_project(chats: Sequence[Chat]) -> list[Part]:
    """One part for each project, those with a question first, then by name; in each, who asks is first."""
    found: dict[str, list[Chat]] = {}
    for chat in _in_own_order(chats):
        found.setdefault(chat.record.origin.real_project, []).append(chat)
    names = [one.workplace.directory_name(one.record.origin.project) for one, *_ in found.values()]
    parts = []
    for (path, members), name in zip(found.items(), names, strict=True):
        one = members[0]
        title = one.workplace.short_directory(one.record.origin.project) if names.count(name) > 1 else name
        parts.append(Part(f"project {path}", one_line(title), None, _who_asks_first(members), name))
    return sorted(parts, key=lambda part: (not part.chats[0].needs_you, part.title.casefold(), part.key))


def _by_machine(
    chats: Sequence[Chat], machines: Iterable[str], unreachable: Mapping[str, datetime | None]
) -> list[Part]:
    """One part for each machine, this one first; in each, who asks is first."""
    parts = []
    for name in ("", *machines):
        title = name or machine_texts.THIS_MACHINE()
        if unreachable.get(name) is not None:
            title = joined(title, Group.UNREACHABLE.value)
        own = _who_asks_first(_in_own_order(chat for chat in chats if chat.machine.name == name))
        parts.append(Part(_machine_key(name), title, None, own, machine=name))
    return parts


def _machine_key(name: str) -> str:
    return f"machine {name}"


def _in_own_order(chats: Iterable[Chat]) -> list[Chat]:
    """The user's order; chats without a position follow in the order in which they came."""
    listed = list(chats)
    return sorted(listed, key=lambda chat: (chat.record.entry.position is None, chat.record.entry.position or 0.0))


def _who_asks_first(chats: Iterable[Chat]) -> list[Chat]:
    return sorted(chats, key=lambda chat: not chat.needs_you)


class Section(NamedTuple):
    """Ended chats of a day, or of a month.

    Attributes:
        title: the name of the day or month.
        key: the name of the month in the saved layout, if the user has unfolded it; "" for a day, which stays unfolded.
        chats: the chats, the one that ended last in front.
    """

    title: str
    key: str
    chats: EndedChats


def sections(chats: EndedChats, today: date) -> list[Section]:
    """Ended chats by the day of their end, many older ones by month; ``chats`` are in this order, the latest first."""
    records, recent_from = chats.records, today - timedelta(DAYS)
    by_month = len(records) - _count_until(chats, recent_from) > MANY
    found: list[Section] = []
    at = 0
    while at < len(records):
        since = parse_time(records[at].outcome.ended_at or records[at].origin.created_at)
        # After the clock was set back, some ended in the future: that is today, too.
        day = min(since.astimezone().date(), today) if since is not None else None
        if day is None:  # Those without a valid time are the last ones.
            found.append(Section(window_texts.day(day, today), "open earlier" if by_month else "", chats[at:]))
            break
        if is_month := by_month and day < recent_from:
            day = day.replace(day=1)
        end = max(_count_until(chats, day), at + 1)  # Records of a damaged store may be in no order.
        title = window_texts.month(day, today) if is_month else window_texts.day(day, today)
        found.append(Section(title, f"open {day:%Y-%m}" if is_month else "", chats[at:end]))
        at = end
    return found


def _count_until(chats: EndedChats, day: date) -> int:
    """How many chats ended on a day or later, local time; the times of their ends descend."""
    begin = datetime.combine(day, time()).astimezone()

    def is_before(record: EndedRecord) -> bool:
        ended = parse_time(record.outcome.ended_at or record.origin.created_at)
        return ended is None or ended < begin

    return bisect_left(chats.records, True, key=is_before)
