"""Timer of an activity's expiry: an agent that neither reports nor writes for long is no longer "working"."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from session_host.agents.status.activity import ActivityTracker
from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.system.clock import as_text


class ActivityExpiry:
    """Runs a timer until the tracker's next expiry; output moves that, and need not restart the timer."""

    def __init__(
        self,
        tracker: ActivityTracker,
        worker: EmulatorWorker,
        check: Callable[[], None],
        *,
        previous_output_at_s: float,
    ) -> None:
        """Begin without a timer.

        Args:
            tracker: knows when its activity expires.
            worker: knows when output last arrived.
            check: called when the time is over; it lets the activity expire, or calls ``schedule`` again.
            previous_output_at_s: the time of a previous host's last output, in seconds since 1970; 0 for never.
        """
        self._tracker, self._worker, self._check = tracker, worker, check
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        # By the monotonic clock: not before the previous host's last report, and not in the future.
        last = tracker.last_report()
        ago_s = max(0.0, time.time() - previous_output_at_s)  # The wall clock may have been set in the meantime.
        self._previous_output_s = max(last.at_s if last is not None else 0.0, time.monotonic() - ago_s)

    def output_s(self) -> float:
        """The time of the last output, by the monotonic clock; 0 for never."""
        return max(self._worker.last_output_s, self._previous_output_s)

    def last_output(self) -> str:
        """The time of the last output, ISO 8601; "" for never."""
        output_s = self.output_s()
        return as_text(time.time() - (time.monotonic() - output_s)) if output_s else ""

    def schedule(self) -> None:
        """Set the timer for the tracker's next expiry."""
        due_s = self._tracker.next_expiry_s(self.output_s())
        if self._timer is not None and (due_s is None or due_s < self._due_s):
            self.close()
        if self._timer is None and due_s is not None:
            self._due_s = due_s
            wait_s = max(0.0, due_s - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._check()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
