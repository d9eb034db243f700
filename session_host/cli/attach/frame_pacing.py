"""Decides when the next frame may be painted.

An echo is painted at once, however fast somebody types; only floods are paced. What tells them apart is the processor
time that painting takes. As long as it takes about a fifth of all time, with some milliseconds in advance, each change
is painted at once; otherwise frames come sixty times a second.

Pure: times in, times out.
"""

from __future__ import annotations

FRAME_INTERVAL_S = 1 / 60
_SHARE = 5
"""A frame that took 1 ms delays later ones by 5 ms in the end."""
_ADVANCE_S = 0.01
"""So much delay is forgiven: the first frames after a pause are painted at once."""


class FramePacer:
    """The painting of the last moments. Times are those of one clock, in seconds."""

    def __init__(self) -> None:
        self._painted_at_s = float("-inf")
        self._paid_at_s = float("-inf")

    def due_s(self) -> float:
        """When the next frame may be painted."""
        return min(self._paid_at_s - _ADVANCE_S, self._painted_at_s + FRAME_INTERVAL_S)

    def painted(self, began_s: float, took_s: float) -> None:
        """A frame was painted: when that began, and how much processor time it took."""
        self._painted_at_s = began_s
        self._paid_at_s = max(self._paid_at_s, began_s) + _SHARE * took_s
