"""Moves processes into a scope of their own.

The user's systemd, with all its scopes, ends with the user's last login unless the user lingers (user@.service(5),
loginctl(1)). A process that runs below the user's systemd (a window's, started from a desktop) loses nothing by a
scope. A process of a login (``session-3.scope``, of ssh or a console) or of a system service does not run below it:
with ``KillUserProcesses=no`` logind leaves it alone at logout, and keeps the login "closing" for it (logind.conf(5)). A
scope would shorten its life.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from session_host.errors import TimedOut
from session_host.system.dbus import addresses
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


TIMEOUT_S = 1.0

NO_BUS = "no session bus"
NO_SYSTEMD = "no systemd on the bus"
NOT_WANTED = "not wanted: without linger, scopes end at logout, and the present control group may not"
"""A reason that is not a fault."""


class ScopeResult(NamedTuple):
    """The result: ``unit`` is where the processes are now, or ``reason`` says why they were not moved."""

    unit: str = ""
    reason: str = ""

    @property
    def entered(self) -> bool:
        """Whether the processes were moved."""
        return bool(self.unit)

    def __str__(self) -> str:
        return self.unit or f"no scope: {self.reason}"


def enter(unit: str, description: str, pids: Sequence[int], timeout_s: float = TIMEOUT_S) -> ScopeResult:
    """Move processes into a scope, and return when they are there, or will not be.

    An existing scope of that name is joined: a name belongs to one keeper or one session. Later children of the
    processes start in the scope; earlier ones are moved only if they are in ``pids``. Processes that have ended are
    skipped. Blocking; without a bus it takes microseconds.

    Args:
        unit: a name that ends in ``.scope``.
        description: what ``systemctl --user status`` shows.
        pids: processes of this user.
        timeout_s: the time for everything.
    """
    address = addresses.session_bus()
    if address is None:
        return ScopeResult(reason=NO_BUS)
    pids = [pid for pid in pids if control_groups(pid)]
    if not pids:
        return ScopeResult(reason="refused: the processes have ended")
    if all(is_in(pid, unit) for pid in pids):
        return ScopeResult(unit)
    if any(belongs_elsewhere(pid) for pid in pids):
        return ScopeResult(reason=NOT_WANTED)

    from session_host.system.dbus import bus

    from . import manager

    try:
        with bus.Bus(address, timeout_s) as connection:
            return ScopeResult(manager.move(connection, unit, description, pids))
    except TimedOut:
        return ScopeResult(reason="timed out")
    except bus.BusGone as error:
        return ScopeResult(reason=str(error))
    except bus.Refused as error:
        return ScopeResult(reason=NO_SYSTEMD if error.name in bus.NOBODY else f"refused: {error}")
