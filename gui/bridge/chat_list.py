"""The list of all chats, kept equal to the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.background.store_thread import StoreThread
from gui.bridge.background.tasks import Tasks
from gui.bridge.chat import Chat
from gui.wording.groups import OVER, Group
from session_host.errors import OutliveError
from session_host.storage.store import SessionRecord, Store
from session_host.terminal.base import DefaultColors

if TYPE_CHECKING:
    from gui.bridge.chat_viewer import ViewerFactory
    from session_host.agents.agent import Agent

RETRY_MS = 2000
"""Interval of attempts to read a store that could not be read at the start."""

TEXTS_MS = 200
"""Interval at which chats' titles and details are shown while they change: a title may have a moving picture."""


class ChatList(QObject):
    """Every session as a ``Chat``; running ones follow their hosts.

    Attributes:
        agents: the catalog, once read.
        colors: the colours of the terminals, once known.
        is_loaded: whether the store was read, so that the list is complete.
        tasks: the list's work in the background; a failed task's error is a ``problem``.

    Signals:
        changed: the list of chats, or a fact of one, changed; emitted at most once in each turn of the loop.
        added: a chat was added.
        removed: a chat is no longer in the lists, since it was hidden or forgotten (its id).
        forgotten: a chat was removed from the store, and does not come back (its id).
        problem: one line for the user about an error.
        notice_given: one line for the user about something that was done.
    """

    changed = Signal()
    added = Signal(Chat)
    removed = Signal(str)
    forgotten = Signal(str)
    problem = Signal(str)
    notice_given = Signal(str)

    def __init__(self, storage: StoreThread, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._storage, self._make_viewer = storage, make_viewer
        self.colors: DefaultColors | None = None
        self.agents: Mapping[str, Agent] = {}
        self.is_loaded = False
        self.tasks = Tasks(lambda error: self.problem.emit(str(error)))
        self._chats: dict[str, Chat] = {}
        self._alive: dict[str, Chat] = {}
        """The chats that had not ended when they last changed, oldest first."""
        self._over: dict[Group, list[Chat]] | None = None
        """The groups of ended chats, made again only after one of them has changed: there may be thousands."""
        self._hidden: set[str] = set()
        self._ended_from_window: set[str] = set()
        self._is_refreshing = self._refresh_again = self._is_following = self._is_closed = False
        self._changed_timer = QTimer(self, singleShot=True, interval=0)
        self._changed_timer.timeout.connect(self.changed)
        self._with_changed_text: dict[str, Chat] = {}
        self._texts_timer = QTimer(self, singleShot=True, interval=TEXTS_MS)
        self._texts_timer.timeout.connect(self._show_texts)

    def set_colors(self, colors: DefaultColors) -> None:
        """Set the terminals' colours, which hosts answer to programs' colour queries."""
        self.colors = colors
        for chat in self._chats.values():
            chat.set_colors(colors)

    # ------------------------------------------------------------ reading

    def chats(self) -> list[Chat]:
        """All chats, oldest first."""
        return list(self._chats.values())

    def listed(self) -> list[Chat]:
        """The chats that lists show, oldest first: without continued and hidden ones."""
        return [chat for chat in self._chats.values() if not chat.is_continued and chat.id not in self._hidden]

    def running(self) -> list[Chat]:
        """The running chats, oldest first."""
        self._note_ends()
        return list(self._alive.values())

    def running_in_order(self) -> list[Chat]:
        """The running chats in the order of the groups; those that need the user come first."""
        return [chat for group, chats in self.groups().items() if group not in OVER for chat in chats]

    def get(self, session_id: str) -> Chat | None:
        """The chat with this id."""
        return self._chats.get(session_id)

    def latest_continuation(self, session_id: str) -> Chat | None:
        """The last chat in the chain of resumes that begins with this id."""
        chat = self._chats.get(session_id)
        seen: set[str] = set()
        while chat is not None and chat.is_continued and chat.id not in seen:
            seen.add(chat.id)
            follower = self._chats.get(chat.record.continued_by or "")
            if follower is None:
                break
            chat = follower
        return chat

    def continued(self, session_ids: Iterable[str]) -> list[tuple[Chat, Chat]]:
        """The chats with these ids that other chats continue, each with the last one in its chain."""
        pairs = [(self.get(session_id), self.latest_continuation(session_id)) for session_id in session_ids]
        return [(chat, newest) for chat, newest in pairs if chat and newest and newest is not chat]

    def groups(self) -> Mapping[Group, Sequence[Chat]]:
        """The chats of each group, in display order; in ``OVER`` the same list until a chat in it changes."""
        running = [chat for chat in self.running() if chat.id not in self._hidden]
        if self._over is None:
            self._over = _grouped(chat for chat in self.listed() if chat.has_ended)
        alive = _grouped(running)
        return {group: self._over[group] if group in OVER else alive[group] for group in Group}

    def _note_ends(self) -> None:
        for chat in [chat for chat in self._alive.values() if chat.has_ended]:
            del self._alive[chat.id]
            self._over = None

    def _on_changed(self, chat: Chat) -> None:
        if chat.has_ended:
            self._over = None
        elif chat.id not in self._alive:  # One that was taken for lost, for example.
            self._alive = {known.id: known for known in self._chats.values() if not known.has_ended}
            self._over = None
        self._changed_timer.start()

    # ------------------------------------------------------------ updating

    def restore_ended_from_window(self, session_ids: Iterable[str]) -> None:
        """Restore from the saved layout which chats the user ended in this window."""
        self._ended_from_window.update(session_ids)

    def apply_records(self, records: Iterable[SessionRecord]) -> None:
        """Add, update and remove chats to match the store."""
        present = set()
        for record in records:
            present.add(record.id)
            self.chat_of(record).apply_record(record)
        for session_id in [known for known in self._chats if known not in present]:
            self._remove_chat(session_id)
        if not self.is_loaded:
            self.is_loaded = True
            self._changed_timer.start()

    def chat_of(self, record: SessionRecord) -> Chat:
        """The chat of a record in the store, which the model need not have read yet."""
        if (known := self._chats.get(record.id)) is not None:
            return known
        chat = Chat(record, self._make_viewer, self)
        if self.colors is not None:
            chat.set_colors(self.colors)
        self._set_agent(chat)
        chat.ended_from_window = record.id in self._ended_from_window
        chat.changed.connect(partial(self._on_changed, chat))
        chat.text_changed.connect(partial(self._on_text_changed, chat))
        self._chats[record.id] = chat
        self._over = None
        if not chat.has_ended:
            self._alive[record.id] = chat
        self.added.emit(chat)
        self._changed_timer.start()
        if self._is_following:
            chat.follow(output=False)
        return chat

    def _on_text_changed(self, chat: Chat) -> None:
        """Show the first change at once, and those that follow quickly together."""
        self._with_changed_text[chat.id] = chat
        if not self._texts_timer.isActive():
            self._show_texts()

    def _show_texts(self) -> None:
        chats, self._with_changed_text = self._with_changed_text, {}
        for chat in chats.values():
            chat.changed.emit()
        if chats:
            self._texts_timer.start()

    def apply_agents(self) -> None:
        """Tell the chats about their agents again, after the catalog has changed."""
        for chat in self._chats.values():
            self._set_agent(chat)
            chat.changed.emit()

    def _set_agent(self, chat: Chat) -> None:
        if (agent := self.agents.get(chat.record.agent)) is not None:
            chat.set_agent(agent)

    def hide(self, chat: Chat) -> None:
        """Leave a chat out of the lists, as if it were removed."""
        self._hidden.add(chat.id)
        self._over = None
        self.removed.emit(chat.id)
        self._changed_timer.start()

    def unhide(self, chat: Chat) -> None:
        """Show a hidden chat in the lists again."""
        self._hidden.discard(chat.id)
        self._over = None
        self._changed_timer.start()

    def is_hidden(self, chat: Chat) -> bool:
        """Whether a chat is hidden."""
        return chat.id in self._hidden

    def forget(self, chat: Chat) -> None:
        """Remove a chat from the list; its record is no longer in the store."""
        if chat.id in self._chats:
            self._remove_chat(chat.id)

    def mark_ended_from_window(self, chat: Chat, ended: bool) -> None:
        """Note whether the user ended a chat in this window."""
        if chat.ended_from_window != ended:
            chat.ended_from_window = ended
            chat.changed.emit()
        (self._ended_from_window.add if ended else self._ended_from_window.discard)(chat.id)

    def _remove_chat(self, session_id: str) -> None:
        chat = self._chats.pop(session_id)
        self._alive.pop(session_id, None)
        self._over = None
        self._hidden.discard(session_id)
        self._with_changed_text.pop(session_id, None)
        chat.close_all()
        self.removed.emit(session_id)
        self.forgotten.emit(session_id)
        chat.deleteLater()
        self._changed_timer.start()

    def follow_all(self) -> None:
        """Follow the events of all running chats, also of those that are added later."""
        self._is_following = True
        for chat in self.running():
            if chat.viewer is None:
                chat.follow(output=False)

    def refresh(self) -> None:
        """Read the store again in the background."""
        if self._is_closed:
            return
        if self._is_refreshing:
            self._refresh_again = True
            return
        self._is_refreshing = True
        self.tasks.start(self._refresh(), "refresh")

    async def _refresh(self) -> None:
        try:
            while True:
                self._refresh_again = False
                self.apply_records(await self._storage.call(Store.all))
                if not self._refresh_again:
                    return
        except OutliveError:
            if self.is_loaded:
                raise
            QTimer.singleShot(RETRY_MS, self, self.refresh)  # The problem was already shown at the start.
        finally:
            self._is_refreshing = False

    async def refresh_now(self) -> None:
        """Read the store again, and wait for the result."""
        self.apply_records(await self._storage.call(Store.all))


def _grouped(chats: Iterable[Chat]) -> dict[Group, list[Chat]]:
    found: dict[Group, list[Chat]] = {group: [] for group in Group}
    for chat in chats:
        found[chat.group].append(chat)
    for group, members in found.items():
        members.sort(key=lambda chat: chat.order_in(group), reverse=group in OVER)
    return found
