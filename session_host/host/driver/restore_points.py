"""Keeps the files of the working tree before each prompt; see ``session_host.restore_points``."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from session_host.errors import WorktreeError
from session_host.git import Stop
from session_host.protocol.launch import LaunchSpec
from session_host.restore_points.points import About, RestorePoint, take
from session_host.system.event_loop import Timer
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

HOLD_S: Final = 0.5
"""How long a prompt waits for its restore point; a repository of 20,000 files takes 0.1 to 0.2 s."""
_END_S: Final = 2.0
_SLOW_S: Final = 5.0
_PAUSE_S: Final = 600.0
"""After a failure that took longer than ``_SLOW_S``, no restore point is tried for this time."""


class RestorePointMaker:
    """Makes the restore points of one session in a thread, one at a time.

    Attributes:
        holds_input: whether input for the agent waits for a restore point, so that the agent has not begun to work.
    """

    def __init__(self, spec: LaunchSpec, release: Callable[[], object]) -> None:
        """Begin without a thread.

        Args:
            spec: the session's launch spec.
            release: called when ``holds_input`` ends.
        """
        self._spec, self._release = spec, release
        self._worker = Worker()
        self._stop = Stop()
        self._is_making = False
        self._began_s = self._not_before_s = 0.0
        self._hold = Timer()

    @property
    def holds_input(self) -> bool:
        return self._hold.is_set

    def before_prompt(self, item: str) -> None:
        """Keep the files before a structured chat's prompt, which waits up to ``HOLD_S`` for it.

        Args:
            item: the id of the prompt's item.
        """
        if self._make(About(kind="prompt", item=item)):
            self._hold.set(HOLD_S, self._release)

    def before_turn(self) -> None:
        """Keep the files while the model of an agent in a terminal still reads the prompt."""
        self._make(About(kind="prompt"))

    def close(self) -> None:
        """End the git that runs, and release the timer."""
        self._stop.set()
        self._hold.cancel()
        self._worker.join(_END_S)  # git's private index is removed; a disk that hangs must not keep the host.

    def _make(self, about: About) -> bool:
        """Begin to make a restore point; returns whether one is made."""
        now_s = time.monotonic()
        if not self._spec.restore_points or self._is_making or now_s < self._not_before_s:
            return False
        self._is_making, self._began_s = True, now_s
        directory, session, scratch = (
            Path(self._spec.facts.origin.cwd),
            self._spec.facts.id,
            Path(self._spec.screen).parent,
        )
        self._worker.submit_and_call(
            lambda: take(directory, session, about, scratch=scratch, stop=self._stop), self._made, self._failed
        )
        return True

    def _made(self, point: RestorePoint) -> None:
        log.info("restore point left_out=%d ms=%d", len(point.kept.left_out), self._milliseconds())
        self._is_making = False
        self._end_hold()

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, WorktreeError | OSError):
            log.error("a restore point failed", exc_info=error)
        else:
            log.info("no restore point: %s ms=%d", error, self._milliseconds())
        if self._milliseconds() > _SLOW_S * 1000:
            self._not_before_s = time.monotonic() + _PAUSE_S
        self._is_making = False
        self._end_hold()

    def _milliseconds(self) -> int:
        return round((time.monotonic() - self._began_s) * 1000)

    def _end_hold(self) -> None:
        if self._hold.is_set:
            self._hold.cancel()
            self._release()
