"""The chats, and all that the window has for them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.bridge.search_indexing import SearchIndexing
from session_host.system.event_loop import to_its_end_in_thread

from .chat import Chat
from .chat_list import ChatList
from .chat_marks import ChatOrder, ColorLabels, Muting, QuietWatch
from .git_status import GitStatusWatcher
from .lifecycle import Lifecycle
from .login_path import LoginPathFinder
from .other_machines import OtherMachines
from .removals import Shells, UndoableRemovals
from .store_thread import StoreThread
from .unsent import Drafts, ReviewComments

if TYPE_CHECKING:
    from gui.bridge.chat import ViewerFactory
    from gui.bridge.search import SearchOfMachines
    from session_host.client.viewer.viewer import Viewer


class Sessions(ChatList):
    """The list of all chats, with what the window has for them.

    Attributes:
        lifecycle: starts, resumes, renames and ends chats.
        order, color_labels, muting, quiet_watch, drafts, review_comments: what the user sets for chats.
        removals: removes ended chats, with time to undo.
        shells: the shells that windows started.
        indexing: updates the index of the search in all chats.
        git_status_watcher: the git status of running chats' working trees.
        login_path: finds the PATH of the user's login shell.
        others: the other machines.

    Signals:
        path_found: the PATH to search for agents changed.
    """

    path_found = Signal()

    def __init__(self, storage: StoreThread, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(storage, make_viewer, parent)
        self.login_path = LoginPathFinder(self.tasks, self.problem.emit, self.path_found.emit)
        self.here.environment = self.login_path.environment
        self.here.find_agents = self.login_path.update
        self.here.is_installed = lambda agent: agent.find(os.environ.get("PATH", os.defpath)) is not None
        self.git_status_watcher = GitStatusWatcher(self.tasks, self.here.machine, self)
        self.changed.connect(lambda: self.git_status_watcher.follow(self.running()))
        self.indexing = SearchIndexing(self)
        self.indexing.started.connect(self._on_indexing_started)
        self.added.connect(self._index_output)
        self.forgotten.connect(lambda _session_id: self.indexing.note_output())  # It removes their lines, too.
        self.removals = UndoableRemovals(self)
        self.shells = Shells(self)
        self.lifecycle = Lifecycle(self, self.shells, self.removals)
        self.order = ChatOrder(self)
        self.muting = Muting(self)
        self.quiet_watch = QuietWatch(self)
        self.drafts = Drafts(self)
        self.review_comments = ReviewComments(self)
        self.color_labels = ColorLabels(self)
        self.others = OtherMachines(self)
        self.others.state_changed.connect(self.git_status_watcher.refresh_machine)

    @cached_property
    def search_thread(self) -> SearchOfMachines:
        """Searches in all chats."""
        from gui.bridge.search import SearchOfMachines  # the window's start does not need it

        return SearchOfMachines(self, lambda error: self.problem.emit(str(error)))

    def _index_output(self, chat: Chat) -> None:
        if chat.machine is self.here.machine:
            chat.output_written.connect(self.indexing.note_output)

    def _on_indexing_started(self) -> None:
        """Reset the marks of new output: the process that starts now reads all output so far."""
        for chat in self._chats.values():
            chat.has_new_output = False

    def follow_all(self) -> None:
        """See ``ChatList``; also index what chats wrote while no window was open."""
        self.indexing.note_output()
        super().follow_all()

    def kept_input(self) -> list[tuple[Chat, Viewer]]:
        """The viewers with input that waits for a machine out of reach, or for the user's decision."""
        return [
            (chat, viewer)
            for chat in self._chats.values()
            for viewer in chat.viewers()
            if viewer.inputs.characters() and (viewer.line.shown == "unreachable" or viewer.asks_to_send)
        ]

    async def close(self) -> dict[str, int]:
        """Detach from every chat; returns how many characters of input a chat did not get, at most, by its id."""
        self._is_closed = True
        self.indexing.close()
        search = self.search_thread if "search_thread" in vars(self) else None
        if search is not None:
            search.cancel_query()
        await self.tasks.cancel_all()
        await self.removals.finish()
        if search is not None:
            await to_its_end_in_thread(search.close)
        viewers = [(chat.id, viewer) for chat in self._chats.values() for viewer in chat.viewers()]
        for chat in self._chats.values():
            chat.close_all()
        counts = await asyncio.gather(*(viewer.delivery.wait() for _, viewer in viewers))
        undelivered: Counter[str] = Counter()
        for (session_id, _), count in zip(viewers, counts, strict=True):
            undelivered[session_id] += count
        await self.others.close()
        return dict(+undelivered)
