"""Writes changes of activity to their file, each batch in a short thread.

If a host is killed before its thread has written a change, its replacement knows that change from the input log
and writes it.
"""

from __future__ import annotations

import _thread
import logging
from collections import deque
from pathlib import Path

from session_host.protocol.evidence import Transition
from session_host.storage.store import activity_log

log = logging.getLogger(__name__)

TOLD = 20
"""So many changes are told of."""


class TransitionLog:
    """The changes of one session's activity, in memory and in their file."""

    def __init__(self, path: str) -> None:
        """Keep them in the file at ``path``; "" for memory alone."""
        self._path = Path(path) if path else None
        self._waiting: deque[tuple[Transition, Transition | None]] = deque()
        """Changes to be written, each with the one that it stands in for."""
        self._newest: deque[Transition] = deque(maxlen=TOLD)
        self._at_work = _thread.allocate_lock()
        self._has_failed = False

    def append(self, transition: Transition, instead_of: Transition | None = None) -> None:
        """A change; written soon.

        Args:
            transition: the change.
            instead_of: the last one, if this one says the same better.
        """
        if instead_of is not None and self._newest and self._newest[-1] == instead_of:
            self._newest.pop()
        self._newest.append(transition)
        if self._path is None:
            return
        self._waiting.append((transition, instead_of))
        self._write_soon()

    def went_on(self, last: Transition) -> None:
        """A previous host's last change, which it may not have come to write."""
        if self._path is not None:
            former = activity_log.last(self._path, TOLD)
            self._newest.extend(former)
            if former and (former[-1].activity, former[-1].source) == (last.activity, last.source):
                return
        self.append(last)

    def last(self) -> list[Transition]:
        """The newest changes, oldest first."""
        return list(self._newest)

    def _write_soon(self) -> None:
        if not self._at_work.acquire(blocking=False):
            return  # Whoever is at it looks again before it ends.
        try:
            _thread.start_new_thread(self._write, ())
        except RuntimeError:
            self._write()  # No more threads are to be had.

    def _write(self) -> None:
        """In the thread: write what waits, and what comes meanwhile."""
        assert self._path is not None
        while True:
            batch: list[Transition] = []
            replaced = None
            while self._waiting:
                transition, instead_of = self._waiting.popleft()
                if instead_of is not None and batch and batch[-1] == instead_of:
                    batch.pop()
                elif instead_of is not None and not batch:
                    replaced = instead_of
                batch.append(transition)
            if batch:
                try:
                    activity_log.append(self._path, batch, instead_of=replaced)
                except Exception as error:  # noqa: BLE001 - the end of this thread would keep the host from its end
                    if not self._has_failed:
                        log.warning("the changes of activity are not kept: %s", error)
                    self._has_failed = True
            self._at_work.release()
            if not self._waiting or not self._at_work.acquire(blocking=False):
                return

    def close(self) -> None:
        """Wait for what is being written. Blocks."""
        with self._at_work:
            pass
