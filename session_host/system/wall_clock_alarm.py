"""Calls a function at a time of a clock, also if the computer sleeps meanwhile, or its clock is set.

A timer of an event loop counts the time for which the computer runs: it stands still in a suspend, and does not see
that the clock is set. Linux's timerfd_create(2) has both; Python has it from 3.13 on, so it is called in the C library.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import time
from collections.abc import Callable
from typing import Final

_CLOCK_REALTIME, _CLOCK_BOOTTIME = 0, 7
_ABSOLUTE, _CANCEL_ON_SET = 1, 2
_EXPIRATIONS_BYTES: Final = 8


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class WallClockAlarm:
    """One alarm; setting it again replaces the time. Needs a running loop."""

    _clock, _flags = _CLOCK_REALTIME, _ABSOLUTE | _CANCEL_ON_SET

    def __init__(self, on_time: Callable[[], object]) -> None:
        """Begin without a time.

        Args:
            on_time: called at the time, and whenever the clock was set, to another time or back: it looks at the clock.

        Raises:
            OSError: the system has no such timer.
        """
        self._on_time = on_time
        self._library = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._library, "timerfd_create"):
            raise OSError("this system has no timer for the time of day")
        self._descriptor = self._checked(
            self._library.timerfd_create(self._clock, os.O_CLOEXEC | os.O_NONBLOCK), "timerfd_create"
        )
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def set(self, at_s: float) -> None:
        """Set the time, in seconds since 1970; one that is over counts as now.

        Raises:
            OSError: it is no time for the system.
        """
        seconds = max(at_s, 1.0)
        spec = _TimerSpec(_TimeSpec(0, 0), _TimeSpec(int(seconds), int(seconds % 1 * 1e9)))
        self._checked(
            self._library.timerfd_settime(self._descriptor, self._flags, ctypes.byref(spec), None), "timerfd_settime"
        )

    def now_s(self) -> float:
        """The clock that the alarm follows, in seconds since 1970."""
        return time.time()

    def close(self) -> None:
        """Call nothing any more."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # ECANCELED: the clock was set. EAGAIN: it was set anew meanwhile.
            os.read(self._descriptor, _EXPIRATIONS_BYTES)
        self._on_time()

    @staticmethod
    def _checked(result: int, name: str) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{name}: {os.strerror(number)}")
        return result


class BootClockAlarm(WallClockAlarm):
    """An alarm by the time since the boot, in seconds: it counts a suspend, and nobody sets it."""

    _clock, _flags = _CLOCK_BOOTTIME, _ABSOLUTE

    def now_s(self) -> float:
        """The clock that the alarm follows, in seconds since the boot."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
