"""The sidebar's item model: group headings with chats below them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from gui.bridge.chat import Chat
from gui.bridge.one_question import without_duplicates
from gui.bridge.sessions import Sessions
from gui.theme.tooltips import as_tooltip
from gui.window.sidebar.arrangement import PINNED, ByPin, Grouping, Part, Section, arranged, by_pin, sections
from gui.window.sidebar.date_filter import DateFilter
from gui.window.sidebar.rows import ChatRow, ChatRows
from gui.wording import color_texts, phrases, window_texts
from gui.wording.groups import OVER, Group
from gui.wording.second_lines import SecondLine, second_lines_of

Index = QModelIndex | QPersistentModelIndex

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole) + 1


@dataclass(frozen=True)
class Heading:
    """The heading of a part, which can be folded."""

    key: str
    title: str
    group: Group | None
    count: int
    folded: bool


@dataclass(frozen=True)
class DayHeading:
    """The day of the end of the chats below it."""

    title: str


Entry = Heading | DayHeading | ChatRow


class SidebarModel(QAbstractListModel):
    """Headings and rows of what passes the filter; a row that stays keeps its index' identity.

    Attributes:
        folded: the keys of the parts that are folded, and of the months that are not.
    """

    def __init__(self, sessions: Sessions, folded: set[str]) -> None:
        super().__init__(sessions)
        self._grouping: Grouping = "state"
        self._rows = ChatRows(sessions)
        sessions.removed.connect(self._on_removed)
        self._sessions = sessions
        self._entries: list[Entry] = []
        self._filter = ""
        self._dates: DateFilter | None = None
        self._active = ""
        self._headings = True
        self._held = False
        self._splits: dict[Group, tuple[Sequence[Chat], ByPin]] = {}
        """The last list of each group, and its parts."""
        self._sections: tuple[Sequence[Chat], date, list[Section]] | None = None
        """The last list of ended chats, the day, and its sections on that day."""
        self.folded = folded

    # ------------------------------------------------------------ what is shown

    def set_filter(self, text: str) -> None:
        """Filter chats: name, location, agent or status text must contain every word of ``text``.

        Words that name a time ("march", "last week", "2026-03") also find the chats that ran then.
        """
        self._filter = text.casefold().strip()
        self._dates = DateFilter.of(self._filter, datetime.now().astimezone().date())
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
        wanted = [_key(entry) for entry in entries]
        if keys != wanted:
            self._arrange_rows(keys, entries, wanted)
        for row, (shown, entry) in enumerate(zip(self._entries, entries, strict=True)):
            if shown is not entry and shown != entry:
                self._entries[row] = entry
                self.dataChanged.emit(self.index(row), self.index(row))

    def _arrange_rows(self, keys: list[str], entries: list[Entry], wanted: list[str]) -> None:
        """Remove, insert and move rows until ``keys``, those of the rows, are the wanted ones of ``entries``."""
        kept = set(wanted)
        for row in reversed(range(len(keys))):
            if keys[row] not in kept:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._entries[row], keys[row]
                self.endRemoveRows()
        for row, (key, entry) in enumerate(zip(wanted, entries, strict=True)):
            if row < len(keys) and keys[row] == key:
                continue
            if key in keys:
                previous = keys.index(key, row)
                self.beginMoveRows(QModelIndex(), previous, previous, QModelIndex(), row)
                self._entries.insert(row, self._entries.pop(previous))
                keys.insert(row, keys.pop(previous))
                self.endMoveRows()
            else:
                self.beginInsertRows(QModelIndex(), row, row)
                self._entries.insert(row, entry)
                keys.insert(row, key)
                self.endInsertRows()

    def _in_their_positions(self, entries: list[Entry]) -> list[Entry]:
        """The current rows, without those of removed chats."""
        now = datetime.now(UTC)
        lines = self._second_lines(self._parts(), [entry.chat for entry in self._entries if isinstance(entry, ChatRow)])
        fresh = {_key(entry): entry for entry in entries}
        kept: list[Entry] = []
        for entry in self._entries:
            if not isinstance(entry, ChatRow):
                kept.append(fresh.get(_key(entry), entry))
            elif self._sessions.get(entry.chat.id) is not None:
                found = fresh.get(_key(entry))
                kept.append(found if found is not None else self._row(entry.chat, now, lines[entry.chat.id]))
        return kept

    def _parts(self) -> list[Part]:
        groups = self._sessions.groups()
        if self._filter:
            groups = {group: [chat for chat in chats if self._passes(chat)] for group, chats in groups.items()}
        return arranged({group: self._split(group, chats) for group, chats in groups.items()}, self._grouping)

    def _split(self, group: Group, chats: Sequence[Chat]) -> ByPin:
        """Split a group into pinned and other chats; the same list of ended ones is split once."""
        previous = self._splits.get(group)
        if group not in OVER or previous is None or previous[0] is not chats:
            previous = self._splits[group] = (chats, by_pin(chats))
        return previous[1]

    def _wanted(self) -> list[Entry]:
        now = datetime.now(UTC)
        parts = self._parts()
        shown = [part for part in parts if not self._is_left_out(part)]
        listed: list[Heading | DayHeading | Chat] = []
        for part in parts:
            if self._headings:
                asks = part.group is Group.NEEDS_YOU
                counted = without_duplicates(part.chats, self._sessions.running()) if asks else part.chats
                listed.append(Heading(part.key, part.title, part.group, len(counted), self._is_left_out(part)))
            if self._is_left_out(part):
                continue
            if part.group is Group.ENDED and self._headings:
                listed += self._by_time(part.chats, now.astimezone().date())
            else:
                listed += part.chats
        # Many ended chats would make each change slow, so only the shown ones are distinguished.
        lines = self._second_lines(shown, [each for each in listed if isinstance(each, Chat)])
        self._rows.number_agents()
        return [self._row(each, now, lines[each.id]) if isinstance(each, Chat) else each for each in listed]

    def _by_time(self, chats: Sequence[Chat], today: date) -> Iterator[Heading | DayHeading | Chat]:
        """Ended chats below their days and months; the same list of them is divided once a day."""
        if self._sections is None or self._sections[0] is not chats or self._sections[1] != today:
            self._sections = chats, today, sections(chats, today)
        for title, key, ended in self._sections[2]:
            is_folded = bool(key) and key not in self.folded and not self._filter
            yield Heading(key, title, None, len(ended), is_folded) if key else DayHeading(title)
            if not is_folded:
                yield from ended

    def _is_left_out(self, part: Part) -> bool:
        """Whether the chats of a part are not shown; a filter also shows matches in folded parts."""
        if self._headings:
            return part.key in self.folded and not self._filter
        return part.group in OVER

    def _second_lines(self, parts: Iterable[Part], chats: Iterable[Chat]) -> dict[str, SecondLine]:
        """The second lines of chats; a project in the heading above is not repeated."""
        projects = {chat.id: part.project for part in parts if part.project for chat in part.chats}
        return second_lines_of([self._rows.labels(chat) for chat in chats], projects)

    def _passes(self, chat: Chat) -> bool:
        text = self._rows.searched_text(chat)
        if all(word in text for word in self._filter.split()):
            return True
        return self._dates is not None and self._dates.has(chat, text)

    def _row(self, chat: Chat, now: datetime, line: SecondLine) -> ChatRow:
        return self._rows.row(chat, line, now, is_active=chat.id == self._active)

    def _on_removed(self, session_id: str) -> None:
        self._rows.forget(session_id)

    # ------------------------------------------------------------ QAbstractListModel

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
                say = window_texts.folded_group if entry.folded else window_texts.group
                return say(entry.title, window_texts.chats_count(entry.count))
            return None
        if isinstance(entry, DayHeading):
            return entry.title if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole} else None
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            rang = entry.rang or (window_texts.unread() if entry.unseen else "")
            pinned = window_texts.pinned().lower() if entry.pinned else ""
            muted = window_texts.muted() if entry.muted else ""
            label = color_texts.labelled(entry.label)
            where = entry.chat.location_and_status
            difference = "" if entry.difference in where else entry.difference
            parts = (
                entry.name,
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

        A chat that comes among the pinned ones, or above everything, is pinned, and one that leaves them is unpinned.
        Elsewhere a chat stays in its part, at the end that is nearer to the position.
        """
        order = self._sessions.order
        following = [entry.chat for entry in self._entries[before:] if isinstance(entry, ChatRow)]
        # A change of pins moves the rows.
        order.pin(chats, pinned=self._key_above(before) in {PINNED, ""})
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
        if self._key_above(before) in {PINNED, ""} or any(chat.record.pinned for chat in chats):
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

    def index_of(self, session_id: str) -> QModelIndex:
        """The index of a chat's row; invalid if it is not shown."""
        for row, entry in enumerate(self._entries):
            if isinstance(entry, ChatRow) and entry.chat.id == session_id:
                return self.index(row)
        return QModelIndex()


def _tooltip(row: ChatRow) -> str:
    """The row's texts in full length."""
    chat = row.chat
    lines = [row.name, f"{chat.agent_title} · {phrases.short_directory(chat.current_directory)}"]
    if chat.current_directory != chat.directory:
        lines.append(window_texts.started_in(phrases.short_directory(chat.directory)))
    if chat.git_status is not None and not chat.has_ended:
        lines.append(chat.git_status.words)
    lines.append(chat.activity_and_source or row.mark)
    if chat.needs_you and chat.activity_detail:
        lines.append(chat.activity_detail)
    if row.rang:
        lines.append(row.rang)
    if row.muted:
        lines.append(window_texts.muted())
    return "\n".join(lines)


def _key(entry: Entry) -> str:
    if isinstance(entry, ChatRow):
        return entry.chat.id
    return f"part {entry.key}" if isinstance(entry, Heading) else f"day {entry.title}"
