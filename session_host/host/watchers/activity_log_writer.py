"""Log of the changes of activity, written to its file in batches, in a thread.

If a host is killed before it has written a change, its replacement knows that change from the input log
and writes it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path

from session_host.agents.status import ActivityTracker
from session_host.protocol.messages import Transition
from session_host.protocol.values import Activity
from session_host.storage.store import activity_log
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

LISTED_TRANSITIONS = 20
"""Number of changes that an explanation lists."""


class ActivityLogWriter:
    """The changes of one session's activity, in memory and in their file."""

    def __init__(self, path: str, tracker: ActivityTracker) -> None:
        """Keep the changes since the tracker's current activity in the file at ``path``; with "", only in memory."""
        self._path = Path(path) if path else None
        self._waiting: deque[tuple[Transition, Transition | None]] = deque()
        """Changes to be written, each with the change that it replaces, if any."""
        self._newest: deque[Transition] = deque(maxlen=LISTED_TRANSITIONS)
        self._worker = Worker()
        self._has_failed = False
        self._last = Transition(tracker.since, tracker.activity, tracker.source, tracker.detail)
        self._last_question = (tracker.since, tracker.description_rank())

    def record(self, tracker: ActivityTracker, now: Callable[[], str]) -> None:
        """Record a change to another activity or question; other details change too often for the log.

        Args:
            tracker: the tracker after a report.
            now: returns the time as ISO 8601 text.
        """
        previous = self._last
        if tracker.activity is not previous.activity:
            self._last = Transition(now(), tracker.activity, tracker.source, tracker.detail)
            self._append(self._last)
        elif tracker.activity is Activity.NEEDS_INPUT and tracker.detail != previous.detail:
            (since, rank), rank_now = self._last_question, tracker.description_rank()
            text, text_now = previous.detail, tracker.detail
            is_same = since == tracker.since and (rank != rank_now or text in text_now or text_now in text)
            if is_same and (rank < rank_now or text_now in text):
                return  # A shorter text of the same question.
            at = previous.at if is_same else now()
            self._last = Transition(at, tracker.activity, tracker.source, tracker.detail)
            self._append(self._last, previous if is_same else None)
        self._last_question = (tracker.since, tracker.description_rank())

    def _append(self, transition: Transition, instead_of: Transition | None = None) -> None:
        """Append a change; the thread writes it soon.

        Args:
            transition: the change.
            instead_of: the last change, if the new one replaces it with a better description.
        """
        if instead_of is not None and self._newest and self._newest[-1] == instead_of:
            self._newest.pop()
        self._newest.append(transition)
        if self._path is None:
            return
        self._waiting.append((transition, instead_of))
        self._worker.submit(self._write)

    def restore_last(self) -> None:
        """Restore the changes in the file; append a previous host's last change if it is not among them."""
        last = self._last
        if self._path is not None:
            previous = activity_log.last(self._path, LISTED_TRANSITIONS)
            self._newest.extend(previous)
            if previous and (previous[-1].activity, previous[-1].source) == (last.activity, last.source):
                return
        self._append(last)

    def last(self) -> list[Transition]:
        """The newest changes, oldest first."""
        return list(self._newest)

    def _write(self) -> None:
        """Write all waiting changes; runs in the thread."""
        assert self._path is not None
        batch: list[Transition] = []
        replaced = None
        while self._waiting:
            transition, instead_of = self._waiting.popleft()
            if instead_of is not None and batch and batch[-1] == instead_of:
                batch.pop()
            elif instead_of is not None and not batch:
                replaced = instead_of
            batch.append(transition)
        if not batch:
            return  # An earlier call wrote it.
        try:
            activity_log.append(self._path, batch, instead_of=replaced)
        except Exception as error:  # noqa: BLE001 - a failure to write must not affect the session
            if not self._has_failed:
                log.warning("the changes of activity are not kept: %s", error)
            self._has_failed = True

    def close(self) -> None:
        """Wait until everything is written. Blocks."""
        self._worker.join()
