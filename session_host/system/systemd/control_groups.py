"""A process's control group, and whether it should move to a scope.

The user's systemd, with all its scopes, ends with the user's last login unless the user lingers (user@.service(5),
loginctl(1)). A process that runs below the user's systemd (a window's, started from a desktop) loses nothing by a
scope. A process of a login (``session-3.scope``, of ssh or a console) or of a system service does not run below it:
with ``KillUserProcesses=no`` logind leaves it alone at logout, and keeps the login "closing" for it (logind.conf(5)). A
scope would shorten its life.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from session_host.system.processes import proc

LINGER = Path("/var/lib/systemd/linger")
"""A directory with one empty file for each lingering user, by name."""


def control_groups(pid: int) -> list[str]:
    """The paths of the process's control groups that systemd manages, [] if there is no such process.

    cgroups(7) describes ``/proc/PID/cgroup``: version 2 is hierarchy 0, and beside version 1 there is systemd's own.
    """
    lines = proc.read(pid, "cgroup").decode(errors="replace").splitlines()
    fields = [line.split(":", 2) for line in lines]
    return [path for number, name, path in fields if number == "0" or name == "name=systemd"]


def is_in(pid: int, unit: str) -> bool:
    """Whether the process is in the unit's control group, or in one below it."""
    return any(unit in path.split("/") for path in control_groups(pid))


def lingers() -> bool:
    """Whether this user's systemd outlives the logins."""
    try:
        names = os.listdir(LINGER)  # noqa: PTH208 - names are enough
    except OSError:
        return False
    if not names:
        return False  # Looking up a user's name may need a directory service.
    try:
        return pwd.getpwuid(os.getuid()).pw_name in names
    except KeyError:
        return False  # An account without a name cannot linger.


def belongs_elsewhere(pid: int) -> bool:
    """Whether the process does not depend on the user's systemd now, but would in a scope."""
    return not is_in(pid, f"user@{os.getuid()}.service") and not lingers()
