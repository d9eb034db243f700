"""Reads the changes of a chat's directory in a thread: when asked, and when the chat's turn ends.

The events are those of ``GitStatusWatcher``: the agent's activity changes, or git's status of the directory does.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from gui.bridge.chat import Chat
from gui.bridge.restore_points import ListedPoint, file_counts, points_of
from gui.bridge.sessions import Sessions
from session_host.client.worktrees.changes import (
    LINK,
    MAX_BYTES,
    ChangedFile,
    Changes,
    Since,
    State,
    lines_before,
    read_changes,
    readable,
)
from session_host.errors import WorktreeError
from session_host.git import Stop

__all__ = ["LINK", "MAX_BYTES", "ChangedFile", "Changes", "ChangesReader", "Since", "State", "readable"]


class ChangesReader(QObject):
    """Reads the changes of one directory.

    Attributes:
        chat: the chat.
        directory: the directory; any directory of a working tree. Restore points are those of the chat's own directory.
        since: what the files are compared with.
        point: the restore point for ``since``; None if the user has chosen none.
        changes: the last result; None before the first one, or if reading failed.
        problem: the reason why reading failed, one line; "" if it succeeded.
        tasks: the background tasks of the window.
        is_released: whether the window is closed, so that its widgets may be deleted.

    Signals:
        started: reading starts.
        finished: reading ended, and ``changes`` or ``problem`` may be others.
    """

    started = Signal()
    finished = Signal()

    def __init__(self, chat: Chat, directory: str, sessions: Sessions, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self.chat = chat
        self.directory = directory
        self.since: Since = "commit"
        self.point: ListedPoint | None = None
        self.changes: Changes | None = None
        self.problem = ""
        self.tasks = sessions.tasks
        self._stop = Stop()
        self._stops = {self._stop}
        """They end the calls of git that run in threads."""
        self._is_reading = self._is_stale = self.is_released = self._is_visible = False
        self._seen = self._events()
        chat.changed.connect(self._on_changed)

    @property
    def is_reading(self) -> bool:
        """Whether git is reading them now."""
        return self._is_reading

    def set_visible(self, *, visible: bool) -> None:
        """Set whether the result is visible. While it is hidden, nothing is read."""
        self._is_visible = visible
        if visible and self._is_stale:
            self.refresh()

    def refresh(self) -> None:
        """Read the changes; if a read is running, read again after it, since files may have changed."""
        self._is_stale = True
        if self._is_visible and not self._is_reading and not self.is_released:
            self._is_reading = True
            self.started.emit()
            self.tasks.start(self._read(), "changes")

    def release(self) -> None:
        """Stop, because the window is about to be deleted."""
        self.is_released = True
        for stop in self._stops:
            stop.set()  # The end of the process would wait for a git that hangs.

    async def lines_before(self, changes: Changes, file: ChangedFile) -> tuple[str, ...]:
        """The lines of a changed file before the change; raises WorktreeError."""
        stop = Stop()
        self._stops.add(stop)
        try:
            return await asyncio.to_thread(lines_before, changes, file, stop)
        finally:
            self._stops.discard(stop)

    async def points(self) -> list[tuple[ListedPoint, int]]:
        """The chat's restore points, newest first, and how many files have changed since each; raises WorktreeError."""
        points = await points_of(self.chat, self._sessions)
        return list(zip(points, await file_counts(self.chat, points), strict=True))

    def _events(self) -> tuple[object, ...]:
        return self.chat.activity, self.chat.activity_since, self.chat.git_status

    def _on_changed(self) -> None:
        seen = self._events()
        if seen != self._seen:
            self._seen = seen
            self.refresh()

    async def _read(self) -> None:
        changes, problem = None, ""
        try:
            while self._is_stale and not self.is_released:
                self._is_stale = False
                since, point = self.since, self.point.point if self.point is not None else None
                directory = Path(self.chat.record.cwd if since == "prompt" else self.directory)
                try:
                    changes = await asyncio.to_thread(read_changes, directory, since, self._stop, point)
                    problem = ""
                except WorktreeError as error:
                    changes, problem = None, str(error)
        finally:
            self._is_reading = False
        if not self.is_released:
            self.changes, self.problem = changes, problem
            self.finished.emit()
