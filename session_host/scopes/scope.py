"""Moving processes into a scope of their own, or saying why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from session_host.errors import TimedOut

from . import addresses, places

TIMEOUT_S = 1.0

NO_BUS = "no session bus"
NO_SYSTEMD = "no systemd on the bus"
NOT_WANTED = "not wanted: without linger, scopes end at logout, and where it is now need not"
"""Reasons that are no faults."""


class ScopeResult(NamedTuple):
    """How it went: ``unit`` is where the processes are now, or ``reason`` why they are where they were."""

    unit: str = ""
    reason: str = ""

    @property
    def entered(self) -> bool:
        """Whether the processes have moved."""
        return bool(self.unit)

    def __str__(self) -> str:
        return self.unit or f"no scope: {self.reason}"


def enter(unit: str, description: str, pids: Sequence[int], timeout_s: float = TIMEOUT_S) -> ScopeResult:
    """Move processes into a scope of their own, and return when they are there, or will not be.

    A scope of that name which is there already is joined: a name is one keeper's or one session's. Later children
    of the processes are born into it; earlier ones are moved only if they are named. Those that have ended are
    passed over. Blocking; without a bus it takes microseconds.

    Args:
        unit: a name that ends in ``.scope``.
        description: what ``systemctl --user status`` shows.
        pids: processes of this user.
        timeout_s: for all of it, whatever the bus does.
    """
    address = addresses.session_bus()
    if address is None:
        return ScopeResult(reason=NO_BUS)
    pids = [pid for pid in pids if places.control_groups(pid)]
    if not pids:
        return ScopeResult(reason="refused: the processes have ended")
    if all(places.is_in(pid, unit) for pid in pids):
        return ScopeResult(unit)
    if any(places.belongs_elsewhere(pid) for pid in pids):
        return ScopeResult(reason=NOT_WANTED)

    from . import bus, manager  # D-Bus, milliseconds: only where there is a bus

    try:
        with bus.Bus(address, timeout_s) as connection:
            return ScopeResult(manager.move(connection, unit, description, pids))
    except TimedOut:
        return ScopeResult(reason="timed out")
    except bus.BusGone as error:
        return ScopeResult(reason=str(error))
    except bus.Refused as error:
        return ScopeResult(reason=NO_SYSTEMD if error.name in bus.NOBODY else f"refused: {error}")
