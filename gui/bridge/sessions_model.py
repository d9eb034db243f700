"""All chats, kept equal to the store and to the state of their hosts."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.background.login_path import LoginPathFinder
from gui.bridge.background.search_indexing import SearchIndexing
from gui.bridge.background.search_thread import SearchThread
from gui.bridge.background.store_thread import StoreThread
from gui.bridge.background.tasks import Tasks
from gui.bridge.chat import Chat
from gui.bridge.chat_order import ChatOrder
from gui.bridge.checkouts import GitStatusWatcher
from gui.bridge.clock_changes import ClockChanges
from gui.bridge.color_labels import ColorLabels
from gui.bridge.drafts import Drafts
from gui.bridge.muting import Muting
from gui.bridge.removals import UndoableRemovals
from gui.bridge.requests import ask
from gui.wording.explanation import Explained, explained, explained_without_host
from gui.wording.groups import OVER, Group
from session_host.errors import HostUnavailable, OutliveError, SessionEnded, UsageError
from session_host.paths import session_transitions
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Explain, Kill, Rename, Send, Stop
from session_host.storage.store import SessionRecord, Store, activity_log, free_name
from session_host.terminal.base import DefaultColors

if TYPE_CHECKING:
    from gui.bridge.chat_viewer import ViewerFactory
    from session_host.agents.agent import Agent
    from session_host.protocol.values import GridSize, Runtime

TRANSITIONS = 30
"""Number of latest activity changes that ``explain`` returns for an ended chat."""

RETRY_MS = 2000
"""Interval of attempts to read a store that could not be read at the start."""


class SessionsModel(QObject):
    """Every session as a ``Chat``; running ones follow their hosts.

    Attributes:
        is_loaded: whether the store was read, so that the list of chats is complete.

    Signals:
        changed: the list of chats, or a fact of one, changed; emitted at most once in each turn of the loop.
        added, removed: a chat was added (the chat), or removed from the store (its id).
        problem: one line for the user about an error.
        notice_given: one line for the user about something that was done.
        path_found: the PATH on which agents are searched changed.
    """

    changed = Signal()
    added = Signal(Chat)
    removed = Signal(str)
    problem = Signal(str)
    notice_given = Signal(str)
    path_found = Signal()

    def __init__(self, storage: StoreThread, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._storage, self._make_viewer = storage, make_viewer
        self.colors: DefaultColors | None = None
        """The colours of the terminals, once known."""
        self.agents: Mapping[str, Agent] = {}
        """The catalog, once read."""
        self.is_loaded = False
        self._chats: dict[str, Chat] = {}
        self._ended_from_window: set[str] = set()
        self.tasks = Tasks(lambda error: self.problem.emit(str(error)))
        self.login_path = LoginPathFinder(self.tasks, self.problem.emit, self.path_found.emit)
        self.checkouts = GitStatusWatcher(self.tasks, self)
        self.search_thread = SearchThread(lambda error: self.problem.emit(str(error)))
        self.removals = UndoableRemovals(self)
        self.order = ChatOrder(self, storage)
        self.indexing = SearchIndexing(self)
        self.indexing.started.connect(self._on_indexing_started)
        self.clock_changes = ClockChanges(self)
        self.muting = Muting(self)
        self.drafts = Drafts(self)
        self.color_labels = ColorLabels(self)
        self._is_refreshing = self._refresh_again = self._is_following = self._is_closed = False
        self._changed_timer = QTimer(self, singleShot=True, interval=0)
        self._changed_timer.timeout.connect(self._on_changed)

    def _on_changed(self) -> None:
        self.checkouts.follow(self.running())
        self.changed.emit()

    def _on_indexing_started(self) -> None:
        """Reset the marks of new output: the process that starts now reads all output so far."""
        for chat in self._chats.values():
            chat.has_new_output = False

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
        """The chats that lists show, oldest first: without continued ones and those being removed."""
        return [chat for chat in self._chats.values() if not chat.is_continued and chat.id not in self.removals]

    def running(self) -> list[Chat]:
        """The running chats, oldest first."""
        return [chat for chat in self._chats.values() if not chat.has_ended]

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

    def groups(self) -> dict[Group, list[Chat]]:
        """The chats of each group in the order in which they are shown."""
        found: dict[Group, list[Chat]] = {group: [] for group in Group}
        for chat in self.listed():
            found[chat.group].append(chat)
        for group, chats in found.items():
            chats.sort(key=lambda chat: chat.order, reverse=group in OVER)
        return found

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
        if (agent := self.agents.get(record.agent)) is not None:
            chat.stale_after_s = agent.signals.stale_after_s
        chat.ended_from_window = record.id in self._ended_from_window
        chat.changed.connect(self._changed_timer.start)
        chat.output_written.connect(self.indexing.note_output)
        self._chats[record.id] = chat
        self.added.emit(chat)
        self._changed_timer.start()
        if self._is_following:
            chat.follow(output=False)
        return chat

    def _remove_chat(self, session_id: str) -> None:
        chat = self._chats.pop(session_id)
        chat.close_all()
        self.removed.emit(session_id)
        chat.deleteLater()
        self._changed_timer.start()

    def follow_all(self) -> None:
        """Follow the events of all running chats, also of those that are added later."""
        self._is_following = True
        self.indexing.note_output()  # Chats wrote output while no window was open.
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

    async def close(self) -> dict[str, int]:
        """Detach from every chat; returns how many characters of input a chat did not get, at most, by its id."""
        self._is_closed = True
        self.indexing.close()
        self.clock_changes.close()
        self.search_thread.cancel_query()
        await self.tasks.cancel_all()
        await self.removals.finish()
        await asyncio.to_thread(self.search_thread.close)
        viewers = [viewer for chat in self._chats.values() for viewer in chat.viewers()]
        for chat in self._chats.values():
            chat.close_all()
        counts = await asyncio.gather(*(viewer.closed() for viewer in viewers))
        undelivered: Counter[str] = Counter()
        for viewer, count in zip(viewers, counts, strict=True):
            undelivered[viewer.session_id] += count
        return dict(+undelivered)

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
        conversation: str = "",
        anyway: bool = False,
    ) -> Chat:
        """Start a chat, or continue a ``conversation`` in one; a number is added to a name that is in use.

        Raises:
            OutliveError: it could not be started, or continued (``continue_conversation``); nothing is left of it.
        """
        from session_host.client.chats.earlier_conversations import continue_conversation
        from session_host.client.chats.launch import launch
        from session_host.client.chats.launch_request import LaunchRequest

        request = await self.login_path.with_login_path(LaunchRequest(
            agent=agent, arguments=arguments, name=free_name(name, {chat.name for chat in self.running()}) or None,
            directory=directory, prompt=prompt, worktree=worktree, environment=dict(os.environ), overrides=overrides,
            size=size, colors=self.colors, runtime=runtime, conversation=conversation,
        ))  # fmt: skip
        return self.chat_of(await (continue_conversation(request, anyway=anyway) if conversation else launch(request)))

    async def resume(
        self, chat: Chat, size: GridSize, *, anyway: bool = False, runtime: Runtime | None = None, prompt: str = ""
    ) -> Chat:
        """Resume an ended chat, in its former runtime or in the given one; the new chat replaces it in lists.

        For a running structured chat, start the agent's own terminal in addition.

        Raises:
            NotResumable: it cannot be resumed; with ``ConversationOpen``, only if ``anyway`` is true.
            OutliveError: it could not be started.
        """
        from session_host.client.chats.resume import resume

        record = await resume(
            chat.id, environment=await self.login_path.environment(), size=size, colors=self.colors,
            anyway=anyway, runtime=runtime, prompt=prompt,
        )  # fmt: skip
        if chat.has_ended:
            chat.record.continued_by = record.id
            chat.changed.emit()
        return self.chat_of(record)

    async def fork(self, chat: Chat, size: GridSize) -> Chat:
        """Start a chat with a copy of another one's conversation; raises an ``OutliveError`` if that fails."""
        from session_host.client.chats.fork import fork

        record = await fork(chat.id, environment=await self.login_path.environment(), size=size)
        return self.chat_of(record)

    async def choose_conversation(self, chat: Chat, size: GridSize) -> Chat:
        """Start a chat in an ended one's directory; the agent shows its list of conversations to choose from.

        Raises:
            OutliveError: the agent has no such list, or the chat could not be started.
        """
        from session_host.client.chats.resume import resume_with_picker

        environment = await self.login_path.environment()
        record = await resume_with_picker(chat.id, environment=environment, size=size, colors=self.colors)
        return self.chat_of(record)

    async def recent_directories(self, limit: int) -> list[str]:
        """The directories in which chats were started recently, latest first."""
        return await self._storage.call(lambda store: store.recent_directories(limit))

    async def explain(self, chat: Chat) -> Explained:
        """The evidence for a chat's status, from its host; for an ended chat, from its log.

        Raises:
            OutliveError: its host does not answer, or its version does not have this request.
        """
        if not chat.has_ended:
            with contextlib.suppress(SessionEnded):
                return explained(await ask(chat, Explain(request=1)))
        changes = await asyncio.to_thread(activity_log.last, session_transitions(chat.id), TRANSITIONS)
        return explained_without_host(changes, chat.record.provider_session_id or "", has_ended=chat.has_ended)

    async def send_text(self, chat: Chat, text: str, *, anyway: bool = False) -> None:
        """Type a text and Enter into a chat, also without an open tab; ``anyway``: even if the chat asks something.

        Raises:
            NeedsInput: the chat asks something, and the text could be taken for the answer.
            OutliveError: the text was not accepted; the message says why.
        """
        if len(text) > MAX_PASTE_CHARACTERS:
            raise UsageError(f"the text is too long ({len(text):,} characters, at most {MAX_PASTE_CHARACTERS:,})")
        await ask(chat, Send(request=1, text=text, paste=True, enter=True, anyway=anyway))

    def rename(self, chat: Chat, name: str) -> None:
        """Rename a chat."""
        name = " ".join(name.split())
        if name and name != chat.name:
            self.tasks.start(self._rename(chat, name), "rename")

    async def _rename(self, chat: Chat, name: str) -> None:
        await self._storage.call(lambda store: store.rename(chat.id, name))
        chat.record.name = name
        chat.changed.emit()
        if not chat.has_ended:
            with contextlib.suppress(SessionEnded, HostUnavailable):  # The store has the name, and the host is gone.
                await ask(chat, Rename(request=1, name=name))

    def stop(self, chat: Chat) -> None:
        """End a chat politely."""
        self._end(chat, Stop(request=1))

    def kill(self, chat: Chat) -> None:
        """End a chat at once."""
        self._end(chat, Kill(request=1))

    def _end(self, chat: Chat, request: Stop | Kill) -> None:
        if not chat.has_ended:
            self._ended_from_window.add(chat.id)
            chat.ended_from_window = True
            self.tasks.start(self._end_now(chat, request), "end")

    async def _end_now(self, chat: Chat, request: Stop | Kill) -> None:
        try:
            await ask(chat, request)
        except SessionEnded:
            pass  # It has already ended.
        except OutliveError:
            self._ended_from_window.discard(chat.id)
            chat.ended_from_window = False
            raise
        finally:
            self.refresh()

    def remove(self, chat: Chat) -> None:
        """Remove an ended chat and its files, at once."""
        if chat.has_ended:
            self.tasks.start(self.removals.remove_now(chat), "remove")

    def forget_chat(self, session_id: str) -> None:
        """Remove a chat from the model; its record is no longer in the store."""
        if session_id in self._chats:
            self._remove_chat(session_id)
