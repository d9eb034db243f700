"""The list of all chats of all machines."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from session_host.errors import AmbiguousSession
from session_host.protocol.facts import ChatFacts
from session_host.standing.hand_over import name_beside
from session_host.storage.store import meant
from session_host.terminal.base import DefaultColors

from .chat import Chat, id_there, machine_of
from .ended_list import EndedList
from .machines import Machines
from .pacing import PacedChanges, PacedTexts

if TYPE_CHECKING:
    from gui.bridge.chat import ViewerFactory
    from session_host.client.machine import Machine


class ChatList(QObject):
    """All chats. Each running one is a ``Chat``, which follows its host; an ended one is a record until it is shown.

    Attributes:
        ended: the records of the ended ones.
        changes: emits ``changed`` soon.
        colors: the colours of the terminals, once known.

    Signals:
        changed: the list of chats, or a fact of one, changed; see ``PacedChanges``.
        added: a ``Chat`` was made: of a new session, or of an ended one that is shown.
        forgotten: a chat was removed from the store, and does not come back (its id).
    """

    changed = Signal()
    added = Signal(Chat)
    forgotten = Signal(str)

    def __init__(self, machines: Machines, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._machines, self._make_viewer = machines, make_viewer
        self.colors: DefaultColors | None = None
        self._chats: dict[str, Chat] = {}
        self._alive: dict[str, Chat] = {}
        """The chats that had not ended when they last changed, oldest first."""
        self.ended = EndedList(self.chat_of)
        self.changes = PacedChanges(self.changed.emit, self)
        self._texts = PacedTexts(self)
        self._is_following = False

    def set_colors(self, colors: DefaultColors) -> None:
        """Set the terminals' colours, which hosts answer to programs' colour queries."""
        self.colors = colors
        for chat in self._chats.values():
            chat.looks.set_colors(colors)

    # ------------------------------------------------------------ reading

    def made(self) -> list[Chat]:
        """The chats that were made: all running ones, and the ended ones that are or were shown."""
        return list(self._chats.values())

    def running(self) -> list[Chat]:
        """The running chats, oldest first."""
        for chat in [chat for chat in self._alive.values() if chat.has_ended]:
            del self._alive[chat.id]
            self.ended.put(chat.record)
        return list(self._alive.values())

    def get(self, session_id: str) -> Chat | None:
        """The chat with this id."""
        if (known := self._chats.get(session_id)) is not None:
            return known
        return self.chat_of(record) if (record := self.ended.get(session_id)) is not None else None

    def record(self, session_id: str) -> ChatFacts | None:
        """The record of the chat with this id; unlike ``get``, this makes no ``Chat``."""
        known = self._chats.get(session_id)
        return known.record if known is not None else self.ended.get(session_id)

    def _name_of(self, session_id: str) -> str:
        if (record := self.record(session_id)) is None:
            return ""
        agent = self._machines.agent_named(record.origin.agent, machine_of(record.id))
        return name_beside(record, agent.title if agent is not None else record.origin.agent)

    def records_on(self, machine: str) -> list[ChatFacts]:
        """The records of all chats of a machine."""
        ids = [each for each in dict.fromkeys((*self._chats, *self.ended)) if machine_of(each) == machine]
        return [record for each in ids if (record := self.record(each)) is not None]

    def named(self, text: str) -> Chat | None:
        """The chat that ``CHAT`` or ``MACHINE/CHAT`` names, by its name or a beginning of its id; see ``Store.find``.

        Raises:
            AmbiguousSession: several chats match.
        """
        machine, chat = machine_of(text), id_there(text)
        records = self.records_on(machine)
        found = meant([record for record in records if record.entry.name == chat])
        found = found or [record for record in records if chat and id_there(record.id).startswith(chat.lower())]
        if len(found) > 1:
            raise AmbiguousSession(f"{chat!r} matches {len(found)} chats; use an id from `outlive ls --all`")
        return self.get(found[0].id) if found else None

    def latest_continuation(self, session_id: str) -> Chat | None:
        """The last chat in the chain of resumes that begins with this id."""
        return self.get(self._last_in_chain(session_id))

    def _last_in_chain(self, session_id: str) -> str:
        seen: set[str] = set()
        while (ended := self.ended.get(session_id)) is not None and session_id not in seen:
            seen.add(session_id)
            if ended.entry.continued_by is None or self.record(ended.entry.continued_by) is None:
                break
            session_id = ended.entry.continued_by
        return session_id

    def continued(self, session_ids: Iterable[str]) -> list[tuple[Chat, Chat]]:
        """The chats with these ids that other chats continue, each with the last one in its chain."""
        newest = {session_id: self._last_in_chain(session_id) for session_id in session_ids}
        pairs = [(self.get(session_id), self.get(last)) for session_id, last in newest.items() if last != session_id]
        return [(chat, last) for chat, last in pairs if chat is not None and last is not None]

    def _on_changed(self, chat: Chat) -> None:
        if chat.has_ended:
            self._alive.pop(chat.id, None)
            self.ended.put(chat.record)
        elif chat.id not in self._alive:  # One that was taken for lost, for example.
            self.ended.discard(chat.id)
            self._alive = {known.id: known for known in self._chats.values() if not known.has_ended}
        self.changes.note()

    # ------------------------------------------------------------ updating

    def apply(self, machine: Machine, changed: Iterable[ChatFacts], removed: Iterable[str] | None) -> None:
        """Apply a machine's ``Changes``, which have the ids of the window; ignore those of a removed machine."""
        chats = self._machines.by_name.get(machine.name)
        if chats is None or chats.machine is not machine:
            return
        found = {record.id: record for record in changed}
        if removed is None:
            known = {record.id for record in self.records_on(machine.name)}
            self.ended.put_all(record for record in found.values() if record.id not in known and record.outcome.is_over)
            removed = known - found.keys()
        for record in found.values():
            self._apply_record(record)
        for session_id in removed:
            if self.record(session_id) is not None:
                self._remove_chat(session_id)
        if not chats.is_loaded:
            chats.is_loaded = True
            self.changes.note()

    def _apply_record(self, record: ChatFacts) -> None:
        if (known := self._chats.get(record.id)) is not None:
            known.apply_record(record)
        elif not record.outcome.is_over:
            self.chat_of(record)
        elif (listed := self.ended.get(record.id)) is not record and record != listed:
            self.ended.put(record)
            self.changes.note()

    def chat_of(self, record: ChatFacts) -> Chat:
        """The chat of a record in the store, which the model need not have read yet."""
        if (known := self._chats.get(record.id)) is not None:
            return known
        chat = Chat(record, self._make_viewer, self._machines.by_name[machine_of(record.id)].machine, self)
        if self.colors is not None:
            chat.looks.set_colors(self.colors)
        self._set_agent(chat)
        chat.name_of = self._name_of
        chat.changed.connect(partial(self._on_changed, chat))
        chat.text_changed.connect(partial(self._texts.note, chat))
        self._chats[record.id] = chat
        is_known = record is self.ended.get(record.id)
        if not chat.has_ended:
            self._alive[record.id] = chat
            self.ended.discard(record.id)
        elif not is_known:
            self.ended.put(record)
        self.added.emit(chat)
        if (handed := self._chats.get(record.origin.handed_from)) is not None:
            handed.changed.emit()  # It names this one.
        if not is_known:
            self.changes.note()
        if self._is_following:
            chat.looks.first.follow(output=False)
        return chat

    def apply_agents(self) -> None:
        """Tell the chats about their agents again, after the catalog has changed."""
        for chat in self._chats.values():
            self._set_agent(chat)
            chat.changed.emit()

    def _set_agent(self, chat: Chat) -> None:
        if (agent := self._machines.agent_of(chat)) is not None:
            chat.set_agent(agent)

    def forget(self, chat: Chat) -> None:
        """Remove a chat from the list; its record is no longer in the store."""
        if self.record(chat.id) is not None:
            self._remove_chat(chat.id)

    def note_reachability(self, machine: str) -> None:
        """Note that a machine can be reached, or cannot any more, or for another reason."""
        for chat in [chat for chat in self._alive.values() if chat.machine.name == machine]:
            chat.changed.emit()
        self.changes.note()

    def forget_all_on(self, machine: str) -> None:
        """Remove the chats of a machine from the list; they keep running there."""
        for record in self.records_on(machine):
            self._remove_chat(record.id)

    def _remove_chat(self, session_id: str) -> None:
        chat = self._chats.pop(session_id, None)
        self._alive.pop(session_id, None)
        self.ended.discard(session_id)
        self._texts.forget(session_id)
        if chat is not None:
            chat.looks.close()
        self.forgotten.emit(session_id)
        if chat is not None:
            chat.deleteLater()
        self.changes.note()

    def follow_all(self) -> None:
        """Follow the events of all running chats, also of those that are added later."""
        self._is_following = True
        for chat in self.running():
            if chat.looks.first.viewer is None:
                chat.looks.first.follow(output=False)
