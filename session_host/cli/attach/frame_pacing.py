"""Decides when the next frame may be painted.

Echoes are painted at once, also of fast typing; only floods are limited. The processor time that painting takes
distinguishes them. While painting takes less than about a fifth of the time (plus a credit of some milliseconds), each
change is painted at once; otherwise there are sixty frames a second.

Pure: times in, times out.
"""

from __future__ import annotations

FRAME_INTERVAL_S = 1 / 60
_DELAY_FACTOR = 5
"""A frame delays later ones by this multiple of its own processor time."""
_CREDIT_S = 0.01
"""Delays below this have no effect: the first frames after a pause are painted at once."""


class FramePacer:
    """Tracks the recent painting. All times are of one clock, in seconds."""

    def __init__(self) -> None:
        self._painted_at_s = float("-inf")
        self._delayed_until_s = float("-inf")

    def due_s(self) -> float:
        """The earliest time for the next frame."""
        return min(self._delayed_until_s - _CREDIT_S, self._painted_at_s + FRAME_INTERVAL_S)

    def painted(self, began_s: float, took_s: float) -> None:
        """Note a painted frame: the time when painting began, and its processor time."""
        self._painted_at_s = began_s
        self._delayed_until_s = max(self._delayed_until_s, began_s) + _DELAY_FACTOR * took_s
