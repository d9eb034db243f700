"""Waits for the desktop's tray when Outlive starts at login: it may come a moment later than Outlive.

Qt looks for a tray of the "StatusNotifierItem" specification once, and uses the X11 one for good if there is none yet.
No module of Qt is imported here.
"""

from __future__ import annotations

import time

from session_host.errors import OutliveError
from session_host.system.dbus.addresses import session_bus
from session_host.system.dbus.bus import Bus, Peer, Refused

LONGEST_S = 10.0
"""Desktops with an X11 tray, or none, are waited for so long."""
_LOOK_AGAIN_S = 0.2
_WATCHER = Peer("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties")


def wait_for_tray() -> None:
    """Return when the tray is there, or does not come."""
    address = session_bus()
    if address is None:
        return
    deadline_s = time.monotonic() + LONGEST_S
    try:
        with Bus(address, LONGEST_S) as bus:
            while not _is_there(bus) and time.monotonic() < deadline_s:
                time.sleep(_LOOK_AGAIN_S)
    except OutliveError:
        return  # The tray is a convenience; without it the window is shown.


def _is_there(bus: Bus) -> bool:
    try:
        property_ = (_WATCHER.name, "IsStatusNotifierHostRegistered")
        ((_, is_there),) = bus.call(_WATCHER, "Get", "ss", *property_)
    except Refused:
        return False
    return bool(is_there)
