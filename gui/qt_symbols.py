"""Functions that Qt keeps for itself and for its plugins, by the names that its libraries export.

PySide6 lacks them, and no other way does what they do. Each says which fault of Qt it mends, and in which versions that
was seen. A Qt without the name goes on as Qt does alone: the fault is back, and nothing else breaks.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from typing import Any

from PySide6.QtGui import QKeyEvent, QWindow
from shiboken6 import Shiboken

_GUI, _WAYLAND = "libQt6Gui.so.6", "libQt6WaylandClient.so.6"
_FLUSH = "_ZN22QWindowSystemInterface23flushWindowSystemEventsE6QFlagsIN10QEventLoop17ProcessEventsFlagEE"
_OVERRIDE = "_Z28qt_sendShortcutOverrideEventP7QObjectmi6QFlagsIN2Qt16KeyboardModifierEERK7QStringbt"
_WINDOW_OF = "_ZN15QtWaylandClient14QWaylandWindow13fromWlSurfaceEP10wl_surface"
_UPDATE_SCALE = "_ZN15QtWaylandClient14QWaylandWindow11updateScaleEv"

SYMBOLS = ((_GUI, _FLUSH), (_GUI, _OVERRIDE), (_WAYLAND, _WINDOW_OF), (_WAYLAND, _UPDATE_SCALE))
"""The library and the name of each function; PySide6 6.10.0 to 6.11.3 have all of them."""

_ALL_EVENTS = 0
"""``QEventLoop::AllEvents``."""
_QSTRING_BYTES = 24
"""The size of a QString; all zeros are an empty one."""

_BOOL, _INT, _POINTER = ctypes.c_bool, ctypes.c_int, ctypes.c_void_p


def deliver_window_events() -> None:
    """Deliver the events of the window system that Qt has queued.

    Qt (6.10, 6.11) delivers a composed text at once, while earlier keys still wait in its queue.
    """
    if (flush := _function(_GUI, _FLUSH, _BOOL, _INT)) is not None:
        flush(_ALL_EVENTS)


def run_shortcut(window: QWindow, event: QKeyEvent, key: int) -> bool:
    """Run the shortcut of another key than the event's, unless the widget with the keyboard takes it.

    Qt (6.10, 6.11) finds a key's Latin letter only in the layouts that the user has set up.

    Args:
        window: the window that has the keyboard.
        event: the key that was pressed.
        key: Qt's number of the key to look up.

    Returns:
        Whether a shortcut ran.
    """
    kinds = (_POINTER, ctypes.c_ulong, _INT, _INT, ctypes.c_char_p, _BOOL, ctypes.c_ushort)
    if (send := _function(_GUI, _OVERRIDE, _BOOL, *kinds)) is None:
        return False
    address, held = Shiboken.getCppPointer(window)[0], event.modifiers().value
    return bool(send(address, event.timestamp(), key, held, bytes(_QSTRING_BYTES), event.isAutoRepeat(), 1))


def update_scale(window: QWindow) -> None:
    """Let a window on Wayland read its display's scale: Qt tells the compositor, and paints anew, if it differs.

    Qt (6.10, 6.11) reads the scale when a window comes to another display. When the display's own scale changes, it
    draws at the new scale, but does not say so to a compositor that has neither fractional scales nor version 6 of
    wl_compositor, as sway and GNOME in Debian 12: the window is drawn twice as large, or half as large.
    """
    window_of = _function(_WAYLAND, _WINDOW_OF, _POINTER, _POINTER)
    update = _function(_WAYLAND, _UPDATE_SCALE, None, _POINTER)
    surface = window.winId()  # on Wayland, this is an address; none of a window that was hidden
    if window_of is not None and update is not None and surface and (found := window_of(surface)):
        update(found)


@cache
def _function(library: str, name: str, returns: Any, *takes: Any) -> Callable[..., Any] | None:
    """A function of a library that Qt has loaded; None if there is none of that name."""
    try:
        function = ctypes.CDLL(library, mode=os.RTLD_NOLOAD | os.RTLD_LAZY)[name]
    except (OSError, AttributeError):
        return None
    function.restype, function.argtypes = returns, takes
    return function
