"""Decides when the next frame may be painted.

Echoes are painted at once, also of fast typing; only floods are limited. The processor time that painting takes
distinguishes them. While painting takes less than about a fifth of the time (plus a credit of some milliseconds), each
change is painted at once; otherwise there are sixty frames a second.

An echo is shown without a frame; one frame follows after several echoes. It would delay the echo of a key that comes
while it is painted. So while keys come quickly, it follows an echo closely, when the next key is farthest away.

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


ECHO_SETTLE_S = 0.03
"""The delay of the frame after the first echo."""

_MAX_SETTLE_S = 0.1
"""The greatest delay of that frame."""

_PAUSE_S = 0.01
"""Keys come quickly while there is less time than this after the last echo."""

_BEHIND_ECHO_S = 0.001
"""The time from an echo to the frame behind it: the reader of the outer terminal may need this processor first."""

_KEY_WAIT_S = 0.002
"""The frame is delayed by this time while a key has no answer."""


class EchoPacer:
    """Decides when to paint the frame after echoes. All times are of one clock, in seconds.

    The caller keeps one timer, and replaces it whenever a method returns a time.
    """

    def __init__(self) -> None:
        self._first_s: float | None = None
        """The time of the first echo since the last frame; None if there was none."""
        self._last_s = 0.0
        self._is_behind_echo = False

    def echoed(self, now_s: float) -> float | None:
        """An echo was shown; returns the time for ``due``, or None if the running timer stays."""
        self._last_s = now_s
        if self._first_s is None:
            self._first_s = now_s
            return now_s + ECHO_SETTLE_S
        if now_s < self._first_s + ECHO_SETTLE_S or self._is_behind_echo:
            return None  # Also behind an echo, so that a program that writes all the time does not put off the frame.
        self._is_behind_echo = True
        return now_s + _BEHIND_ECHO_S

    def due(self, now_s: float, *, is_key_pending: bool) -> float | None:
        """The timer has elapsed; returns the time for the next call, or None if the frame must be painted now."""
        if self._first_s is not None and now_s < self._first_s + _MAX_SETTLE_S:
            if is_key_pending:
                self._is_behind_echo = False
                return now_s + _KEY_WAIT_S
            if not self._is_behind_echo and now_s < self._last_s + _PAUSE_S:
                return self._last_s + _PAUSE_S
        self._first_s, self._is_behind_echo = None, False
        return None
