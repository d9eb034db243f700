"""How long the user's desktop was not used; run as ``python -m``, since a dead X server ends its client's process.

GNOME, Cinnamon and KDE say it over D-Bus, also under Wayland; an X server says it itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import json
import os
import subprocess
import sys
from typing import Any, Final

from .processes import output_of

_SERVICES: Final = (
    (
        "org.gnome.Mutter.IdleMonitor",
        "/org/gnome/Mutter/IdleMonitor/Core",
        "org.gnome.Mutter.IdleMonitor",
        "GetIdletime",
    ),
    (
        "org.cinnamon.Muffin.IdleMonitor",
        "/org/cinnamon/Muffin/IdleMonitor/Core",
        "org.cinnamon.Muffin.IdleMonitor",
        "GetIdletime",
    ),
    ("org.freedesktop.ScreenSaver", "/ScreenSaver", "org.freedesktop.ScreenSaver", "GetSessionIdleTime"),
)
"""Services that answer with milliseconds: name, object, interface, method."""

_ANSWER_S: Final = 5.0
_TIMEOUT_S: Final = 20.0


async def desk_idle_s() -> float | None:
    """How long nobody typed or moved the pointer at the desktop, in seconds; None without one that says it."""
    try:
        return float(await output_of(__name__, b"", _TIMEOUT_S))
    except (TimeoutError, ValueError):
        return None


def _by_bus() -> float | None:
    for service in _SERVICES if os.environ.get("DBUS_SESSION_BUS_ADDRESS") or os.environ.get("XDG_RUNTIME_DIR") else ():
        argv = ["busctl", "--user", "--json=short", "--auto-start=no", "call", *service]
        with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
            done = subprocess.run(argv, capture_output=True, timeout=_ANSWER_S, check=True)
            return int(json.loads(done.stdout)["data"][0]) / 1000
    return None


class _Info(ctypes.Structure):
    """``XScreenSaverInfo``."""

    _fields_ = (
        ("window", ctypes.c_ulong),
        ("state", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("until", ctypes.c_ulong),
        ("idle_ms", ctypes.c_ulong),
        ("mask", ctypes.c_ulong),
    )


def _by_x_server() -> float | None:
    names = [ctypes.util.find_library(name) for name in ("X11", "Xss")]
    if not os.environ.get("DISPLAY") or not all(names):
        return None
    x11: Any = ctypes.CDLL(names[0])
    screen_saver: Any = ctypes.CDLL(names[1])
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    screen_saver.XScreenSaverQueryInfo.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.POINTER(_Info)]
    if not (display := x11.XOpenDisplay(None)):
        return None
    info = _Info()
    if not screen_saver.XScreenSaverQueryInfo(display, x11.XDefaultRootWindow(display), ctypes.byref(info)):
        return None
    return float(info.idle_ms) / 1000


if __name__ == "__main__":
    found = _by_bus()
    if found is None:
        found = _by_x_server()
    sys.stdout.write("" if found is None else str(found))
