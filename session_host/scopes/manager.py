"""Old path of ``system.systemd.manager``."""

from session_host.system.systemd.manager import *  # noqa: F403
