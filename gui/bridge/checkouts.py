"""Git status of running chats' working trees, refreshed on change events.

The events: a chat's agent changes its activity; git writes into its own directory; the user comes back to the window.
git runs only while the result is visible, and never on the loop's thread.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from gui.bridge.background.tasks import Tasks
from gui.bridge.chat import Chat
from session_host.client.worktrees import Status, status_of
from session_host.client.worktrees.git import run_read_only
from session_host.errors import WorktreeError
from session_host.protocol.values import Activity

__all__ = ["GitStatusWatcher", "Status"]

SETTLE_MS = 200
"""Delay after a change, since changes come in bursts."""

REST_MS = 2000
"""Interval of checks while changes do not end."""


class GitStatusWatcher(QObject):
    """Updates ``Chat.checkout`` of running chats.

    Signals:
        looked: some directories were checked.
    """

    looked = Signal()

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._chats: list[Chat] = []
        self._seen_activity: dict[str, tuple[Activity, str]] = {}
        self._names: dict[str, str] = {}
        """The names of the repositories, by directory."""
        self._watched: dict[str, str] = {}
        """git's own directory, by working directory."""
        self._due: set[str] = set()
        self._is_seen = False
        self._is_looking = False
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_written)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._begin)

    async def status_of(self, directory: str) -> Status | None:
        """The git status of any directory, None outside a repository."""
        return await asyncio.to_thread(status_of, directory)

    def set_seen(self, seen: bool) -> None:
        """Set whether the result is visible; directories that changed meanwhile are checked then."""
        if seen != self._is_seen:
            self._is_seen = seen
            self.refresh()

    def follow(self, chats: list[Chat]) -> None:
        """Follow these running chats; check those that are new or changed their activity."""
        self._chats = chats
        activities = {chat.id: (chat.activity, chat.activity_since) for chat in chats}
        changed = {chat.record.cwd for chat in chats if self._seen_activity.get(chat.id) != activities[chat.id]}
        self._seen_activity = activities
        self._want(changed)
        self._forget(self._watched.keys() - {chat.record.cwd for chat in chats})

    def refresh(self) -> None:
        """Check all directories, since the user came back and files may have changed without an event."""
        self._want({chat.record.cwd for chat in self._chats})

    def _on_written(self, git_directory: str) -> None:
        self._want({directory for directory, own in self._watched.items() if own == git_directory})

    def _want(self, directories: set[str]) -> None:
        self._due |= directories
        if self._due and self._is_seen and not self._is_looking and not self._settle.isActive():
            self._settle.start(SETTLE_MS)

    def _begin(self) -> None:
        if self._is_seen and self._due and not self._is_looking:
            self._is_looking = True
            self._tasks.start(self._read_status(), "checkouts")

    async def _read_status(self) -> None:
        due, self._due = self._due, set()
        try:
            for directory in sorted(due):
                self._emit_status(directory, await self._status(directory))
        finally:
            self._is_looking = False
        self.looked.emit()
        if self._due and self._is_seen:
            self._settle.start(REST_MS)

    async def _status(self, directory: str) -> Status | None:
        status = await asyncio.to_thread(status_of, directory, self._names.get(directory, ""))
        if status is None or directory in self._watched:
            return status
        self._names[directory] = status.repository
        try:
            git_directory = await asyncio.to_thread(run_read_only, Path(directory), "rev-parse", "--absolute-git-dir")
        except WorktreeError:
            return None  # It was removed meanwhile.
        self._watched[directory] = git_directory.removesuffix("\n")
        self._watcher.addPath(self._watched[directory])
        # Changes made before the watch started are not reported, so check once.
        return await asyncio.to_thread(status_of, directory, status.repository)

    def _forget(self, directories: set[str]) -> None:
        for directory in directories & self._watched.keys():
            self._names.pop(directory, None)
            git_directory = self._watched.pop(directory)
            if git_directory not in self._watched.values():
                self._watcher.removePath(git_directory)

    def _emit_status(self, directory: str, status: Status | None) -> None:
        if status is None:
            self._forget({directory})
        for chat in self._chats:
            if chat.record.cwd == directory and chat.checkout != status:
                chat.checkout = status
                chat.changed.emit()
