"""The chats, and all that the window has for them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.bridge.account_limits import KnownLimits
from gui.bridge.search_indexing import SearchIndexing
from gui.wording import window_texts
from session_host.system.event_loop import to_its_end_in_thread

from .chat import Chat
from .chat_list import ChatList
from .chat_marks import ChatOrder, ColorLabels, Muting, QuietWatch
from .git_status import GitStatusWatcher
from .lifecycle import Lifecycle
from .listed_chats import ListedChats
from .login_path import LoginPathFinder
from .machine_chats import MachineChats
from .machine_files import OwnFiles
from .machines import Machines
from .other_machines import OtherMachines
from .removals import Shells, UndoableRemovals
from .sparklines import Sparklines
from .store_thread import StoreThread, WindowsMachine
from .tasks import Tasks
from .unsent import Drafts, ReviewComments

if TYPE_CHECKING:
    from gui.bridge.chat import ViewerFactory
    from gui.bridge.search import SearchOfMachines
    from session_host.client.viewer.viewer import Viewer


class Sessions(QObject):
    """The chats, and all that the window has for them.

    Attributes:
        machines: this machine, and the others.
        chats: all chats.
        listed: those that lists show.
        tasks: the work in the background; a failed task's error is a ``problem``.
        lifecycle: starts, resumes, renames and ends chats.
        order, color_labels, muting, quiet_watch, drafts, review_comments: what the user sets for chats.
        removals: removes ended chats, with time to undo.
        shells: the shells that windows started.
        indexing: updates the index of the search in all chats.
        git_status_watcher: the git status of running chats' working trees.
        sparklines: how much the chats that work write.
        account_limits: the limits of the accounts that the chats use.
        login_path: finds the PATH of the user's login shell.
        others: the links to the other machines.

    Signals:
        path_found: the PATH to search for agents changed.
        problem: one line for the user about an error.
        notice_given: one line for the user about something that was done.
    """

    path_found = Signal()
    problem = Signal(str)
    notice_given = Signal(str)

    def __init__(self, storage: StoreThread, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = Tasks(self.problem.emit)
        self.machines = Machines()
        self.chats = ChatList(self.machines, make_viewer, self)
        self.listed = ListedChats(self.chats)
        here = MachineChats(WindowsMachine(storage), self.tasks, self.chats.apply, OwnFiles())
        self.machines.by_name[""] = here
        self.login_path = LoginPathFinder(self.tasks, self.problem.emit, self.path_found.emit)
        here.environment = self.login_path.environment
        here.find_agents = self.login_path.update
        here.is_installed = lambda agent: agent.find(os.environ.get("PATH", os.defpath)) is not None
        self.git_status_watcher = GitStatusWatcher(self.tasks, here.machine, self)
        self.chats.changed.connect(lambda: self.git_status_watcher.follow(self.listed.running()))
        self.indexing = SearchIndexing(self)
        self.indexing.started.connect(self._on_indexing_started)
        self.chats.added.connect(self._on_added)
        self.chats.forgotten.connect(lambda _session_id: self.indexing.note_output())  # It removes their lines, too.
        self.removals = UndoableRemovals(self.chats, self.listed, self.machines, self.tasks, self.notice_given.emit)
        self.shells = Shells(self.listed)
        self.lifecycle = Lifecycle(self.chats, self.machines, self.tasks, self.shells, self.removals)
        self.order = ChatOrder(self.tasks)
        self.muting = Muting(self.chats)
        self.quiet_watch = QuietWatch(self.chats)
        self.drafts = Drafts(self.chats)
        self.review_comments = ReviewComments(self.chats)
        self.sparklines = Sparklines(self)
        self.account_limits = KnownLimits(self.chats, self.machines, self.tasks)
        self.color_labels = ColorLabels(self.chats)
        self.others = OtherMachines(
            self.chats, self.listed, self.machines, self.tasks, self.problem.emit, self.notice_given.emit
        )
        self.others.state_changed.connect(self.git_status_watcher.refresh_machine)

    @cached_property
    def search_thread(self) -> SearchOfMachines:
        """Searches in all chats."""
        from gui.bridge.search import SearchOfMachines  # the window's start does not need it

        return SearchOfMachines(self.machines, lambda error: self.problem.emit(str(error)))

    def _on_added(self, chat: Chat) -> None:
        chat.closing.connect(partial(self._on_closing, chat))
        if chat.machine is self.machines.here.machine:
            chat.output_written.connect(self.indexing.note_output)

    def _on_closing(self, chat: Chat, viewer: Viewer) -> None:
        self.tasks.start(self._report_undelivered(chat, viewer), f"last input of {chat.name}")

    async def _report_undelivered(self, chat: Chat, viewer: Viewer) -> None:
        """Report input that a closed viewer could not deliver; if the program exits before, the next one reports it."""
        if count := await viewer.delivery.wait():
            self.problem.emit(window_texts.undelivered(chat.full_name, count))

    def _on_indexing_started(self) -> None:
        """Reset the marks of new output: the process that starts now reads all output so far."""
        for chat in self.chats.made():
            chat.has_new_output = False

    def follow_here(self) -> None:
        """Keep the chats of this machine equal to its store."""
        here = self.machines.here
        self.tasks.start(here.follow(lambda why: self.problem.emit(why) if here.is_loaded else None), "chats")

    def follow_all(self) -> None:
        """Follow all running chats, also those that are added later; index what was written without a window."""
        self.indexing.note_output()
        self.chats.follow_all()

    def kept_input(self) -> list[tuple[Chat, Viewer]]:
        """The viewers with input that waits for a machine out of reach, or for the user's decision."""
        return [
            (chat, viewer)
            for chat in self.chats.made()
            for viewer in chat.looks.viewers()
            if viewer.inputs.characters() and (viewer.line.shown == "unreachable" or viewer.asks_to_send)
        ]

    async def close(self) -> dict[str, int]:
        """Detach from every chat; returns how many characters of input a chat did not get, at most, by its id."""
        self.indexing.close()
        search = self.search_thread if "search_thread" in vars(self) else None
        if search is not None:
            search.cancel_query()
        await self.tasks.cancel_all()
        await self.removals.finish()
        if search is not None:
            await to_its_end_in_thread(search.close)
        viewers = [(chat.id, viewer) for chat in self.chats.made() for viewer in chat.looks.viewers()]
        for chat in self.chats.made():
            chat.looks.close()
        counts = await asyncio.gather(*(viewer.delivery.wait() for _, viewer in viewers))
        undelivered: Counter[str] = Counter()
        for (session_id, _), count in zip(viewers, counts, strict=True):
            undelivered[session_id] += count
        await self.others.close()
        return dict(+undelivered)
