"""Makes timers: QTimers without keyword properties, since PySide6 does not find ``interval`` in some locales.

PySide6 makes the name of a property's setter by C's ``toupper``, which leaves the "i" of ``interval`` alone where its
upper case has a dot (Turkish, Azerbaijani): there, QTimer(interval=…) raises AttributeError.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer


def single_shot(parent: QObject, interval_ms: int = 0) -> QTimer:
    """A timer that fires once each time it is started.

    Args:
        parent: The timer is freed with it.
        interval_ms: How long after ``start`` it fires; 0 is as soon as Qt has handled its events.
    """
    timer = repeating(parent, interval_ms)
    timer.setSingleShot(True)
    return timer


def repeating(parent: QObject, interval_ms: int = 0) -> QTimer:
    """A timer that, once started, fires again and again until it is stopped.

    Args:
        parent: The timer is freed with it.
        interval_ms: The time between two firings; 0 is whenever Qt has handled its events.
    """
    timer = QTimer(parent)
    timer.setInterval(interval_ms)
    return timer
