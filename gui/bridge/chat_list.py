"""The list of all chats of all machines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.wording import window_texts
from session_host.errors import AmbiguousSession, NoSuchMachine
from session_host.protocol.facts import ChatFacts
from session_host.standing.endings import is_unlisted
from session_host.standing.groups import OVER, Group, order_key
from session_host.storage.store import meant
from session_host.terminal.base import DefaultColors

from .chat import Chat, id_there, machine_of
from .ended_list import EndedChats, EndedList
from .machine_chats import MachineChats
from .machine_files import MachineFiles, OwnFiles
from .store_thread import StoreThread, WindowsMachine
from .tasks import Tasks

if TYPE_CHECKING:
    from gui.bridge.chat import ViewerFactory
    from session_host.agents.agent import Agent
    from session_host.client.machine import Machine
    from session_host.client.viewer.viewer import Viewer


TEXTS_MS = 200
"""Interval at which chats' titles and details are shown while they change: a title may have a moving picture."""


MAX_REST_S = 1.0
"""After ``changed`` was emitted, the list rests as long as that took, and not longer than this: the chats of a machine
may change all the time, and the window must act on its user in between."""


class ChatList(QObject):
    """All chats. Each running one is a ``Chat``, which follows its host; an ended one is a record until it is shown.

    Attributes:
        here: this machine's chats.
        machines: the chats of each machine, by its name; this one is the first.
        colors: the colours of the terminals, once known.
        tasks: the work in the background; a failed task's error is a ``problem``.

    Signals:
        changed: the list of chats, or a fact of one, changed; emitted at most once in each turn of the loop, and
            at most for half of the time.
        added: a ``Chat`` was made: of a new session, or of an ended one that is shown.
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
        self._make_viewer = make_viewer
        self.colors: DefaultColors | None = None
        self.tasks = Tasks(self.problem.emit)
        self.here = MachineChats(WindowsMachine(storage), self.tasks, self.apply, OwnFiles())
        self.machines = {"": self.here}
        self._chats: dict[str, Chat] = {}
        self._alive: dict[str, Chat] = {}
        """The chats that had not ended when they last changed, oldest first."""
        self._ended = EndedList(self.chat_of)
        self._hidden: set[str] = set()
        self._tabs: dict[int, frozenset[str]] = {}
        """The chats with tabs, by the windows' ids."""
        self._open: frozenset[str] = frozenset()
        self._is_following = self._is_closed = False
        self._changed_timer = QTimer(self, singleShot=True)
        self._changed_timer.timeout.connect(self._tell_changed)
        self._rested_at_s = 0.0
        """When ``changed`` may be emitted again (CLOCK_MONOTONIC)."""
        self._with_changed_text: dict[str, Chat] = {}
        self._texts_timer = QTimer(self, singleShot=True, interval=TEXTS_MS)
        self._texts_timer.timeout.connect(self._show_texts)

    @property
    def agents(self) -> Mapping[str, Agent]:
        """This machine's catalog, once read."""
        return self.here.agents

    @agents.setter
    def agents(self, agents: Mapping[str, Agent]) -> None:
        self.here.agents = agents

    def chats_on(self, machine: str) -> MachineChats:
        """The chats of a machine.

        Raises:
            NoSuchMachine: it was removed.
        """
        try:
            return self.machines[machine]
        except KeyError:
            raise NoSuchMachine(f"the machine {machine!r} was removed") from None

    def agent_of(self, chat: Chat) -> Agent | None:
        """A chat's agent, from the catalog of its machine; from this machine's while that one is unknown."""
        return self.agent_named(chat.record.origin.agent, chat.machine.name)

    def agent_named(self, name: str, machine: str) -> Agent | None:
        """The agent of this name, from the catalog of a machine; from this machine's while that one is unknown."""
        chats = self.machines.get(machine)
        catalog = (chats.agents if chats is not None else {}) or self.here.agents
        return catalog.get(name)

    def home_of(self, record: ChatFacts) -> str:
        """The user's home directory on a chat's machine; "" while unknown."""
        chats = self.machines.get(machine_of(record.id))
        return chats.machine.home if chats is not None else ""

    def files_of(self, chat: Chat) -> MachineFiles:
        """The files of a chat's machine."""
        return self.machines[chat.machine.name].files

    def set_colors(self, colors: DefaultColors) -> None:
        """Set the terminals' colours, which hosts answer to programs' colour queries."""
        self.colors = colors
        for chat in self._chats.values():
            chat.set_colors(colors)

    # ------------------------------------------------------------ reading

    def chats(self) -> list[Chat]:
        """The chats that were made: all running ones, and the ended ones that are or were shown."""
        return list(self._chats.values())

    def running(self) -> list[Chat]:
        """The running chats that are not hidden, oldest first."""
        self._note_ends()
        return [chat for chat in self._alive.values() if chat.id not in self._hidden]

    def running_in_order(self) -> list[Chat]:
        """The running chats in the order of the groups; those that need the user come first."""
        return [chat for group, chats in self.groups().items() if group not in OVER for chat in chats]

    def get(self, session_id: str) -> Chat | None:
        """The chat with this id."""
        if (known := self._chats.get(session_id)) is not None:
            return known
        return self.chat_of(record) if (record := self._ended.get(session_id)) is not None else None

    def record(self, session_id: str) -> ChatFacts | None:
        """The record of the chat with this id; unlike ``get``, this makes no ``Chat``."""
        known = self._chats.get(session_id)
        return known.record if known is not None else self._ended.get(session_id)

    def names(self, machine: str = "") -> set[str]:
        """The names of all chats of a machine, by default of this one."""
        ids = (each for each in (*self._chats, *self._ended) if machine_of(each) == machine)
        return {record.entry.name for each in ids if (record := self.record(each)) is not None}

    def named(self, text: str) -> Chat | None:
        """The chat that ``CHAT`` or ``MACHINE/CHAT`` names, by its name or a beginning of its id; see ``Store.find``.

        Raises:
            AmbiguousSession: several chats match.
        """
        machine, chat = machine_of(text), id_there(text)
        ids = {each for each in (*self._chats, *self._ended) if machine_of(each) == machine}
        records = [record for each in ids if (record := self.record(each)) is not None]
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
        while (ended := self._ended.get(session_id)) is not None and session_id not in seen:
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

    def groups(self, *, with_left: bool = False) -> Mapping[Group, Sequence[Chat]]:
        """The chats of each group, in display order; in ``OVER`` the same ``EndedChats`` until a chat in it changes.

        With ``with_left``, the shells that the user left and that have no tab are among them, too.
        """
        running = _grouped(self.running())
        over = self._ended.groups(self._hidden, self._open, with_left=with_left)
        return {group: over[group] if group in OVER else running[group] for group in Group}

    @property
    def is_changing(self) -> bool:
        """Whether ``changed`` is about to be emitted."""
        return self._changed_timer.isActive()

    def _change_soon(self) -> None:
        """Emit ``changed`` in the next turn of the loop; after one that took long, so much later."""
        self._changed_timer.start(max(0, round((self._rested_at_s - time.monotonic()) * 1000)))

    def _tell_changed(self) -> None:
        began_s = time.monotonic()
        self.changed.emit()
        now_s = time.monotonic()
        self._rested_at_s = now_s + min(now_s - began_s, MAX_REST_S)

    def _note_ends(self) -> None:
        for chat in [chat for chat in self._alive.values() if chat.has_ended]:
            del self._alive[chat.id]
            self._ended.put(chat.record)

    def _on_changed(self, chat: Chat) -> None:
        if chat.has_ended:
            self._alive.pop(chat.id, None)
            self._ended.put(chat.record)
        elif chat.id not in self._alive:  # One that was taken for lost, for example.
            self._ended.discard(chat.id)
            self._alive = {known.id: known for known in self._chats.values() if not known.has_ended}
        self._change_soon()

    # ------------------------------------------------------------ updating

    def apply_records(self, records: Iterable[ChatFacts]) -> None:
        """Add, update and remove chats until those of this machine have these records."""
        self.apply(self.here.machine, records, None)

    def apply(self, machine: Machine, changed: Iterable[ChatFacts], removed: Iterable[str] | None) -> None:
        """Apply a machine's ``Changes``, which have the ids of the window; ignore those of a removed machine."""
        chats = self.machines.get(machine.name)
        if chats is None or chats.machine is not machine:
            return
        found = {record.id: record for record in changed}
        if removed is None:
            known = {each for each in (*self._chats, *self._ended) if machine_of(each) == machine.name}
            self._ended.put_all(
                record for record in found.values() if record.id not in known and record.outcome.is_over
            )
            removed = known - found.keys()
        for record in found.values():
            self._apply_record(record)
        for session_id in removed:
            if self.record(session_id) is not None:
                self._remove_chat(session_id)
        if not chats.is_loaded:
            chats.is_loaded = True
            self._change_soon()

    def _apply_record(self, record: ChatFacts) -> None:
        if (known := self._chats.get(record.id)) is not None:
            known.apply_record(record)
        elif not record.outcome.is_over:
            self.chat_of(record)
        elif (listed := self._ended.get(record.id)) is not record and record != listed:
            self._ended.put(record)
            self._change_soon()

    def chat_of(self, record: ChatFacts) -> Chat:
        """The chat of a record in the store, which the model need not have read yet."""
        if (known := self._chats.get(record.id)) is not None:
            return known
        chat = Chat(record, self._make_viewer, self.machines[machine_of(record.id)].machine, self)
        if self.colors is not None:
            chat.set_colors(self.colors)
        self._set_agent(chat)
        chat.changed.connect(partial(self._on_changed, chat))
        chat.text_changed.connect(partial(self._on_text_changed, chat))
        chat.closing.connect(partial(self._on_closing, chat))
        self._chats[record.id] = chat
        is_known = record is self._ended.get(record.id)
        if not chat.has_ended:
            self._alive[record.id] = chat
            self._ended.discard(record.id)
        elif not is_known:
            self._ended.put(record)
        self.added.emit(chat)
        if not is_known:
            self._change_soon()
        if self._is_following:
            chat.first.follow(output=False)
        return chat

    def _on_closing(self, chat: Chat, viewer: Viewer) -> None:
        self.tasks.start(self._report_undelivered(chat, viewer), f"last input of {chat.name}")

    async def _report_undelivered(self, chat: Chat, viewer: Viewer) -> None:
        """Report input that a closed viewer could not deliver; if the program exits before, the next one reports it."""
        if count := await viewer.delivery.wait():
            self.problem.emit(window_texts.undelivered(chat.full_name, count))

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
        if (agent := self.agent_of(chat)) is not None:
            chat.set_agent(agent)

    def hide(self, chat: Chat) -> None:
        """Leave a chat out of the lists, as if it were removed."""
        self._hidden.add(chat.id)
        self._ended.note_change()
        self.removed.emit(chat.id)
        self._change_soon()

    def unhide(self, chat: Chat) -> None:
        """Show a hidden chat in the lists again."""
        self._hidden.discard(chat.id)
        self._ended.note_change()
        self._change_soon()

    def note_tabs(self, window: int, session_ids: Iterable[str]) -> None:
        """Note which chats have tabs in the window with this id."""
        self._tabs[window] = frozenset(session_ids)
        before, self._open = self._open, frozenset[str]().union(*self._tabs.values())
        changed = (self._ended.get(session_id) for session_id in before ^ self._open)
        if any(record is not None and is_unlisted(record) for record in changed):
            self._ended.note_change()
            self._change_soon()

    def listed_ids(self, *, with_left: bool = False) -> list[str]:
        """The ids of the chats that lists show, in display order; ``with_left`` as in ``groups``."""
        return [record.id for record in self.listed_records(with_left=with_left)]

    def listed_records(self, *, with_left: bool = False) -> list[ChatFacts]:
        """The records of the chats that lists show, in display order: running ones come first."""
        found: list[ChatFacts] = []
        for chats in self.groups(with_left=with_left).values():
            found += chats.records if isinstance(chats, EndedChats) else [chat.record for chat in chats]
        return found

    def is_listed(self, chat: Chat) -> bool:
        """Whether lists show a chat: it is neither continued nor hidden, nor a shell that was left, without a tab."""
        is_left_out = is_unlisted(chat.record) and chat.id not in self._open
        return not chat.is_continued and chat.id not in self._hidden and not is_left_out

    def is_hidden(self, chat: Chat) -> bool:
        """Whether a chat is hidden."""
        return chat.id in self._hidden

    def forget(self, chat: Chat) -> None:
        """Remove a chat from the list; its record is no longer in the store."""
        if self.record(chat.id) is not None:
            self._remove_chat(chat.id)

    def known_records(self, machine: str, max_ended: int) -> list[ChatFacts]:
        """The records of a machine's chats: all that run or have a tab, and of the others those that ended last."""
        running = [chat.record for chat in self._alive.values() if chat.machine.name == machine]
        ended = [record for each in self._ended if machine_of(each) == machine and (record := self._ended.get(each))]
        ended.sort(
            key=lambda record: (record.id in self._open, record.outcome.ended_at or record.origin.created_at),
            reverse=True,
        )
        return running + ended[: max(max_ended, sum(record.id in self._open for record in ended))]

    def note_reachability(self, machine: str) -> None:
        """Note that a machine can be reached, or cannot any more, or for another reason."""
        for chat in [chat for chat in self._alive.values() if chat.machine.name == machine]:
            chat.changed.emit()
        self._change_soon()

    def remove_machine(self, name: str) -> None:
        """Remove a machine with its chats, which keep running there."""
        for session_id in [each for each in (*self._chats, *self._ended) if machine_of(each) == name]:
            if self.record(session_id) is not None:
                self._remove_chat(session_id)
        del self.machines[name]

    def _remove_chat(self, session_id: str) -> None:
        chat = self._chats.pop(session_id, None)
        self._alive.pop(session_id, None)
        self._ended.discard(session_id)
        self._hidden.discard(session_id)
        self._with_changed_text.pop(session_id, None)
        if chat is not None:
            chat.close_all()
        self.removed.emit(session_id)
        self.forgotten.emit(session_id)
        if chat is not None:
            chat.deleteLater()
        self._change_soon()

    def follow_all(self) -> None:
        """Follow the events of all running chats, also of those that are added later."""
        self._is_following = True
        for chat in self.running():
            if chat.first.viewer is None:
                chat.first.follow(output=False)

    @property
    def is_loaded(self) -> bool:
        """Whether this machine's store was read."""
        return self.here.is_loaded

    def refresh(self, machine: str = "") -> None:
        """Read the store of a machine again in the background, by default of this one."""
        if not self._is_closed and (chats := self.machines.get(machine)) is not None:
            chats.refresh()

    async def refresh_now(self, machine: str = "") -> None:
        """Read what has changed in a machine's store, by default this one's, and wait for the result."""
        if (chats := self.machines.get(machine)) is not None:
            await chats.refresh_now()


def _grouped(chats: Iterable[Chat]) -> dict[Group, list[Chat]]:
    found: dict[Group, list[Chat]] = {group: [] for group in Group}
    for chat in chats:
        found[chat.group].append(chat)
    for group, members in found.items():
        members.sort(key=lambda chat: order_key(group, chat.record), reverse=group in OVER)
    return found
