"""Frame pacing: collects damage until a frame is due. Output path, 12 of 15.

After a pause the first damage is painted at once, so that an echo appears without delay. Then frames are painted at
most every 16 ms, and take at most half of the time; a frame in which nothing has changed delays no other. Under a
flood, which nobody can read, they come half as often and take at most an eighth of the time: feeding has priority over
painting. Frames that the user waits for, as while scrolling, are painted every 16 ms, whatever previous frames cost.
While a program is drawing a frame (synchronized output), painting waits, for up to 150 ms.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot

from gui.timers import single_shot

FRAME_S = 0.016
HOLD_S = 0.150
_COST_FACTOR, _FLOOD_COST_FACTOR = 2, 8
_FLOOD_REQUESTS = 5
"""More requests than this in FRAME_S are a flood. Programs draw with fewer writes; a host passes on 64 KiB at once."""

_FLOOD_FRAME_S = 2 * FRAME_S
LONGEST_INTERVAL_S = 0.100


class FramePacer(QObject):
    """Calls ``paint`` when a frame is due."""

    def __init__(self, paint: Callable[[], bool | None], is_drawing: Callable[[], bool], parent: QObject) -> None:
        """Create it.

        Args:
            paint: paints a frame; returns False if nothing has changed.
            is_drawing: returns whether the program is in the middle of a frame.
            parent: its owner.
        """
        super().__init__(parent)
        self._paint = paint
        self._is_drawing = is_drawing
        self._timer = single_shot(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._run)
        self._begun_s = self._due_s = 0.0
        self._requests = 0
        self._cost_factor = _COST_FACTOR
        self._held_since_s: float | None = None

    @property
    def pending(self) -> bool:
        """Whether a frame is pending."""
        return self._timer.isActive()

    def request(self) -> None:
        """Request a frame: it is painted now, or when the next frame is due."""
        self._requests += 1
        if self._timer.isActive():
            if self._held_since_s is None or self._is_drawing():
                return
            self._timer.stop()  # the awaited frame is complete
        wait_s = self._due_s - time.monotonic()
        if wait_s > 0:
            self._start(wait_s)
        else:
            self._run()

    def request_for_user(self) -> None:
        """Request a frame that the user waits for, as while scrolling: it is due once the display can show another one.

        The cost of previous frames does not delay it.
        """
        self._due_s = min(self._due_s, self._begun_s + FRAME_S)
        if self._held_since_s is None:
            self._timer.stop()
        self.request()

    def note_cost(self, cost_s: float) -> None:
        """Report the cost of the last frame; the next one is delayed accordingly."""
        longest_s = time.monotonic() + LONGEST_INTERVAL_S
        self._due_s = min(self._due_s + self._cost_factor * cost_s, longest_s)

    def cancel(self) -> None:
        """Cancel a requested frame."""
        self._timer.stop()
        self._held_since_s = None

    def _start(self, wait_s: float) -> None:
        self._timer.start(max(math.ceil(wait_s * 1000), 1))

    @Slot()
    def _run(self) -> None:
        begin_s = time.monotonic()
        if self._is_drawing():
            if self._held_since_s is None:
                self._held_since_s = begin_s
            left_s = self._held_since_s + HOLD_S - begin_s
            if left_s > 0:
                self._start(left_s)
                return
        self._held_since_s = None
        frames = (begin_s - self._begun_s) / FRAME_S
        is_flood = self._requests > _FLOOD_REQUESTS * max(frames, 1)
        shortest_s, self._cost_factor = (_FLOOD_FRAME_S, _FLOOD_COST_FACTOR) if is_flood else (FRAME_S, _COST_FACTOR)
        self._begun_s, self._requests = begin_s, 0
        is_painted = self._paint() is not False
        cost_s = time.monotonic() - begin_s
        interval_s = max(shortest_s if is_painted else 0.0, self._cost_factor * cost_s)
        self._due_s = begin_s + min(interval_s, LONGEST_INTERVAL_S)
