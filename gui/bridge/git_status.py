"""Git status of running chats' working trees, refreshed on change events.

The events are: an agent's activity changes, git writes into its own directory, the user returns to the window.
git runs only while the result is visible, and never on the loop's thread. On another machine it runs for the chats in
front alone.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import QFileSystemWatcher, QObject, Signal
from shiboken6 import isValid

from gui.timers import single_shot
from session_host.client.machine import Machine
from session_host.client.worktrees import Status, status_of
from session_host.client.worktrees.repository_files import repository_files
from session_host.errors import Unreachable, WorktreeError
from session_host.git import run_read_only
from session_host.protocol.values import Activity

from .chat import Chat
from .tasks import Tasks

__all__ = ["GitStatusWatcher", "Status", "repository_files"]

Place = tuple[Machine, str]
"""A directory of a machine."""

DEBOUNCE_MS = 200
"""Debounce time: changes come in bursts."""

RECHECK_MS = 2000
"""Interval of checks while changes continue."""


class GitStatusWatcher(QObject):
    """Updates ``Chat.git_status`` of running chats, and the status of other directories that status lines show.

    git's writes are watched on this machine alone.

    Signals:
        checked: pending directories were checked.
    """

    checked = Signal()

    def __init__(self, tasks: Tasks, here: Machine, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks, self._here = tasks, here
        self._chats: list[Chat] = []
        self._seen_activity: dict[str, tuple[Activity, str]] = {}
        self._names: dict[Place, str] = {}
        """Repository names, by directory."""
        self._shown: WeakKeyDictionary[QObject, Place] = WeakKeyDictionary()
        """The directories of status lines, but for those of this machine's chats, by status line."""
        self._statuses: dict[Place, Status] = {}
        """The status of those directories."""
        self._watched: dict[Place, str] = {}
        """git's own directory, by working directory."""
        self._pending: set[Place] = set()
        self._is_visible = False
        self._checking: set[Machine] = set()
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_written)
        self._check_timer = single_shot(self, DEBOUNCE_MS)
        self._check_timer.timeout.connect(self._start_check)

    def set_visible(self, seen: bool) -> None:
        """Set whether the status is shown; when this changes, all directories are checked."""
        if seen != self._is_visible:
            self._is_visible = seen
            self.refresh()

    def follow(self, chats: list[Chat]) -> None:
        """Set the running chats; check those that are new or have another activity."""
        self._chats = chats
        followed = [chat for chat in chats if self._is_followed(chat)]
        activities = {chat.id: (chat.record.status.activity, chat.record.status.since) for chat in followed}
        changed = {_place_of(chat) for chat in followed if self._seen_activity.get(chat.id) != activities[chat.id]}
        self._seen_activity = activities
        self._schedule_check(changed)
        self._forget((self._names.keys() | self._statuses.keys()) - self._places())

    def follow_shown(self, status_line: QObject, chat: Chat, directory: str) -> Status | None:
        """Follow the directory that a status line shows; forget its previous one.

        Args:
            status_line: shows the directory.
            chat: the chat in front.
            directory: the path on the chat's machine.

        Returns:
            The status, None outside a repository and while unknown.
        """
        place = (chat.machine, directory)
        if place == _place_of(chat) and chat.machine is self._here:
            self._shown.pop(status_line, None)
        elif self._shown.get(status_line) != place:
            self._shown[status_line] = place
            self._schedule_check({place})
        return chat.workplace.git_status if place == _place_of(chat) else self._statuses.get(place)

    def _is_followed(self, chat: Chat) -> bool:
        return chat.machine is self._here or chat.looks.is_shown

    def _places(self) -> set[Place]:
        return {_place_of(chat) for chat in self._chats if self._is_followed(chat)} | set(self._shown.values())

    def refresh(self) -> None:
        """Check all directories, because files may have changed without an event."""
        self._schedule_check(self._places())

    def check(self, machine: Machine, directories: set[str]) -> None:
        """Check those of these directories that are followed, because somebody has seen them otherwise."""
        self._schedule_check({(machine, directory) for directory in directories} & self._places())

    def _on_written(self, git_directory: str) -> None:
        self._schedule_check({place for place, own in self._watched.items() if own == git_directory})

    def refresh_machine(self, name: str) -> None:
        """Check a machine's directories, because its link has changed."""
        self._schedule_check({place for place in self._places() if place[0].name == name})

    def _schedule_check(self, places: set[Place]) -> None:
        self._pending |= {place for place in places if place[0].unreachable_since is None}
        if self._is_visible and self._due() and not self._check_timer.isActive():
            self._check_timer.start(DEBOUNCE_MS)

    def _due(self) -> dict[Machine, set[Place]]:
        """The pending directories of the machines that are not being checked."""
        found: dict[Machine, set[Place]] = {}
        for place in self._pending:
            if place[0] not in self._checking:
                found.setdefault(place[0], set()).add(place)
        return found

    def _start_check(self) -> None:
        if self._is_visible:
            for machine, places in self._due().items():
                self._checking.add(machine)
                self._pending -= places
                self._tasks.start(self._read_status(machine, places), "git status")

    async def _read_status(self, machine: Machine, places: set[Place]) -> None:
        try:
            for place in sorted(places, key=lambda place: place[1]):
                self._set_status(place, await self._status(place))
        except Unreachable:
            pass  # The last known status stays.
        finally:
            self._checking.discard(machine)
        self.checked.emit()
        if self._is_visible and self._due() and not self._check_timer.isActive():
            self._check_timer.start(RECHECK_MS)

    async def _status(self, place: Place) -> Status | None:
        machine, directory = place
        status = await machine.call(status_of, directory, self._names.get(place, ""))
        if status is None or place in self._names:
            return status
        self._names[place] = status.repository
        if machine is not self._here:
            return status
        try:
            git_directory = await asyncio.to_thread(run_read_only, Path(directory), "rev-parse", "--absolute-git-dir")
        except WorktreeError:
            return None  # The directory was removed meanwhile.
        self._watched[place] = git_directory.removesuffix("\n")
        self._watcher.addPath(self._watched[place])
        # Changes made before the watch started are not reported, so check once.
        return await machine.call(status_of, directory, status.repository)

    def _forget(self, places: set[Place]) -> None:
        for place in places:
            self._statuses.pop(place, None)
            self._names.pop(place, None)
        for place in places & self._watched.keys():
            git_directory = self._watched.pop(place)
            if git_directory not in self._watched.values():
                self._watcher.removePath(git_directory)

    def _set_status(self, place: Place, status: Status | None) -> None:
        if status is None:
            self._forget({place})
        elif place in self._shown.values():
            self._statuses[place] = status
        for chat in self._chats:
            # One may have been removed since the list's last change.
            if _place_of(chat) == place and chat.workplace.git_status != status and isValid(chat):
                chat.workplace.git_status = status
                chat.changed.emit()


def _place_of(chat: Chat) -> Place:
    return chat.machine, chat.record.origin.cwd
