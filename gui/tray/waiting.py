"""Waits for the desktop's tray at login: the tray may start later than Outlive.

Qt looks only once for a tray of the "StatusNotifierItem" specification; without one, it uses the X11 tray from then on.
No module of Qt is imported here.
"""

from __future__ import annotations

import time

from session_host.errors import OutliveError
from session_host.system.dbus.addresses import session_bus
from session_host.system.dbus.bus import Bus, Peer, Refused

TIMEOUT_S = 10.0
"""Maximum wait; desktops with an X11 tray, or without a tray, always take this long."""
_INTERVAL_S = 0.2
WATCHER = "org.kde.StatusNotifierWatcher"
"""The name of trays on the session bus."""
_WATCHER = Peer(WATCHER, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties")


def wait_for_tray() -> None:
    """Return when the tray is registered, or after a timeout."""
    address = session_bus()
    if address is None:
        return
    deadline_s = time.monotonic() + TIMEOUT_S
    try:
        with Bus(address, TIMEOUT_S) as bus:
            while not _is_tray_registered(bus) and time.monotonic() < deadline_s:
                time.sleep(_INTERVAL_S)
    except OutliveError:
        return  # The tray is a convenience; without it the window is shown.


def _is_tray_registered(bus: Bus) -> bool:
    try:
        property_ = (_WATCHER.name, "IsStatusNotifierHostRegistered")
        ((_, is_there),) = bus.call(_WATCHER, "Get", "ss", *property_)
    except Refused:
        return False
    return bool(is_there)
