"""The chats that lists show, in groups; hidden, continued and left ones are not among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from session_host.protocol.facts import ChatFacts
from session_host.standing.endings import is_unlisted
from session_host.standing.groups import OVER, Group, order_key

from .chat import Chat
from .chat_list import ChatList
from .ended_list import EndedChats


class ListedChats(QObject):
    """The chats that lists show.

    Attributes:
        open: the ids of the chats that have tabs.

    Signals:
        removed: a chat is no longer in the lists, since it was hidden or forgotten (its id).
    """

    removed = Signal(str)

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._hidden: set[str] = set()
        self._tabs: dict[int, frozenset[str]] = {}
        """The chats with tabs, by the windows' ids."""
        self.open: frozenset[str] = frozenset()
        chats.forgotten.connect(self._on_forgotten)

    def running(self) -> list[Chat]:
        """The running chats that are not hidden, oldest first."""
        return [chat for chat in self._list.running() if chat.id not in self._hidden]

    def taking_text(self) -> list[Chat]:
        """The chats that run or are asleep, in the order of the groups; those that need the user come first."""
        return [chat for group, chats in self.groups().items() if group not in OVER for chat in chats]

    def groups(self, *, with_left: bool = False) -> Mapping[Group, Sequence[Chat]]:
        """The chats of each group, in display order; in ``OVER`` the same ``EndedChats`` until a chat in it changes.

        With ``with_left``, the shells that the user left and that have no tab are among them, too.
        """
        over = self._list.ended.groups(self._hidden, self.open, with_left=with_left)
        running = _grouped([*self.running(), *over[Group.IDLE]])
        return {group: over[group] if group in OVER else running[group] for group in Group}

    def ids(self, *, with_left: bool = False) -> list[str]:
        """The ids of the chats, in display order; ``with_left`` as in ``groups``."""
        return [record.id for record in self.records(with_left=with_left)]

    def records(self, *, with_left: bool = False) -> list[ChatFacts]:
        """The records of the chats, in display order: running ones come first."""
        found: list[ChatFacts] = []
        for chats in self.groups(with_left=with_left).values():
            found += chats.records if isinstance(chats, EndedChats) else [chat.record for chat in chats]
        return found

    def has(self, chat: Chat) -> bool:
        """Whether lists show a chat: it is neither continued nor hidden, nor a shell that was left, without a tab."""
        is_left_out = is_unlisted(chat.record) and chat.id not in self.open
        return not chat.is_continued and chat.id not in self._hidden and not is_left_out

    def is_hidden(self, chat: Chat) -> bool:
        """Whether a chat is hidden."""
        return chat.id in self._hidden

    def hide(self, chat: Chat) -> None:
        """Leave a chat out, as if it were removed."""
        self._hidden.add(chat.id)
        self._list.ended.note_change()
        self.removed.emit(chat.id)
        self._list.changes.note()

    def unhide(self, chat: Chat) -> None:
        """Show a hidden chat again."""
        self._hidden.discard(chat.id)
        self._list.ended.note_change()
        self._list.changes.note()

    def note_tabs(self, window: int, session_ids: Iterable[str]) -> None:
        """Note which chats have tabs in the window with this id."""
        self._tabs[window] = frozenset(session_ids)
        before, self.open = self.open, frozenset[str]().union(*self._tabs.values())
        changed = (self._list.ended.get(session_id) for session_id in before ^ self.open)
        if any(record is not None and is_unlisted(record) for record in changed):
            self._list.ended.note_change()
            self._list.changes.note()

    def _on_forgotten(self, session_id: str) -> None:
        self._hidden.discard(session_id)
        self.removed.emit(session_id)


def _grouped(chats: Iterable[Chat]) -> dict[Group, list[Chat]]:
    found: dict[Group, list[Chat]] = {group: [] for group in Group}
    for chat in chats:
        found[chat.group].append(chat)
    for group, members in found.items():
        members.sort(key=lambda chat: order_key(group, chat.record), reverse=group in OVER)
    return found
