"""Keeps the order of keys and composed text.

Qt queues the keys that it reads from the window system, but passes the text of a dead key or a Compose sequence on at
once. After a moment in which the window was busy, it reads several keys together, and such a text would overtake the
keys before it: ``abé`` would arrive as ``éab``.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache

_NAME = "_ZN22QWindowSystemInterface23flushWindowSystemEventsE6QFlagsIN10QEventLoop17ProcessEventsFlagEE"
_ALL_EVENTS = 0
"""``QEventLoop::AllEvents``."""


def deliver_earlier_keys() -> None:
    """Deliver the events that Qt has queued, before a composed text is used."""
    _flush()(_ALL_EVENTS)


@cache
def _flush() -> Callable[[int], object]:
    """``QWindowSystemInterface::flushWindowSystemEvents``, which PySide6 lacks; a Qt without it does nothing."""
    try:
        library = ctypes.CDLL("libQt6Gui.so.6", mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
        function = library[_NAME]
    except (OSError, AttributeError):
        return lambda _flags: None
    function.argtypes, function.restype = [ctypes.c_int], ctypes.c_bool
    return function
