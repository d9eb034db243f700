"""What the sidebar lists, from top to bottom: the parts of the user's grouping with what passes the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from gui.bridge.chat import Chat
from gui.bridge.ended_list import EndedChats, EndedRecord
from gui.bridge.second_lines import Labels, SecondLine, second_lines_of
from gui.bridge.sessions import Sessions
from gui.window.widgets.parts import Way
from gui.wording import machine_texts, phrases
from gui.wording.chat_texts import joined
from session_host.standing.groups import OVER, Group

from .arrangement import ByPin, Grouping, Part, Section, arranged, by_pin, sections
from .entries import DayHeading, Heading, MachineLine
from .filtering import ChatFilter, searched_text, searched_text_of_ended

Listed = Heading | DayHeading | MachineLine | Chat | EndedRecord
"""Thousands of chats may have ended, so they are listed as records."""


class Listing:
    """The headings and chats of the list.

    Attributes:
        folded: the keys of the parts that are folded, and of the months that are not.
        grouping: what running chats are grouped by.
        filter: what chats must pass; matches in folded parts are listed, too.
        open: the chats with tabs; those that have ended are listed although their part is folded.
        shows_headings: whether there are headings; the collapsed sidebar has none.
        remedy: returns what helps against the reason why a machine cannot be reached: its text, and a function.
    """

    def __init__(self, sessions: Sessions, folded: set[str]) -> None:
        self._sessions = sessions
        self.folded = folded
        self.grouping: Grouping = "state"
        self.filter = ChatFilter()
        self.open: frozenset[str] = frozenset()
        self.shows_headings = True
        self.remedy: Callable[[str], Way | None] = lambda _name: None
        self._splits: dict[Group, tuple[Sequence[Chat], str, ByPin]] = {}
        """The last list of each group of ended chats, the filter, and the parts of what passes it."""
        self._sections: tuple[Sequence[Chat], date, list[Section]] | None = None
        """The last list of ended chats, the day, and its sections on that day."""

    def parts(self) -> list[Part]:
        """The parts with what passes the filter, from top to bottom."""
        groups = self._sessions.listed.groups(with_left=bool(self.filter.text))
        others = self._sessions.others
        grouping = self.grouping if others.machines or self.grouping != "machine" else "state"
        unreachable = {} if self.filter.text else {each.name: each.unreachable_since for each in others.unreachable()}
        splits = {group: self._split(group, chats) for group, chats in groups.items()}
        return arranged(splits, grouping, others.machines, unreachable)

    def _split(self, group: Group, chats: Sequence[Chat]) -> ByPin:
        """Split what passes the filter into pinned and other chats; the same list of ended ones is split once.

        By state, chats that need the user are together, pinned or not.
        """
        if not isinstance(chats, EndedChats):
            if self.filter.text:
                chats = [chat for chat in chats if self.filter.passes(chat.record, searched_text(chat))]
            return ByPin((), chats) if group is Group.NEEDS_YOU and self.grouping == "state" else by_pin(chats)
        previous = self._splits.get(group)
        if previous is None or previous[0] is not chats or previous[1] != self.filter.text:
            text = searched_text_of_ended(self._sessions)
            passing = chats.only(lambda record: self.filter.passes(record, text(record))) if self.filter.text else chats
            previous = self._splits[group] = (chats, self.filter.text, by_pin(passing))
        return previous[2]

    def listed(self, parts: Sequence[Part], today: date) -> Iterator[Listed]:
        """All headings and chats of the list, from top to bottom; of ended chats only the records."""
        for part in parts:
            if self.shows_headings:
                is_folded = self.is_left_out(part)
                yield Heading(part.key, part.title, part.group, len(part.chats), is_folded, part.machine or "")
            if self.is_left_out(part):
                if isinstance(part.chats, EndedChats):
                    yield from self._open_among(part.chats)
                continue
            if isinstance(part.chats, EndedChats):
                in_time = part.group is Group.ENDED and self.shows_headings
                yield from self._by_time(part.chats, today) if in_time else part.chats.records
            elif part.group is Group.UNREACHABLE and self.shows_headings:
                yield from self._by_machine(part.chats)
            else:
                if part.machine and self.shows_headings:
                    yield from self._machine_line(part.machine, is_named=True)
                yield from part.chats

    def _by_time(self, chats: EndedChats, today: date) -> Iterator[Listed]:
        """Ended chats below their days and months; the same list of them is divided once a day."""
        if self._sections is None or self._sections[0] is not chats or self._sections[1] != today:
            self._sections = chats, today, sections(chats, today)
        for title, key, ended in self._sections[2]:
            is_folded = bool(key) and key not in self.folded and not self.filter.text
            yield Heading(key, title, None, len(ended), is_folded) if key else DayHeading(title)
            yield from self._open_among(ended) if is_folded else ended.records

    def _by_machine(self, chats: Sequence[Chat]) -> Iterator[Listed]:
        """Unreachable chats below their machines; without a filter, also the machines without such chats."""
        for name in self._sessions.others.machines:
            own = [chat for chat in chats if chat.machine.name == name]
            if own or not self.filter.text:
                yield from self._machine_line(name)
            yield from own

    def _machine_line(self, name: str, *, is_named: bool = False) -> Iterator[MachineLine]:
        """The line of a machine, if it cannot be reached; ``is_named``: the heading has its name."""
        machine = self._sessions.others.machines[name]
        if machine.is_reachable:
            return
        state = machine_texts.state(machine.link.error, machine.unreachable_since)
        text = phrases.first_upper(state) if is_named else joined(name, state)
        remedy, reason = self.remedy(name), machine_texts.reason(machine.link.error, name)
        yield MachineLine(name, text, remedy[0] if remedy is not None else "", reason)

    def _open_among(self, chats: EndedChats) -> Iterator[EndedRecord]:
        return (record for record in chats.records if record.id in self.open)

    def is_left_out(self, part: Part) -> bool:
        """Whether a part shows no chats but ended ones with a tab; a filter also shows matches in folded parts."""
        if self.shows_headings:
            return part.key in self.folded and not self.filter.text
        return part.group in OVER

    def second_lines(self, parts: Iterable[Part], chats: Iterable[Chat]) -> dict[str, SecondLine]:
        """The second lines of chats; a project or a machine in the heading above, with its state, is not repeated."""
        parts = list(parts)
        projects = {chat.id: part.project for part in parts if part.project for chat in part.chats}
        by_machine = [part for part in parts if part.machine or part.group is Group.UNREACHABLE]
        below = {chat.id: chat.is_unreachable for part in by_machine for chat in part.chats if self.shows_headings}
        labels = [each._replace(status="") if below.get(each.id) else each for each in map(Labels.of, chats)]
        lines = second_lines_of(labels, projects)
        return {key: line._replace(machine="") if key in below else line for key, line in lines.items()}
