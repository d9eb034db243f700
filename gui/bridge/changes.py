"""The changes of a chat's directory, and its restore points, for the window; git runs in threads.

The changes are read when asked, and when the chat's turn ends, or a command of its shell. The events are those of
``GitStatusWatcher``: the agent's activity or the foreground program changes, or git's status of the directory does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from gui.wording import changes_texts
from session_host.client.chats.restore_list import ListedPoint, restore_list, resumed_chats
from session_host.client.worktrees.changes import (
    LINK,
    MAX_BYTES,
    MAX_FILES,
    ChangedFile,
    Changes,
    Since,
    State,
    lines_before,
    read_changes,
    readable,
)
from session_host.client.worktrees.discarding import Discarded, can_discard_file, discard, hunks_of, undo
from session_host.client.worktrees.taking_back import line_of_hunk, take_back
from session_host.errors import OutliveError, WorktreeError
from session_host.git import Stop, stopped_by
from session_host.restore_points.points import MAX_POINTS, RestorePoint
from session_host.restore_points.restoring import Plan, Restored, Stay, file_counts, plan_restore, restore, stay_lines
from session_host.restore_points.undoing import changed_since_restore
from session_host.structured.items import Item
from session_host.structured.transcript import Transcript

from .chat import Chat, id_there
from .ended_chat import read_last_transcript
from .sessions import Sessions

# fmt: off
__all__ = [
    "LINK", "MAX_BYTES", "ChangedFile", "Changes", "ChangesReader", "Discarded", "ListedPoint", "Plan", "RestorePoint",
    "Restored", "Since", "State", "Stay", "can_discard_file", "changed_since_restore", "discard", "hunks_of",
    "line_of_hunk", "name_of", "plan_restore", "point_before", "points_of", "readable", "restore", "stay_lines",
    "take_back", "undo",
]
# fmt: on


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
        """The lines of a changed file before the change; raises OutliveError."""
        stop = Stop()
        self._stops.add(stop)
        try:
            with stopped_by(stop):
                return await self.chat.machine.call(lines_before, changes, file)
        finally:
            self._stops.discard(stop)

    async def points(self) -> list[tuple[ListedPoint, int]]:
        """The chat's restore points, newest first, and how many files have changed since each; raises OutliveError."""
        points = await points_of(self.chat, self._sessions)
        directory = Path(self.chat.record.origin.cwd)
        counts = await self.chat.machine.call(file_counts, directory, [each.point for each in points])
        if len(counts) != len(points):  # Another machine may answer anything.
            raise WorktreeError("the restore points cannot be counted")
        return list(zip(points, counts, strict=True))

    def _events(self) -> tuple[object, ...]:
        chat = self.chat
        now = chat.record.status.activity, chat.record.status.since, chat.record.shell.since, chat.workplace.git_status
        return *now, chat.machine.is_reachable

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
                directory = Path(self.chat.record.origin.cwd if since == "prompt" else self.directory)
                try:
                    with stopped_by(self._stop):
                        changes = await self.chat.machine.call(read_changes, directory, since, point)
                    if len(changes.files) > MAX_FILES:  # Another machine may answer anything.
                        changes = msgspec.structs.replace(changes, files=changes.files[:MAX_FILES])
                    problem = ""
                except OutliveError as error:
                    changes, problem = None, str(error)
        finally:
            self._is_reading = False
        if not self.is_released:
            self.changes, self.problem = changes, problem
            # Status lines count the same files.
            self._sessions.git_status_watcher.check(self.chat.machine, {self.directory, self.chat.record.origin.cwd})
            self.finished.emit()


# ------------------------------------------------------------ restore points


def name_of(listed: ListedPoint, characters: int = changes_texts.POINT_NAME_CHARACTERS) -> str:
    """A restore point's name, by default for a sentence: its prompt, or the prompt's time."""
    point = listed.point
    return changes_texts.point_name(point.about, listed.prompt, point.moment, datetime.now(UTC), characters)


async def points_of(chat: Chat, sessions: Sessions) -> list[ListedPoint]:
    """The restore points of a chat and of those that it resumes, newest first.

    Raises:
        OutliveError: one line: the chat's directory is in no working tree, git is missing or refuses, or the machine is
            unreachable.
    """
    found = await _listed(chat, sessions)
    if not any(each.point.about.item for each in found):
        return found
    transcript = await _transcript_of(chat)
    texts = {item.id: item.text for item in transcript or () if item.kind == "user"}
    return [each._replace(prompt=texts.get(each.point.about.item, each.prompt)) for each in found]


async def point_before(chat: Chat, sessions: Sessions, prompt: Item) -> ListedPoint | None:
    """The restore point before a prompt of a structured chat; None for none; raises as ``points_of``."""
    found = await _listed(chat, sessions)
    return next((each._replace(prompt=prompt.text) for each in found if each.point.about.item == prompt.id), None)


async def _listed(chat: Chat, sessions: Sessions) -> list[ListedPoint]:
    def resumed_from(session_id: str) -> str | None:
        resumed = sessions.chats.get(session_id)
        return resumed.record.origin.resumed_from if resumed is not None else None

    ids = [id_there(each) for each in resumed_chats(chat.id, resumed_from)]
    return (await chat.machine.call(restore_list, Path(chat.record.origin.cwd), ids))[: 2 * MAX_POINTS * len(ids)]


async def _transcript_of(chat: Chat) -> Transcript | None:
    """A structured chat's transcript; None if nothing of it is known."""
    if chat.looks.first.viewer is not None and chat.looks.first.viewer.replica.transcript is not None:
        return chat.looks.first.viewer.replica.transcript
    from session_host.client.viewer.transcript_watch import watch_transcript

    try:
        if not chat.has_ended:
            return await watch_transcript(chat.session_id, lambda _: True, chat.machine)
        return await read_last_transcript(chat)
    except OutliveError:
        return None  # The times of the prompts are enough.
