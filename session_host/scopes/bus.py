"""Former path of ``system.systemd.bus``."""

from session_host.system.systemd.bus import *  # noqa: F403
