"""The sidebar's item model: the rows of what is listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from gui.bridge.chat import Chat
from gui.bridge.chat_words import limit_until, reason_for_bell
from gui.bridge.ended_list import EndedRecord
from gui.bridge.second_lines import SecondLine
from gui.bridge.sessions import Sessions
from gui.theme.tokens import NEARLY_FULL_PERCENT
from gui.theme.tooltips import as_tooltip
from session_host.standing.accounts import with_several_accounts
from session_host.standing.ages import short_age
from session_host.standing.groups import Group, place_of
from session_host.standing.row_line import project_hue

from .arrangement import PINNED, Grouping
from .entries import ChatRow, DayHeading, Entry, Heading, MachineLine, full_text, key_of, letters_of, spoken_text
from .filtering import ChatFilter
from .listing import Listing

Index = QModelIndex | QPersistentModelIndex

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole) + 1

PAGE_ROWS = 100
"""How many more rows of ended chats are made when the user scrolls to the end of the list."""


class SidebarModel(QAbstractListModel):
    """Headings and rows of what passes the filter; a row that stays keeps its index' identity.

    Thousands of chats may have ended, so their rows are made in pages, as the user scrolls.

    Attributes:
        listing: what is listed, and in which order.

    Signals:
        arranged: rows have come, gone or moved.
    """

    arranged = Signal()

    def __init__(self, sessions: Sessions, folded: set[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tiles: dict[str, int] = {}
        """The number of each agent's tile."""
        self._has_several_agents = False
        self._lettered: dict[str, tuple[str, str]] = {}
        """The name and the letters of each listed chat."""
        self._sessions = sessions
        self.listing = Listing(sessions, folded)
        self._entries: list[Entry] = []
        self._active = ""
        self._held = False
        self._ended_rows = PAGE_ROWS
        self._has_more = self._is_arranging = False
        sessions.sparklines.changed.connect(self.refresh)

    # ------------------------------------------------------------ what is shown

    def set_filter(self, text: str) -> None:
        """Filter chats: name, location, agent or status text must contain every word of ``text``.

        Words that name a time ("march", "last week", "2026-03") also find the chats that ran then.
        """
        self.listing.filter = ChatFilter(text)
        self._ended_rows = PAGE_ROWS
        self._apply()

    def set_grouping(self, grouping: Grouping) -> None:
        """Set what running chats are grouped by."""
        if grouping != self.listing.grouping:
            self.listing.grouping = grouping
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
                age = short_age(entry.chat.since, datetime.now(UTC))
                if age != entry.age:
                    self._entries[row] = replace(entry, age=age)
                    self.dataChanged.emit(self.index(row), self.index(row))

    def set_open(self, session_ids: Iterable[str]) -> None:
        """Set the chats with tabs; those that have ended are listed although their part is folded."""
        if self.listing.open != (is_open := frozenset(session_ids)):
            self.listing.open = is_open
            self.refresh()

    def set_headings(self, shown: bool) -> None:
        """Set whether headings are shown; the collapsed sidebar has none."""
        self.listing.shows_headings = shown
        self._apply()

    def toggle_group(self, key: str) -> None:
        """Fold or unfold a part."""
        self.listing.folded ^= {key}
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
        keys = [key_of(entry) for entry in self._entries]
        wanted = {key_of(entry): entry for entry in entries}
        if keys != list(wanted):
            self._is_arranging = True
            try:
                self._arrange_rows(keys, wanted)
            finally:
                self._is_arranging = False
            self.arranged.emit()
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
        above = [part for part in self.listing.parts() if part.group is not Group.UNREACHABLE]
        lines = self.listing.second_lines(above, [entry.chat for entry in self._entries if isinstance(entry, ChatRow)])
        fresh = {key_of(entry): entry for entry in entries}
        kept: list[Entry] = []
        group: Group | None = None
        for entry in self._entries:
            if isinstance(entry, Heading):
                group = entry.group
            if not isinstance(entry, ChatRow):
                kept.append(fresh.get(key_of(entry), entry))
            elif self._sessions.chats.get(entry.chat.id) is not None:
                is_to_move = entry.chat.is_unreachable and group is not Group.UNREACHABLE
                found = None if is_to_move else fresh.get(key_of(entry))
                kept.append(
                    found if found is not None else self._row(entry.chat, now, lines[entry.chat.id], entry.letters)
                )
        return kept

    def _wanted(self) -> list[Entry]:
        now = datetime.now(UTC)
        parts = self.listing.parts()
        listed: list[Heading | DayHeading | MachineLine | Chat] = []
        ended = 0
        self._has_more = False
        for each in self.listing.listed(parts, now.astimezone().date()):
            if isinstance(each, EndedRecord):
                if ended == self._ended_rows:
                    self._has_more = True
                    break
                ended += 1
                listed.append(self._sessions.chats.chat_of(each))
            else:
                listed.append(each)
        shown = [part for part in parts if not self.listing.is_left_out(part)]
        # Many ended chats would make each change slow, so only the shown ones are distinguished.
        lines = self.listing.second_lines(shown, [each for each in listed if isinstance(each, Chat)])
        origins = [each.record.origin for each in listed if isinstance(each, Chat)]
        self._has_several_agents = len({origin.agent for origin in origins}) > 1
        self._with_several_accounts = with_several_accounts(origins)
        letters = self._letters([each for each in listed if isinstance(each, Chat)])

        def row(chat: Chat) -> ChatRow:
            return self._row(chat, now, lines[chat.id], letters[chat.id])

        return [row(each) if isinstance(each, Chat) else each for each in listed]

    def _letters(self, chats: Sequence[Chat]) -> dict[str, str]:
        """The letters of each chat, by its id: of two with the same ones, the younger has others.

        A chat keeps its letters as long as its name.
        """
        before = self._lettered
        named_as_before = (chat for chat in chats if chat.id in before and before[chat.id][0] == chat.name)
        self._lettered = {chat.id: before[chat.id] for chat in named_as_before}
        taken = {letters for _name, letters in self._lettered.values()}
        for chat in sorted(chats, key=lambda each: (place_of(each.record), each.id)):
            if chat.id not in self._lettered:
                self._lettered[chat.id] = chat.name, letters_of(chat.name, taken)
                taken.add(self._lettered[chat.id][1])
        return {session_id: letters for session_id, (_name, letters) in self._lettered.items()}

    def _row(self, chat: Chat, now: datetime, line: SecondLine, letters: str) -> ChatRow:
        context = 0 if chat.has_ended else chat.record.status.context
        origin = chat.record.origin
        return ChatRow(
            chat=chat,
            name=chat.name,
            location=line.location,
            status=line.status,
            status_first=line.status_first,
            asks=chat.needs_you,
            failed=line.role == "failed",
            age=short_age(chat.since, now),
            mark=chat.mark.value,
            unseen=chat.unseen.output,
            rang=reason_for_bell(chat),
            muted=chat.is_muted,
            dimmed=chat.is_over or chat.is_unreachable,
            active=chat.id == self._active,
            monogram=self._sessions.machines.letters_of(chat),
            pinned=chat.record.entry.pinned,
            difference=line.difference,
            label=chat.color_label,
            machine=line.machine,
            hue=project_hue(origin.real_project),
            shows_agent=self._has_several_agents and not origin.is_shell_or_command,
            lines=chat.record.status.edited_lines,
            bars=self._sessions.sparklines.of(chat.id),
            context=context if NEARLY_FULL_PERCENT <= context <= 100 else 0,
            project=chat.workplace.project_name,
            letters=letters,
            until=limit_until(chat, now),
            account=origin.account if origin.agent in self._with_several_accounts else "",
        )

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
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken_text(entry)
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name if isinstance(entry, ChatRow) else spoken_text(entry)
        if role == Qt.ItemDataRole.ToolTipRole and (text := full_text(entry)):
            return as_tooltip(text)
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
        for part in self.listing.parts():
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
        parts = [part for part in self.listing.parts() if any(chat in part.chats for chat in chats)]
        if len(parts) > 1:
            return before
        shown = {row: entry.chat for row, entry in enumerate(self._entries) if isinstance(entry, ChatRow)}
        rows = [row for part in parts if part.can_be_ordered for row, chat in shown.items() if chat in part.chats]
        return min(max(before, rows[0]), rows[-1] + 1) if rows else None

    def step(self, chat: Chat, by: int) -> None:
        """Move a chat up (-1) or down (1) within its part."""
        for part in self.listing.parts():
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

    def chat(self, index: Index) -> Chat | None:
        """The chat at an index; None if its row is another one, or there is none."""
        entry = self.entry(index)
        return entry.chat if isinstance(entry, ChatRow) else None

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
        listed = self.listing.listed(self.listing.parts(), datetime.now(UTC).astimezone().date())
        return any(isinstance(each, EndedRecord) and each.id == session_id for each in listed)
