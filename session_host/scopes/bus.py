"""Old path of ``system.dbus.bus``."""

from session_host.system.dbus.bus import *  # noqa: F403
