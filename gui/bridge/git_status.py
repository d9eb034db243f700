"""Git status of running chats' working trees, refreshed on change events.

The events are: an agent's activity changes, git writes into its own directory, the user returns to the window.
git runs only while the result is visible, and never on the loop's thread.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from session_host.client.worktrees import Status, status_of
from session_host.errors import WorktreeError
from session_host.git import list_files, run_read_only
from session_host.protocol.values import Activity

from .chat import Chat
from .tasks import Tasks

__all__ = ["GitStatusWatcher", "Status"]

DEBOUNCE_MS = 200
"""Debounce time: changes come in bursts."""

RECHECK_MS = 2000
"""Interval of checks while changes continue."""


class GitStatusWatcher(QObject):
    """Updates ``Chat.git_status`` of running chats, and the status of other directories that status lines show.

    Signals:
        checked: pending directories were checked.
    """

    checked = Signal()

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._chats: list[Chat] = []
        self._seen_activity: dict[str, tuple[Activity, str]] = {}
        self._names: dict[str, str] = {}
        """Repository names, by directory."""
        self._shown: WeakKeyDictionary[QObject, str] = WeakKeyDictionary()
        """The directories of status lines that are not those of chats, by status line; "" for none."""
        self._statuses: dict[str, Status] = {}
        """The status of those directories."""
        self._watched: dict[str, str] = {}
        """git's own directory, by working directory."""
        self._pending: set[str] = set()
        self._is_visible = False
        self._is_checking = False
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_written)
        self._check_timer = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._check_timer.timeout.connect(self._start_check)

    async def status_of(self, directory: str) -> Status | None:
        """The git status of any directory, None outside a repository."""
        return await asyncio.to_thread(status_of, directory)

    def set_visible(self, seen: bool) -> None:
        """Set whether the status is shown; when this changes, all directories are checked."""
        if seen != self._is_visible:
            self._is_visible = seen
            self.refresh()

    def follow(self, chats: list[Chat]) -> None:
        """Set the running chats; check those that are new or have another activity."""
        self._chats = chats
        activities = {chat.id: (chat.activity, chat.activity_since) for chat in chats}
        changed = {chat.record.cwd for chat in chats if self._seen_activity.get(chat.id) != activities[chat.id]}
        self._seen_activity = activities
        self._schedule_check(changed)
        self._forget((self._watched.keys() | self._statuses.keys()) - self._directories())

    def follow_shown(self, status_line: QObject, directory: str) -> Status | None:
        """Follow the directory that a status line shows if it is not that of a chat; forget its previous one.

        Args:
            status_line: shows the directory.
            directory: its path; "" for none.

        Returns:
            The status, None outside a repository and while unknown.
        """
        if self._shown.get(status_line, "") != directory:
            self._shown[status_line] = directory
            self._schedule_check({directory} - {""})
        return self._statuses.get(directory)

    def _directories(self) -> set[str]:
        return ({chat.record.cwd for chat in self._chats} | set(self._shown.values())) - {""}

    def refresh(self) -> None:
        """Check all directories, because files may have changed without an event."""
        self._schedule_check(self._directories())

    def _on_written(self, git_directory: str) -> None:
        self._schedule_check({directory for directory, own in self._watched.items() if own == git_directory})

    def _schedule_check(self, directories: set[str]) -> None:
        self._pending |= directories
        if self._pending and self._is_visible and not self._is_checking and not self._check_timer.isActive():
            self._check_timer.start(DEBOUNCE_MS)

    def _start_check(self) -> None:
        if self._is_visible and self._pending and not self._is_checking:
            self._is_checking = True
            self._tasks.start(self._read_status(), "git status")

    async def _read_status(self) -> None:
        pending, self._pending = self._pending, set()
        try:
            for directory in sorted(pending):
                self._set_status(directory, await self._status(directory))
        finally:
            self._is_checking = False
        self.checked.emit()
        if self._pending and self._is_visible:
            self._check_timer.start(RECHECK_MS)

    async def _status(self, directory: str) -> Status | None:
        status = await asyncio.to_thread(status_of, directory, self._names.get(directory, ""))
        if status is None or directory in self._watched:
            return status
        self._names[directory] = status.repository
        try:
            git_directory = await asyncio.to_thread(run_read_only, Path(directory), "rev-parse", "--absolute-git-dir")
        except WorktreeError:
            return None  # The directory was removed meanwhile.
        self._watched[directory] = git_directory.removesuffix("\n")
        self._watcher.addPath(self._watched[directory])
        # Changes made before the watch started are not reported, so check once.
        return await asyncio.to_thread(status_of, directory, status.repository)

    def _forget(self, directories: set[str]) -> None:
        for directory in directories:
            self._statuses.pop(directory, None)
        for directory in directories & self._watched.keys():
            self._names.pop(directory, None)
            git_directory = self._watched.pop(directory)
            if git_directory not in self._watched.values():
                self._watcher.removePath(git_directory)

    def _set_status(self, directory: str, status: Status | None) -> None:
        if status is None:
            self._forget({directory})
        elif directory in self._shown.values():
            self._statuses[directory] = status
        for chat in self._chats:
            if chat.record.cwd == directory and chat.git_status != status:
                chat.git_status = status
                chat.changed.emit()


_TIMEOUT_S = 5.0


def repository_files(directory: str) -> list[str]:
    """The tracked and the new files below a directory, as relative paths; runs git, so call it in a thread.

    A git repository inside that this one does not track is one path with a "/" at its end. The list is empty outside of
    a repository, without git, or if git takes too long.
    """
    try:
        listed = list_files(Path(directory), "--cached", "--others", "--exclude-standard", timeout_s=_TIMEOUT_S)
        return sorted(listed - list_files(Path(directory), "--deleted", timeout_s=_TIMEOUT_S))
    except WorktreeError:
        return []
