"""All chats, kept in step with the store and with their hosts."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.background.login_path import LoginPathFinder
from gui.bridge.background.search_indexing import SearchIndexing
from gui.bridge.background.search_thread import SearchThread
from gui.bridge.background.store_thread import StoreThread
from gui.bridge.background.tasks import Tasks
from gui.bridge.chat import Chat
from gui.bridge.chat_order import ChatOrder
from gui.bridge.checkouts import GitStatusWatcher
from gui.bridge.muting import Muting
from gui.bridge.removals import UndoableRemovals
from gui.wording.explanation import Explained, explained, explained_without_host
from gui.wording.groups import OVER, Group
from session_host.errors import HostUnavailable, OutliveError, SessionEnded, UsageError
from session_host.paths import session_transitions
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Explain, Kill, Rename, Request, Send, Stop
from session_host.storage.store import SessionRecord, Store, activity_log, free_name
from session_host.terminal.base import DefaultColors

if TYPE_CHECKING:
    from gui.bridge.chat_viewer import ViewerFactory
    from session_host.agents.agent import Agent
    from session_host.protocol.values import GridSize, Runtime

TRANSITIONS = 30
"""Number of the last changes of activity that ``explain`` gives for an ended chat."""

READ_AGAIN_MS = 2000
"""Interval of tries to read a store that could not be read at the start."""


class SessionsModel(QObject):
    """Every session as a ``Chat``; a running one is followed from the moment it is known.

    Attributes:
        is_known: the record was read, so that these are all chats there are.

    Signals:
        changed: which chats there are, or any fact of one; comes at most once a turn of the loop.
        added, removed: a chat came into being, or was removed from the record (its id).
        problem: one line for the user about an error.
        told: one line for the user about what was done or kept.
        path_found: agents are searched for on another PATH now.
    """

    changed = Signal()
    added = Signal(Chat)
    removed = Signal(str)
    problem = Signal(str)
    told = Signal(str)
    path_found = Signal()

    def __init__(self, storage: StoreThread, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._storage = storage
        self._make_viewer = make_viewer
        self.colors: DefaultColors | None = None
        """The colours of the terminals, once known."""
        self.agents: Mapping[str, Agent] = {}
        """The catalog, once read."""
        self.is_known = False
        self._chats: dict[str, Chat] = {}
        self._ended_by_you: set[str] = set()
        self.tasks = Tasks(lambda error: self.problem.emit(str(error)))
        self.login_path = LoginPathFinder(self.tasks, self.problem.emit, self.path_found.emit)
        self.checkouts = GitStatusWatcher(self.tasks, self)
        self.finder = SearchThread(lambda error: self.problem.emit(str(error)))
        self.removals = UndoableRemovals(self)
        self.order = ChatOrder(self, storage)
        self.indexing = SearchIndexing(self)
        self.indexing.started.connect(self._on_indexing)
        self.muting = Muting(self)
        self._refreshing = self._refresh_again = False
        self._following = self._closed = False
        self._tell = QTimer(self, singleShot=True, interval=0)
        self._tell.timeout.connect(self._on_changed)

    def _on_changed(self) -> None:
        self.checkouts.follow(self.running())
        self.changed.emit()

    def _on_indexing(self) -> None:
        """What is written from now on is for the next time."""
        for chat in self._chats.values():
            chat.has_written = False

    def show_in(self, colors: DefaultColors) -> None:
        """Set the terminals' colours, which programs get as answers to colour queries."""
        self.colors = colors
        for chat in self._chats.values():
            chat.set_colors(colors)

    # ------------------------------------------------------------ reading

    def chats(self) -> list[Chat]:
        """All chats, oldest first."""
        return list(self._chats.values())

    def listed(self) -> list[Chat]:
        """The chats in lists, oldest first, without those that were continued."""
        return [chat for chat in self._chats.values() if not chat.is_continued and chat.id not in self.removals]

    def running(self) -> list[Chat]:
        """The running chats, oldest first."""
        return [chat for chat in self._chats.values() if not chat.has_ended]

    def running_in_order(self) -> list[Chat]:
        """The running chats in the order of the groups: first those that need the user."""
        return [chat for group, chats in self.groups().items() if group not in OVER for chat in chats]

    def get(self, session_id: str) -> Chat | None:
        """The chat with this id."""
        return self._chats.get(session_id)

    def newest_of(self, session_id: str) -> Chat | None:
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

    def groups(self) -> dict[Group, list[Chat]]:
        """The chats of each group in the order in which they are shown."""
        found: dict[Group, list[Chat]] = {group: [] for group in Group}
        for chat in self.listed():
            found[chat.group].append(chat)
        for group, chats in found.items():
            chats.sort(key=lambda chat: chat.order, reverse=group in OVER)
        return found

    # ------------------------------------------------------------ keeping true

    def set_ended_by_you(self, session_ids: Iterable[str]) -> None:
        """Set the chats that the user ended from this window, from the saved layout."""
        self._ended_by_you.update(session_ids)

    def take_records(self, records: Iterable[SessionRecord]) -> None:
        """Add, update and remove chats to match the store."""
        present = set()
        for record in records:
            present.add(record.id)
            chat = self._chats.get(record.id)
            if chat is None:
                self._insert_chat(record)
            else:
                chat.apply_record(record)
        for session_id in [known for known in self._chats if known not in present]:
            self._drop(session_id)
        if not self.is_known:
            self.is_known = True
            self._tell.start()

    def _insert_chat(self, record: SessionRecord) -> Chat:
        chat = Chat(record, self._make_viewer, self)
        if self.colors is not None:
            chat.set_colors(self.colors)
        if (agent := self.agents.get(record.agent)) is not None:
            chat.stale_after_s = agent.signals.stale_after_s
        chat.ended_by_you = record.id in self._ended_by_you
        chat.changed.connect(self._tell.start)
        chat.wrote.connect(self.indexing.note_output)
        self._chats[record.id] = chat
        self.added.emit(chat)
        self._tell.start()
        if self._following:
            chat.follow(output=False)
        return chat

    def _drop(self, session_id: str) -> None:
        chat = self._chats.pop(session_id)
        chat.close_all()
        self.removed.emit(session_id)
        chat.deleteLater()
        self._tell.start()

    def follow_all(self) -> None:
        """Follow the events of each running chat, from now on."""
        self._following = True
        self.indexing.note_output()  # Chats went on while there was no window.
        for chat in self.running():
            if chat.viewer is None:
                chat.follow(output=False)

    def refresh(self) -> None:
        """Read the store again, soon."""
        if self._closed:
            return
        if self._refreshing:
            self._refresh_again = True
            return
        self._refreshing = True
        self.tasks.start(self._refresh(), "refresh")

    async def _refresh(self) -> None:
        try:
            while True:
                self._refresh_again = False
                self.take_records(await self._storage.call(Store.all))
                if not self._refresh_again:
                    return
        except OutliveError:
            if self.is_known:
                raise
            QTimer.singleShot(READ_AGAIN_MS, self, self.refresh)  # That it cannot be read was said at the start.
        finally:
            self._refreshing = False

    async def look_now(self) -> None:
        """Read the store again, and wait for the result."""
        self.take_records(await self._storage.call(Store.all))

    async def close(self) -> None:
        """Detach from every chat; all of them run on."""
        self._closed = True
        self.indexing.close()
        self.finder.forget_question()
        await self.tasks.cancel_all()
        await self.removals.finish()
        await asyncio.to_thread(self.finder.close)
        viewers = [viewer for chat in self._chats.values() for viewer in chat.viewers()]
        for chat in self._chats.values():
            chat.close_all()
        await asyncio.gather(*(viewer.closed() for viewer in viewers))

    # ------------------------------------------------------------ verbs

    async def launch(
        self,
        agent: Agent,
        arguments: list[str],
        *,
        name: str,
        directory: str,
        prompt: str,
        worktree: str | None,
        overrides: dict[str, str],
        size: GridSize,
        runtime: Runtime = "terminal",
    ) -> Chat:
        """Start a chat; it runs when this returns. A number follows a ``name`` that is taken.

        Raises:
            OutliveError: it could not be started; nothing is left of it.
        """
        from session_host.client.chats.launch import launch
        from session_host.client.chats.launch_request import LaunchRequest

        request = LaunchRequest(
            agent=agent, arguments=arguments, name=free_name(name, {chat.name for chat in self.running()}) or None,
            directory=directory, prompt=prompt, worktree=worktree, environment=dict(os.environ), overrides=overrides,
            size=size, colors=self.colors, runtime=runtime,
        )  # fmt: skip
        record = await launch(await self.login_path.completed(request))
        return self._chats.get(record.id) or self._insert_chat(record)

    async def resume(
        self, chat: Chat, size: GridSize, *, anyway: bool = False, runtime: Runtime | None = None, prompt: str = ""
    ) -> Chat:
        """Resume an ended chat, as before or in the given runtime; the new chat replaces it in lists.

        A running structured chat is shown in a terminal, too, beside it.

        Raises:
            NotResumable: it cannot be gone on with; ``ConversationOpen``: only ``anyway``.
            OutliveError: it could not be started.
        """
        from session_host.client.chats.resume import resume

        environment = await self.login_path.environment()
        record = await resume(
            chat.id, environment=environment, size=size, colors=self.colors, anyway=anyway, runtime=runtime,
            prompt=prompt,
        )  # fmt: skip
        if chat.has_ended:
            chat.record.continued_by = record.id
            chat.changed.emit()
        return self._chats.get(record.id) or self._insert_chat(record)

    async def fork(self, chat: Chat, size: GridSize) -> Chat:
        """Start a chat that goes on from where another one is; raises an ``OutliveError`` if it cannot."""
        from session_host.client.chats.fork import fork

        record = await fork(chat.id, environment=await self.login_path.environment(), size=size)
        return self._chats.get(record.id) or self._insert_chat(record)

    async def pick(self, chat: Chat, size: GridSize) -> Chat:
        """Start a chat where an ended one was, in which the agent lets its user choose a conversation.

        Raises:
            OutliveError: its agent has no list to choose from, or it could not be started.
        """
        from session_host.client.chats.resume import resume_with_picker

        environment = await self.login_path.environment()
        record = await resume_with_picker(chat.id, environment=environment, size=size, colors=self.colors)
        return self._chats.get(record.id) or self._insert_chat(record)

    async def recent_directories(self, limit: int) -> list[str]:
        """The directories that chats were started in lately."""
        return await self._storage.call(lambda store: store.recent_directories(limit))

    async def explain(self, chat: Chat) -> Explained:
        """The evidence for a chat's state, from its host; for an ended chat, from its log.

        Raises:
            OutliveError: its host does not answer, or is of a version that cannot tell.
        """
        if not chat.has_ended:
            with contextlib.suppress(SessionEnded):
                return explained(await self._request(chat, Explain(request=1)))
        changes = await asyncio.to_thread(activity_log.last, session_transitions(chat.id), TRANSITIONS)
        return explained_without_host(changes, chat.record.provider_session_id or "", has_ended=chat.has_ended)

    async def send_text(self, chat: Chat, text: str, *, anyway: bool = False) -> None:
        """Type a text into a chat, whether its tab is open or not, and press Enter; ``anyway``: even if it asks.

        Raises:
            NeedsInput: the chat asks something, which the text could answer.
            OutliveError: it was not taken; the message says why.
        """
        if len(text) > MAX_PASTE_CHARACTERS:
            raise UsageError(f"the text is too long ({len(text):,} characters, at most {MAX_PASTE_CHARACTERS:,})")
        await self._request(chat, Send(request=1, text=text, paste=True, enter=True, anyway=anyway))

    def rename(self, chat: Chat, name: str) -> None:
        """Give a chat another name."""
        name = " ".join(name.split())
        if name and name != chat.name:
            self.tasks.start(self._rename(chat, name), "rename")

    async def _rename(self, chat: Chat, name: str) -> None:
        await self._storage.call(lambda store: store.rename(chat.id, name))
        chat.record.name = name
        chat.changed.emit()
        if not chat.has_ended:
            try:
                await self._request(chat, Rename(request=1, name=name))
            except (SessionEnded, HostUnavailable):
                pass  # The record has the name; a host that is gone needs it no more.

    def stop(self, chat: Chat) -> None:
        """End a chat politely."""
        self._end(chat, Stop(request=1))

    def kill(self, chat: Chat) -> None:
        """End a chat at once."""
        self._end(chat, Kill(request=1))

    def _end(self, chat: Chat, request: Stop | Kill) -> None:
        if not chat.has_ended:
            self._ended_by_you.add(chat.id)
            chat.ended_by_you = True
            self.tasks.start(self._end_now(chat, request), "end")

    async def _end_now(self, chat: Chat, request: Stop | Kill) -> None:
        try:
            await self._request(chat, request)
        except SessionEnded:
            pass  # It was faster: that is what was wanted.
        except OutliveError:
            self._ended_by_you.discard(chat.id)
            chat.ended_by_you = False
            raise
        finally:
            self.refresh()

    async def _request(self, chat: Chat, request: Request) -> Any:
        from session_host.client.control import request as ask

        chat.expect_answer()
        return await ask(chat.id, request)

    def remove(self, chat: Chat) -> None:
        """Remove an ended chat and its files, at once."""
        if chat.has_ended:
            self.tasks.start(self.removals.remove_now(chat), "remove")

    def remove_record(self, session_id: str) -> None:
        """A chat was removed from the record."""
        if session_id in self._chats:
            self._drop(session_id)
