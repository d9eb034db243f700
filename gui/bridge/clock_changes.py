"""Reports jumps of the system's clock: it was set, or the computer slept."""

from __future__ import annotations

import contextlib
import ctypes
import os
import time

from PySide6.QtCore import QObject, QSocketNotifier, Signal

_CLOCK_REALTIME = 0
_TFD_TIMER_ABSTIME, _TFD_TIMER_CANCEL_ON_SET = 1, 2
_NEVER_S = 1 << 62


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class ClockChanges(QObject):
    """Reports jumps of the system's clock; costs nothing in between.

    Qt's timers stand still while the computer sleeps, and do not know the time of day.

    Signals:
        jumped: the time of day has changed by another amount than the time that passed without sleep. By how many
            seconds the clock was set (float): about 0 after a sleep.
    """

    jumped = Signal(float)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._booted_s = _booted_s()
        self._descriptor = _open_timer()
        if self._descriptor >= 0:
            notifier = QSocketNotifier(self._descriptor, QSocketNotifier.Type.Read, self)
            notifier.activated.connect(self._on_readable)
            self._notifier = notifier

    def close(self) -> None:
        """Report nothing any more."""
        if self._descriptor >= 0:
            self._notifier.setEnabled(False)
            os.close(self._descriptor)
            self._descriptor = -1

    def _on_readable(self) -> None:
        with contextlib.suppress(OSError):  # ECANCELED is the report; EAGAIN comes if it was read already.
            os.read(self._descriptor, 8)
        previous_s, self._booted_s = self._booted_s, _booted_s()
        self.jumped.emit(self._booted_s - previous_s)


def _booted_s() -> float:
    """The time of day at which the computer was started, in seconds since 1970, by the clock as it is set now."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _open_timer() -> int:
    """A descriptor that gets readable when the clock jumps; -1 if the system gives none.

    Source: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET. Python has it from 3.13 on.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "timerfd_create"):
        return -1
    descriptor: int = libc.timerfd_create(_CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC)
    never = _TimerSpec(_TimeSpec(0, 0), _TimeSpec(_NEVER_S, 0))
    flags = _TFD_TIMER_ABSTIME | _TFD_TIMER_CANCEL_ON_SET
    if descriptor >= 0 and libc.timerfd_settime(descriptor, flags, ctypes.byref(never), None) != 0:
        os.close(descriptor)
        return -1
    return descriptor
