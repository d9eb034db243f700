"""The chats and all that the window does with them: starts, resumes, ends, explains."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.search import SearchIndexing, SearchThread
from gui.wording.explanation import Explained, explained, explained_without_host
from gui.wording.groups import OVER, Group
from session_host.errors import HostUnavailable, OutliveError, SessionEnded, UsageError
from session_host.paths import session_transitions
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Explain, Kill, Rename, Send, Stop
from session_host.protocol.untrusted_text import as_name
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import Changes, SessionRecord, Store, Version, activity_log, free_name
from session_host.terminal.base import DefaultColors

from .chat import Chat
from .chat_marks import ChatOrder, ColorLabels, Muting, QuietWatch
from .ended_list import EndedChats, EndedList, is_unlisted
from .git_status import GitStatusWatcher
from .login_path import LoginPathFinder
from .new_chat import NewChatRequest
from .removals import Shells, UndoableRemovals
from .store_thread import StoreThread
from .tasks import Tasks
from .unsent import Drafts, ReviewComments

if TYPE_CHECKING:
    from gui.bridge.chat import ViewerFactory
    from session_host.agents.agent import Agent
    from session_host.protocol.values import GridSize, Runtime


RETRY_MS = 2000
"""Interval of attempts to read a store that could not be read at the start."""

TEXTS_MS = 200
"""Interval at which chats' titles and details are shown while they change: a title may have a moving picture."""

TRANSITIONS = 30
"""Number of latest activity changes that ``explain`` returns for an ended chat."""


class Sessions(QObject):
    """The list of all chats, and the actions on them.

    Each running one is a ``Chat``, which follows its host; an ended one is a record until it is shown.

    Attributes:
        agents: the catalog, once read.
        colors: the colours of the terminals, once known.
        is_loaded: whether the store was read, so that the list is complete.
        tasks: the work in the background; a failed task's error is a ``problem``.
        order, color_labels, muting, quiet_watch, drafts, review_comments: what the user sets for chats.
        removals: removes ended chats, with time to undo.
        shells: the shells that windows started.
        indexing, search_thread: the search in all chats.
        git_status_watcher: the git status of running chats' working trees.
        login_path: finds the PATH of the user's login shell.

    Signals:
        changed: the list of chats, or a fact of one, changed; emitted at most once in each turn of the loop.
        added: a ``Chat`` was made: of a new session, or of an ended one that is shown.
        removed: a chat is no longer in the lists, since it was hidden or forgotten (its id).
        forgotten: a chat was removed from the store, and does not come back (its id).
        problem: one line for the user about an error.
        notice_given: one line for the user about something that was done.
        path_found: the PATH to search for agents changed.
    """

    changed = Signal()
    added = Signal(Chat)
    removed = Signal(str)
    forgotten = Signal(str)
    problem = Signal(str)
    notice_given = Signal(str)
    path_found = Signal()

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
        self._ended = EndedList(self.chat_of)
        self._version: Version | None = None
        """The version of the store that was read last."""
        self._hidden: set[str] = set()
        self._tabs: dict[int, frozenset[str]] = {}
        """The chats with tabs, by the windows' ids."""
        self._open: frozenset[str] = frozenset()
        self._is_refreshing = self._refresh_again = self._is_following = self._is_closed = False
        self._changed_timer = QTimer(self, singleShot=True, interval=0)
        self._changed_timer.timeout.connect(self.changed)
        self._with_changed_text: dict[str, Chat] = {}
        self._texts_timer = QTimer(self, singleShot=True, interval=TEXTS_MS)
        self._texts_timer.timeout.connect(self._show_texts)
        self.login_path = LoginPathFinder(self.tasks, self.problem.emit, self.path_found.emit)
        self.git_status_watcher = GitStatusWatcher(self.tasks, self)
        self.changed.connect(lambda: self.git_status_watcher.follow(self.running()))
        self.search_thread = SearchThread(lambda error: self.problem.emit(str(error)))
        self.indexing = SearchIndexing(self)
        self.indexing.started.connect(self._on_indexing_started)
        self.added.connect(lambda chat: chat.output_written.connect(self.indexing.note_output))
        self.forgotten.connect(lambda _session_id: self.indexing.note_output())  # It removes their lines, too.
        self.removals = UndoableRemovals(self)
        self.shells = Shells(self)
        self.order = ChatOrder(self, storage)
        self.muting = Muting(self)
        self.quiet_watch = QuietWatch(self)
        self.drafts = Drafts(self)
        self.review_comments = ReviewComments(self)
        self.color_labels = ColorLabels(self)

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

    def record(self, session_id: str) -> SessionRecord | None:
        """The record of the chat with this id; unlike ``get``, this makes no ``Chat``."""
        known = self._chats.get(session_id)
        return known.record if known is not None else self._ended.get(session_id)

    def names(self) -> set[str]:
        """The names of all chats."""
        return {record.name for each in (*self._chats, *self._ended) if (record := self.record(each)) is not None}

    def latest_continuation(self, session_id: str) -> Chat | None:
        """The last chat in the chain of resumes that begins with this id."""
        return self.get(self._last_in_chain(session_id))

    def _last_in_chain(self, session_id: str) -> str:
        seen: set[str] = set()
        while (ended := self._ended.get(session_id)) is not None and session_id not in seen:
            seen.add(session_id)
            if ended.continued_by is None or self.record(ended.continued_by) is None:
                break
            session_id = ended.continued_by
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
        self._changed_timer.start()

    # ------------------------------------------------------------ updating

    def apply_records(self, records: Iterable[SessionRecord], version: Version | None = None) -> None:
        """Add, update and remove chats until they match the store, which has these records at this version."""
        found = {record.id: record for record in records}
        known = {*self._chats, *self._ended}
        self._ended.put_all(
            record for record in found.values() if record.id not in known and record.state not in RUNNING_STATES
        )
        for record in found.values():
            self._apply_record(record)
        for session_id in known - found.keys():
            self._remove_chat(session_id)
        self._version = version
        if not self.is_loaded:
            self.is_loaded = True
            self._changed_timer.start()

    def _apply_record(self, record: SessionRecord) -> None:
        if (known := self._chats.get(record.id)) is not None:
            known.apply_record(record)
        elif record.state in RUNNING_STATES:
            self.chat_of(record)
        elif (listed := self._ended.get(record.id)) is not record and record != listed:
            self._ended.put(record)
            self._changed_timer.start()

    def chat_of(self, record: SessionRecord) -> Chat:
        """The chat of a record in the store, which the model need not have read yet."""
        if (known := self._chats.get(record.id)) is not None:
            return known
        chat = Chat(record, self._make_viewer, self)
        if self.colors is not None:
            chat.set_colors(self.colors)
        self._set_agent(chat)
        chat.changed.connect(partial(self._on_changed, chat))
        chat.text_changed.connect(partial(self._on_text_changed, chat))
        self._chats[record.id] = chat
        is_known = record is self._ended.get(record.id)
        if not chat.has_ended:
            self._alive[record.id] = chat
            self._ended.discard(record.id)
        elif not is_known:
            self._ended.put(record)
        self.added.emit(chat)
        if not is_known:
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
        self._ended.note_change()
        self.removed.emit(chat.id)
        self._changed_timer.start()

    def unhide(self, chat: Chat) -> None:
        """Show a hidden chat in the lists again."""
        self._hidden.discard(chat.id)
        self._ended.note_change()
        self._changed_timer.start()

    def note_tabs(self, window: int, session_ids: Iterable[str]) -> None:
        """Note which chats have tabs in the window with this id."""
        self._tabs[window] = frozenset(session_ids)
        before, self._open = self._open, frozenset[str]().union(*self._tabs.values())
        changed = (self._ended.get(session_id) for session_id in before ^ self._open)
        if any(record is not None and is_unlisted(record) for record in changed):
            self._ended.note_change()
            self._changed_timer.start()

    def listed_ids(self, *, with_left: bool = False) -> list[str]:
        """The ids of the chats that lists show, in display order; ``with_left`` as in ``groups``."""
        return [record.id for record in self.listed_records(with_left=with_left)]

    def listed_records(self, *, with_left: bool = False) -> list[SessionRecord]:
        """The records of the chats that lists show, in display order: running ones come first."""
        found: list[SessionRecord] = []
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
        self._changed_timer.start()

    def follow_all(self) -> None:
        """Follow the events of all running chats, also of those that are added later.

        Also index what chats wrote while no window was open.
        """
        self.indexing.note_output()
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
                await self.refresh_now()
                if not self._refresh_again:
                    return
        except OutliveError:
            if self.is_loaded:
                raise
            QTimer.singleShot(RETRY_MS, self, self.refresh)  # The problem was already shown at the start.
        finally:
            self._is_refreshing = False

    async def refresh_now(self) -> None:
        """Read what has changed in the store, and wait for the result."""
        version = self._version
        found = await self._storage.call(lambda store: _read(store, version))
        if not isinstance(found, Changes):
            self.apply_records(*found)
            return
        for record in found.changed:
            self._apply_record(record)
        for session_id in found.removed:
            if self.record(session_id) is not None:
                self._remove_chat(session_id)
        self._version = found.version

    def _on_indexing_started(self) -> None:
        """Reset the marks of new output: the process that starts now reads all output so far."""
        for chat in self._chats.values():
            chat.has_new_output = False

    async def close(self) -> dict[str, int]:
        """Detach from every chat; returns how many characters of input a chat did not get, at most, by its id."""
        self._is_closed = True
        self.indexing.close()
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

    # ------------------------------------------------------------ changes of chats

    def free_name(self, wanted: str, *, is_chosen: bool) -> str:
        """The name that a new chat gets for a wanted one.

        If the user has chosen it, it differs from those of running chats; else from those of all.
        """
        names = self.names()
        running = {chat.record.name for chat in self.chats() if not chat.has_ended}  # Also a shell that is to end.
        return free_name(wanted, running if is_chosen else names, names)

    async def launch(
        self, request: NewChatRequest, agent: Agent, size: GridSize, *, conversation: str = "", anyway: bool = False
    ) -> Chat:
        """Start a chat, or continue a ``conversation`` in one; a number is added to a name that is in use.

        Raises:
            OutliveError: it could not be started, or continued (``continue_conversation``); nothing is left of it.
        """
        from session_host.client.chats.earlier_conversations import continue_conversation
        from session_host.client.chats.launch import launch
        from session_host.client.chats.launch_spec import LaunchRequest

        name = self.free_name(request.name, is_chosen=request.is_named) or None
        full = await self.login_path.with_login_path(LaunchRequest(
            agent=agent, arguments=request.arguments, name=name, is_named=request.is_named,
            directory=request.directory, prompt=request.prompt, worktree=request.worktree,
            environment=dict(os.environ), overrides=request.overrides, size=size, colors=self.colors,
            runtime=request.runtime, conversation=conversation,
        ))  # fmt: skip
        record = await (continue_conversation(full, anyway=anyway) if conversation else launch(full))
        chat = self.chat_of(record)
        chat.has_prompt = bool(request.prompt)
        if record.is_shell:
            self.shells.own.add(record.id)
        return chat

    async def resume(
        self, chat: Chat, size: GridSize, *, anyway: bool = False, runtime: Runtime | None = None, prompt: str = ""
    ) -> Chat:
        """Resume an ended chat, in its previous runtime or in the given one; the new chat replaces it in lists.

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
        if record.is_shell:
            self.shells.own.add(record.id)
        if chat.has_ended:
            chat.record.continued_by = record.id
            chat.changed.emit()
        return self.chat_of(record)

    async def fork(self, chat: Chat, size: GridSize, *, before: str = "") -> Chat:
        """Start a chat with a copy of another one's conversation, whole or before the prompt with this item's id.

        Raises:
            OutliveError: that failed.
        """
        from session_host.client.chats.fork import fork

        record = await fork(chat.id, before=before, environment=await self.login_path.environment(), size=size)
        return self.chat_of(record)

    async def recent_directories(self, limit: int) -> list[str]:
        """The directories of recently started chats, latest first."""
        return await self._storage.call(lambda store: store.recent_directories(limit))

    async def explain(self, chat: Chat) -> Explained:
        """The evidence for a chat's status, from its host; for an ended chat, from its log.

        Raises:
            OutliveError: the host does not answer, or its version lacks this request.
        """
        is_plain = chat.is_shell_or_command
        if not chat.has_ended:
            with contextlib.suppress(SessionEnded):
                return explained(await chat.ask(Explain(request=1)), is_plain=is_plain)
        changes = await asyncio.to_thread(activity_log.last, session_transitions(chat.id), TRANSITIONS)
        conversation = chat.record.provider_session_id or ""
        return explained_without_host(changes, conversation, has_ended=chat.has_ended, is_plain=is_plain)

    async def send_text(self, chat: Chat, text: str, *, anyway: bool = False) -> None:
        """Type a text and Enter into a chat, also without an open tab; ``anyway``: even if the chat asks something.

        Raises:
            NeedsInput: the chat asks something, and the text could be taken for the answer.
            OutliveError: the text was not accepted; the message says why.
        """
        if len(text) > MAX_PASTE_CHARACTERS:
            raise UsageError(f"the text is too long ({len(text):,} characters, at most {MAX_PASTE_CHARACTERS:,})")
        await chat.ask(Send(request=1, text=text, paste=True, enter=True, anyway=anyway))

    def rename(self, chat: Chat, name: str) -> None:
        """Rename a chat."""
        name = as_name(name)
        if name and (name != chat.record.name or not chat.record.is_named):
            self.tasks.start(self._rename(chat, name), "rename")

    async def _rename(self, chat: Chat, name: str) -> None:
        await self._storage.call(lambda store: store.rename(chat.id, name))
        chat.record.name, chat.record.default_name = name, ""
        chat.changed.emit()
        if not chat.has_ended:
            with contextlib.suppress(SessionEnded, HostUnavailable):  # The store has the name, and the host is gone.
                await chat.ask(Rename(request=1, name=name))

    def stop(self, chat: Chat) -> None:
        """End a chat politely."""
        self._end(chat, Stop(request=1))

    def kill(self, chat: Chat) -> None:
        """End a chat at once."""
        self._end(chat, Kill(request=1))

    def _end(self, chat: Chat, request: Stop | Kill) -> None:
        if not chat.has_ended:
            self.tasks.start(self._end_now(chat, request), "end")

    async def _end_now(self, chat: Chat, request: Stop | Kill) -> None:
        try:
            await chat.ask(request)
        except SessionEnded:
            pass  # It has already ended.
        finally:
            self.refresh()

    def remove(self, chat: Chat) -> None:
        """Remove an ended chat and its files, at once."""
        if chat.has_ended:
            self.tasks.start(self.removals.remove_now(chat), "remove")


def _read(store: Store, version: Version | None) -> Changes | tuple[list[SessionRecord], Version]:
    """The changes since a version; all records and their version if there is none, or the file was replaced."""
    if version is not None and (changes := store.changes_since(version)) is not None:
        return changes
    now = store.version()
    return store.all(), now


def _grouped(chats: Iterable[Chat]) -> dict[Group, list[Chat]]:
    found: dict[Group, list[Chat]] = {group: [] for group in Group}
    for chat in chats:
        found[chat.group].append(chat)
    for group, members in found.items():
        members.sort(key=lambda chat: chat.order_in(group), reverse=group in OVER)
    return found
