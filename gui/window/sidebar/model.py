"""The sidebar's item model: group headings with the rows of chats below them, and what passes the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from gui.bridge.chat import Chat, machine_of
from gui.bridge.chat_words import activity_and_age, how_it_ended, reason_for_bell, status_text
from gui.bridge.ended_list import EndedChats, EndedRecord
from gui.bridge.second_lines import Labels, SecondLine, second_lines_of
from gui.bridge.sessions import Sessions
from gui.theme.tooltips import as_tooltip
from gui.window.widgets.parts import Way
from gui.wording import machine_texts, phrases, window_texts
from gui.wording.chat_texts import joined
from gui.wording.groups import OVER, Group
from session_host.client.sessions.selection import period
from session_host.protocol.facts import Outcome
from session_host.system.clock import as_text, now

from .arrangement import PINNED, ByPin, Grouping, Part, Section, arranged, by_pin, sections

MAX_WORDS = 2
"""The number of words in the longest name of a time: "last week"."""


class DateFilter(NamedTuple):
    """The time that a filter names, and its other words.

    Attributes:
        first: the beginning of the time, as in records.
        end: its end.
        words: the other words.
    """

    first: str
    end: str
    words: list[str]

    @classmethod
    def of(cls, text: str, today: date) -> Self | None:
        """Look for a time in the text; None if it names none."""
        words = text.split()
        for count in range(MAX_WORDS, 0, -1):
            for at in range(len(words) - count + 1):
                if found := period(" ".join(words[at : at + count]), today):
                    others = [*words[:at], *words[at + count :]]
                    try:
                        return cls(_midnight(found.first), _midnight(found.end), others)
                    except (ValueError, OverflowError):
                        return None  # No chat ran then.
        return None

    def has(self, record: EndedRecord, text: str) -> bool:
        """Whether a chat ran at that time, and its text contains the other words."""
        return all(word in text for word in self.words) and self.is_within(record)

    def is_within(self, record: EndedRecord) -> bool:
        """Whether a chat ran at that time."""
        return "" < record.origin.created_at < self.end and (record.outcome.ended_at or now()) >= self.first


def _midnight(day: date) -> str:
    return as_text(datetime(day.year, day.month, day.day).astimezone().timestamp())


class ChatRow(Struct, frozen=True):
    """A chat's row, as it is painted."""

    chat: Chat
    name: str
    location: str
    status: str
    status_first: bool
    asks: bool
    failed: bool
    """Whether an error stopped the agent's turn, which the status names."""
    age: str
    mark: str
    unseen: bool
    rang: str
    """Why it is marked with a bell; "" for no mark."""
    muted: bool
    dimmed: bool
    """Whether it has ended, or its machine cannot be reached."""
    active: bool
    monogram: str
    tile: int
    pinned: bool
    difference: str = ""
    """The text that distinguishes the chat from others of its name; "" if there are none."""
    label: str = ""
    """Its colour label, "" for none."""
    machine: str = ""
    """The name of its machine; "" for this one, and below a heading that names it."""

    @property
    def second_line(self) -> str:
        """The line below its name."""
        return SecondLine(self.location, self.status, self.status_first).whole


Index = QModelIndex | QPersistentModelIndex

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole) + 1

PAGE_ROWS = 100
"""How many more rows of ended chats are made when the user scrolls to the end of the list."""


class Heading(Struct, frozen=True):
    """The heading of a part, which can be folded."""

    key: str
    title: str
    group: Group | None
    count: int
    folded: bool
    machine: str = ""
    """The other machine of all its chats; "" for this one, and if they are not grouped by machine."""


class DayHeading(Struct, frozen=True):
    """The day of the end of the chats below it."""

    title: str


class MachineLine(Struct, frozen=True):
    """An unreachable machine, above its chats.

    Attributes:
        machine: its name.
        text: its state, with its name unless the heading has that.
        action: what the user can do, as a button's text; "" for nothing.
        tooltip: why it cannot be reached.
    """

    machine: str
    text: str
    action: str
    tooltip: str


Entry = Heading | DayHeading | MachineLine | ChatRow
_Listed = Heading | DayHeading | MachineLine | Chat | EndedRecord


class SidebarModel(QAbstractListModel):
    """Headings and rows of what passes the filter; a row that stays keeps its index' identity.

    Thousands of chats may have ended, so their rows are made in pages, as the user scrolls.

    Attributes:
        folded: the keys of the parts that are folded, and of the months that are not.
        remedy: returns what helps against the reason why a machine cannot be reached: its text, and a function.
    """

    def __init__(self, sessions: Sessions, folded: set[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._grouping: Grouping = "state"
        self._tiles: dict[str, int] = {}
        """The number of each agent's tile."""
        self._sessions = sessions
        self._entries: list[Entry] = []
        self._filter = ""
        self._words: list[str] = []
        self._dates: DateFilter | None = None
        self._active = ""
        self._open: frozenset[str] = frozenset()
        self._headings = True
        self._held = False
        self._ended_rows = PAGE_ROWS
        self._has_more = self._is_arranging = False
        self._splits: dict[Group, tuple[Sequence[Chat], str, ByPin]] = {}
        """The last list of each group of ended chats, the filter, and the parts of what passes it."""
        self._sections: tuple[Sequence[Chat], date, list[Section]] | None = None
        """The last list of ended chats, the day, and its sections on that day."""
        self.folded = folded
        self.remedy: Callable[[str], Way | None] = lambda _name: None

    # ------------------------------------------------------------ what is shown

    def set_filter(self, text: str) -> None:
        """Filter chats: name, location, agent or status text must contain every word of ``text``.

        Words that name a time ("march", "last week", "2026-03") also find the chats that ran then.
        """
        self._filter = text.casefold().strip()
        self._words = self._filter.split()
        self._dates = DateFilter.of(self._filter, datetime.now().astimezone().date())
        self._ended_rows = PAGE_ROWS
        self._apply()

    def set_grouping(self, grouping: Grouping) -> None:
        """Set what running chats are grouped by."""
        if grouping != self._grouping:
            self._grouping = grouping
            self._apply()

    @property
    def active_id(self) -> str:
        """The chat with the visible tab, "" for none."""
        return self._active

    @property
    def is_held(self) -> bool:
        """Whether rows keep their positions, since the pointer is over them."""
        return self._held

    def set_active(self, session_id: str) -> None:
        """Set the chat with the visible tab."""
        self._active = session_id
        for row, entry in enumerate(self._entries):
            if isinstance(entry, ChatRow) and entry.active != (entry.chat.id == session_id):
                self._entries[row] = replace(entry, active=not entry.active)
                self.dataChanged.emit(self.index(row), self.index(row))

    def update_active_age(self) -> None:
        """Show the present age of the chat with the visible tab, which the status line shows, too."""
        for row, entry in enumerate(self._entries):
            if isinstance(entry, ChatRow) and entry.active:
                age = phrases.age(entry.chat.since, datetime.now(UTC))
                if age != entry.age:
                    self._entries[row] = replace(entry, age=age)
                    self.dataChanged.emit(self.index(row), self.index(row))

    def set_open(self, session_ids: Iterable[str]) -> None:
        """Set the chats with tabs; those that have ended are listed although their part is folded."""
        if self._open != (is_open := frozenset(session_ids)):
            self._open = is_open
            self.refresh()

    def set_headings(self, shown: bool) -> None:
        """Set whether headings are shown; the collapsed sidebar has none."""
        self._headings = shown
        self._apply()

    def toggle_group(self, key: str) -> None:
        """Fold or unfold a part."""
        self.folded ^= {key}
        self._apply()

    def hold(self, held: bool) -> None:
        """Set whether rows keep their positions while the pointer is over them; texts and marks still change."""
        self._held = held
        if not held:
            self.refresh()

    def refresh(self) -> None:
        """Update the rows from the chats."""
        self._apply_rows(self._wanted(), held=self._held)

    def _apply(self) -> None:
        """Show the user's own change of the list at once."""
        self._apply_rows(self._wanted(), held=False)

    def _apply_rows(self, entries: list[Entry], *, held: bool) -> None:
        if held:
            entries = self._in_their_positions(entries)
        keys = [_key(entry) for entry in self._entries]
        wanted = {_key(entry): entry for entry in entries}
        if keys != list(wanted):
            self._is_arranging = True
            try:
                self._arrange_rows(keys, wanted)
            finally:
                self._is_arranging = False
        for row, (shown, entry) in enumerate(zip(self._entries, entries, strict=True)):
            if shown is not entry and shown != entry:
                self._entries[row] = entry
                self.dataChanged.emit(self.index(row), self.index(row))

    def _arrange_rows(self, keys: list[str], wanted: dict[str, Entry]) -> None:
        """Remove, insert and move rows until ``keys``, those of the rows, are the wanted ones, in their order."""
        end = len(keys)
        for is_wanted, run in groupby(reversed(keys), wanted.__contains__):
            begin = end - sum(1 for _ in run)
            if not is_wanted:
                self.beginRemoveRows(QModelIndex(), begin, end - 1)
                del self._entries[begin:end]
                self.endRemoveRows()
            end = begin
        known = set(keys)
        keys[:] = [key for key in keys if key in wanted]
        row = 0
        for is_known, run in groupby(wanted, known.__contains__):
            run_keys = list(run)
            if not is_known:
                self.beginInsertRows(QModelIndex(), row, row + len(run_keys) - 1)
                self._entries[row:row], keys[row:row] = [wanted[key] for key in run_keys], run_keys
                self.endInsertRows()
                row += len(run_keys)
                continue
            for key in run_keys:
                if keys[row] != key:
                    previous = keys.index(key, row)
                    self.beginMoveRows(QModelIndex(), previous, previous, QModelIndex(), row)
                    self._entries.insert(row, self._entries.pop(previous))
                    keys.insert(row, keys.pop(previous))
                    self.endMoveRows()
                row += 1

    def _in_their_positions(self, entries: list[Entry]) -> list[Entry]:
        """The current rows, without those of removed chats; one that is not yet below its machine's line names it."""
        now = datetime.now(UTC)
        above = [part for part in self._parts() if part.group is not Group.UNREACHABLE]
        lines = self._second_lines(above, [entry.chat for entry in self._entries if isinstance(entry, ChatRow)])
        fresh = {_key(entry): entry for entry in entries}
        kept: list[Entry] = []
        group: Group | None = None
        for entry in self._entries:
            if isinstance(entry, Heading):
                group = entry.group
            if not isinstance(entry, ChatRow):
                kept.append(fresh.get(_key(entry), entry))
            elif self._sessions.get(entry.chat.id) is not None:
                is_to_move = entry.chat.is_unreachable and group is not Group.UNREACHABLE
                found = None if is_to_move else fresh.get(_key(entry))
                kept.append(found if found is not None else self._row(entry.chat, now, lines[entry.chat.id]))
        return kept

    def _parts(self) -> list[Part]:
        groups = self._sessions.groups(with_left=bool(self._filter))
        others = self._sessions.others
        grouping = self._grouping if others.machines or self._grouping != "machine" else "state"
        unreachable = {} if self._filter else {each.name: each.unreachable_since for each in others.unreachable()}
        splits = {group: self._split(group, chats) for group, chats in groups.items()}
        return arranged(splits, grouping, others.machines, unreachable)

    def _split(self, group: Group, chats: Sequence[Chat]) -> ByPin:
        """Split what passes the filter into pinned and other chats; the same list of ended ones is split once.

        By state, chats that need the user are together, pinned or not.
        """
        if not isinstance(chats, EndedChats):
            if self._filter:
                chats = [chat for chat in chats if self._passes(chat.record, _searched_text(chat))]
            return ByPin((), chats) if group is Group.NEEDS_YOU and self._grouping == "state" else by_pin(chats)
        previous = self._splits.get(group)
        if previous is None or previous[0] is not chats or previous[1] != self._filter:
            text = self._searched_text_of_ended()
            passing = chats.only(lambda record: self._passes(record, text(record))) if self._filter else chats
            previous = self._splits[group] = (chats, self._filter, by_pin(passing))
        return previous[2]

    def _wanted(self) -> list[Entry]:
        now = datetime.now(UTC)
        parts = self._parts()
        listed: list[Heading | DayHeading | MachineLine | Chat] = []
        ended = 0
        self._has_more = False
        for each in self._listed(parts, now.astimezone().date()):
            if isinstance(each, EndedRecord):
                if ended == self._ended_rows:
                    self._has_more = True
                    break
                ended += 1
                listed.append(self._sessions.chat_of(each))
            else:
                listed.append(each)
        shown = [part for part in parts if not self._is_left_out(part)]
        # Many ended chats would make each change slow, so only the shown ones are distinguished.
        lines = self._second_lines(shown, [each for each in listed if isinstance(each, Chat)])
        self._tiles = {name: index for index, name in enumerate(self._sessions.agents)}
        return [self._row(each, now, lines[each.id]) if isinstance(each, Chat) else each for each in listed]

    def _listed(self, parts: Sequence[Part], today: date) -> Iterator[_Listed]:
        """All headings and chats of the list, from top to bottom; of ended chats only the records."""
        for part in parts:
            if self._headings:
                is_folded = self._is_left_out(part)
                yield Heading(part.key, part.title, part.group, len(part.chats), is_folded, part.machine or "")
            if self._is_left_out(part):
                if isinstance(part.chats, EndedChats):
                    yield from self._open_among(part.chats)
                continue
            if isinstance(part.chats, EndedChats):
                in_time = part.group is Group.ENDED and self._headings
                yield from self._by_time(part.chats, today) if in_time else part.chats.records
            elif part.group is Group.UNREACHABLE and self._headings:
                yield from self._by_machine(part.chats)
            else:
                if part.machine and self._headings:
                    yield from self._machine_line(part.machine, is_named=True)
                yield from part.chats

    def _by_time(self, chats: EndedChats, today: date) -> Iterator[_Listed]:
        """Ended chats below their days and months; the same list of them is divided once a day."""
        if self._sections is None or self._sections[0] is not chats or self._sections[1] != today:
            self._sections = chats, today, sections(chats, today)
        for title, key, ended in self._sections[2]:
            is_folded = bool(key) and key not in self.folded and not self._filter
            yield Heading(key, title, None, len(ended), is_folded) if key else DayHeading(title)
            yield from self._open_among(ended) if is_folded else ended.records

    def _by_machine(self, chats: Sequence[Chat]) -> Iterator[_Listed]:
        """Unreachable chats below their machines; without a filter, also the machines without such chats."""
        for name in self._sessions.others.machines:
            own = [chat for chat in chats if chat.machine.name == name]
            if own or not self._filter:
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
        return (record for record in chats.records if record.id in self._open)

    def _is_left_out(self, part: Part) -> bool:
        """Whether a part shows no chats but ended ones with a tab; a filter also shows matches in folded parts."""
        if self._headings:
            return part.key in self.folded and not self._filter
        return part.group in OVER

    def _second_lines(self, parts: Iterable[Part], chats: Iterable[Chat]) -> dict[str, SecondLine]:
        """The second lines of chats; a project or a machine in the heading above, with its state, is not repeated."""
        parts = list(parts)
        projects = {chat.id: part.project for part in parts if part.project for chat in part.chats}
        by_machine = [part for part in parts if part.machine or part.group is Group.UNREACHABLE]
        lines = second_lines_of([Labels.of(chat) for chat in chats], projects)
        for chat in (chat for part in by_machine for chat in part.chats if self._headings):
            if (line := lines.get(chat.id)) is not None:
                lines[chat.id] = line._replace(machine="", status="" if chat.is_unreachable else line.status)
        return lines

    def _passes(self, record: EndedRecord, text: str) -> bool:
        """Whether a chat with this searched text passes the filter."""
        if all(word in text for word in self._words):
            return True
        return self._dates is not None and self._dates.has(record, text)

    def _row(self, chat: Chat, now: datetime, line: SecondLine) -> ChatRow:
        agent = self._sessions.agent_of(chat)
        return ChatRow(
            chat=chat,
            name=chat.name,
            location=line.location,
            status=line.status,
            status_first=line.status_first,
            asks=chat.needs_you,
            failed=chat.record.status.failed,
            age=phrases.age(chat.since, now),
            mark=chat.mark.value,
            unseen=chat.unseen.output,
            rang=reason_for_bell(chat),
            muted=chat.is_muted,
            dimmed=chat.has_ended or chat.is_unreachable,
            active=chat.id == self._active,
            monogram=agent.monogram if agent is not None else chat.record.origin.agent[:2],
            tile=self._tiles.get(chat.record.origin.agent, len(self._tiles)),
            pinned=chat.record.entry.pinned,
            difference=line.difference,
            label=chat.color_label,
            machine=line.machine,
        )

    def _searched_text_of_ended(self) -> Callable[[EndedRecord], str]:
        """A function that returns the searched text of an ended chat; there may be thousands, so it makes no chat."""
        titles: dict[tuple[str, str], str] = {}
        ends: dict[Outcome, str] = {}

        def text(record: EndedRecord) -> str:
            key = replace(record.outcome, ended_at=None)
            if (end := ends.get(key)) is None:
                end = ends[key] = how_it_ended(record)
            machine, place = machine_of(record.id), record.origin.cwd
            if (worktree := record.origin.worktree) is not None:
                place = f"{place} {worktree.repository} {worktree.branch}"
            if (title := titles.get((machine, record.origin.agent))) is None:
                agent = self._sessions.agent_named(record.origin.agent, machine)
                title = titles[machine, record.origin.agent] = agent.title if agent is not None else ""
            name = f"{record.entry.shown_name} {record.entry.name} {machine}"
            return f"{name} {record.origin.agent} {title} {place} {record.program.title} {end}".casefold()

        return text

    # ------------------------------------------------------------ QAbstractListModel

    def canFetchMore(self, parent: Index) -> bool:
        """Whether there are more ended chats than rows of them."""
        # The view also asks in the middle of a change of the rows.
        return self._has_more and not self._is_arranging and not parent.isValid()

    def fetchMore(self, parent: Index) -> None:
        """Make another page of rows."""
        if self.canFetchMore(parent):
            self._ended_rows += PAGE_ROWS
            self._apply()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._entries):
            return None
        entry = self._entries[index.row()]
        if role == ENTRY_ROLE:
            return entry
        if isinstance(entry, Heading):
            if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
                say = window_texts.FOLDED_GROUP if entry.folded else window_texts.GROUP
                return say(name=entry.title, chats=window_texts.CHATS_COUNT(n=entry.count))
            return None
        if isinstance(entry, DayHeading):
            return entry.title if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole} else None
        if isinstance(entry, MachineLine):
            if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
                return ", ".join(filter(None, (entry.text, entry.action)))
            return as_tooltip(entry.tooltip) if role == Qt.ItemDataRole.ToolTipRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            rang = entry.rang or (window_texts.UNREAD() if entry.unseen else "")
            pinned = window_texts.PINNED().lower() if entry.pinned else ""
            muted = window_texts.MUTED() if entry.muted else ""
            label = window_texts.labelled_color(entry.label)
            where = entry.second_line
            difference = "" if entry.difference in where else entry.difference
            parts = (
                entry.chat.full_name,
                entry.chat.agent_title,
                entry.mark,
                pinned,
                rang,
                where,
                difference,
                entry.age,
                muted,
                label,
            )
            return ", ".join(part for part in parts if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_tooltip(_tooltip(entry))
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Chats can be selected and dragged; they are dropped between others."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        if not isinstance(self._entries[index.row()], ChatRow):
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled

    # ------------------------------------------------------------ the user's order

    def move(self, chats: Sequence[Chat], before: int) -> None:
        """Move chats to a position in the list: in front of the entry in this row.

        A chat that comes among the pinned ones, or above everything, is pinned, and one that leaves them is unpinned,
        except to those that need the user. Elsewhere a chat stays in its part, at the end that is nearer.
        """
        order = self._sessions.order
        following = [entry.chat for entry in self._entries[before:] if isinstance(entry, ChatRow)]
        if (above := self._key_above(before)) != Group.NEEDS_YOU:
            order.pin(chats, pinned=above in {PINNED, ""})  # This moves the rows.
        for part in self._parts():
            moved = [chat for chat in chats if chat in part.chats]
            if not moved or not part.can_be_ordered:
                continue
            stays = [chat for chat in part.chats if chat not in moved]
            at = next((stays.index(chat) for chat in following if chat in stays), len(stays))
            arranged_chats = [*stays[:at], *moved, *stays[at:]]
            if arranged_chats != list(part.chats):
                order.arrange(arranged_chats)
        self._apply()

    def drop_row(self, chats: Sequence[Chat], before: int) -> int | None:
        """The row in front of which ``move`` puts chats; None if they stay where they are."""
        above = self._key_above(before)
        if above in {PINNED, ""} or (above != Group.NEEDS_YOU and any(chat.record.entry.pinned for chat in chats)):
            return before
        parts = [part for part in self._parts() if any(chat in part.chats for chat in chats)]
        if len(parts) > 1:
            return before
        shown = {row: entry.chat for row, entry in enumerate(self._entries) if isinstance(entry, ChatRow)}
        rows = [row for part in parts if part.can_be_ordered for row, chat in shown.items() if chat in part.chats]
        return min(max(before, rows[0]), rows[-1] + 1) if rows else None

    def step(self, chat: Chat, by: int) -> None:
        """Move a chat up (-1) or down (1) within its part."""
        for part in self._parts():
            if chat in part.chats and part.can_be_ordered:
                chats = list(part.chats)
                at = chats.index(chat)
                to = min(max(at + by, 0), len(chats) - 1)
                chats.insert(to, chats.pop(at))
                self._sessions.order.arrange(chats)
                self._apply()

    def _key_above(self, row: int) -> str:
        """The key of the last heading above a row; "" for none."""
        return next((entry.key for entry in reversed(self._entries[:row]) if isinstance(entry, Heading)), "")

    def entry(self, index: Index) -> Entry | None:
        """The entry at an index."""
        found: Entry | None = self.data(index, ENTRY_ROLE)
        return found

    def entries(self) -> list[Entry]:
        """The entries of all rows."""
        return list(self._entries)

    def index_of(self, session_id: str) -> QModelIndex:
        """The index of a chat's row, which is made if it is on a later page; invalid if the chat is not shown."""
        while session_id:
            for row, entry in enumerate(self._entries):
                if isinstance(entry, ChatRow) and entry.chat.id == session_id:
                    return self.index(row)
            if not self._has_more or not self._is_on_later_page(session_id):
                break
            self.fetchMore(QModelIndex())
        return QModelIndex()

    def _is_on_later_page(self, session_id: str) -> bool:
        listed = self._listed(self._parts(), datetime.now(UTC).astimezone().date())
        return any(isinstance(each, EndedRecord) and each.id == session_id for each in listed)


def _searched_text(chat: Chat) -> str:
    """The text that the filter searches, case-folded: the chat's name, location, agent and status text."""
    record, agent = chat.record, f"{chat.record.origin.agent} {chat.agent_title}"
    place = f"{record.origin.cwd} {record.program.title} {chat.location}"
    return f"{chat.name} {record.entry.name} {chat.machine.name} {agent} {place} {status_text(chat)}".casefold()


def _tooltip(row: ChatRow) -> str:
    """The row's texts in full length."""
    chat = row.chat
    command_line_name = chat.record.entry.name if chat.record.entry.name != row.name else ""
    lines = [
        chat.full_name,
        joined(command_line_name, chat.agent_title, chat.short_directory(chat.current_directory)),
    ]
    if chat.current_directory != chat.directory:
        lines.append(window_texts.STARTED_IN(directory=chat.short_directory(chat.directory)))
    if chat.location != chat.directory_name(chat.directory):
        lines.append(chat.location)
    lines.append(activity_and_age(chat) or row.mark)
    if (chat.needs_you or chat.record.status.failed) and chat.record.status.detail:
        lines.append(chat.record.status.detail)
    if row.rang:
        lines.append(row.rang)
    if row.muted:
        lines.append(window_texts.MUTED())
    return "\n".join(lines)


def _key(entry: Entry) -> str:
    if isinstance(entry, ChatRow):
        return entry.chat.id
    if isinstance(entry, MachineLine):
        return f"line {entry.machine}"
    return f"part {entry.key}" if isinstance(entry, Heading) else f"day {entry.title}"
