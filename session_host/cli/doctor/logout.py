"""Checks whether the window's control group or a logout would end chats."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from session_host.errors import OutliveError
from session_host.system.dbus import addresses
from session_host.system.systemd import ScopeResult, enter, scope
from session_host.system.systemd.scope import NO_BUS, NO_SYSTEMD, NOT_WANTED

from .check import Check, ok, warn

ANSWER_TIMEOUT_S = 2.0


class LoginSettings(NamedTuple):
    """logind's settings on killing a user's processes at logout: org.freedesktop.login1(5), logind.conf(5)."""

    kills: bool | None
    """KillUserProcesses; None if unknown."""
    only: tuple[str, ...] = ()
    """KillOnlyUsers."""
    excluded: tuple[str, ...] | None = None
    """KillExcludeUsers; None if it is not set, which means root."""

    def ends(self, user: str) -> bool | None:
        """Whether logout kills this user's processes; None if unknown."""
        if user in (("root",) if self.excluded is None else self.excluded):
            return False
        return user in self.only if self.only else self.kills


def login_settings() -> LoginSettings | None:
    """Read logind's settings from the system bus; None if there is no bus, or no logind on it."""
    address = addresses.system_bus()
    if address is None:
        return None

    from session_host.system.dbus.bus import Bus, Peer

    manager = Peer("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.DBus.Properties")
    try:
        with Bus(address, ANSWER_TIMEOUT_S) as bus:
            answer = bus.call(manager, "GetAll", "s", "org.freedesktop.login1.Manager")
    except OutliveError:
        return None
    match answer:
        case [{"KillUserProcesses": ("b", kills), "KillOnlyUsers": (_, only), "KillExcludeUsers": (_, excluded)}]:
            # logind reports an unset list as an empty one.
            return LoginSettings(bool(kills), tuple(only), tuple(excluded) or None)
        case _:
            return None


LINGER = "loginctl enable-linger"


def logout(root: Path = Path("/")) -> Iterator[Check]:
    """Check whether chats get their own scopes, and what happens to them when the user logs out.

    Args:
        root: the root of the system's directories.
    """
    has_systemd = (root / "run/systemd/system").is_dir()
    reported = login_settings()
    if not has_systemd and reported is None:
        yield ok("scopes", "no systemd; not needed")
        yield ok("logging out", "no systemd: chats keep running")
        return
    settings = reported or LoginSettings(None)
    result = _enter_test_scope()
    yield _scopes(result)
    yield _logging_out(result, settings.ends(_user_name()))


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def _enter_test_scope() -> ScopeResult:
    """Move a test process into a scope; both are removed afterwards."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        return enter(f"outlive-doctor-{process.pid}.scope", "Outlive: doctor", [process.pid])


def _scopes(result: ScopeResult) -> Check:
    name = "scopes"
    if result.entered:
        return ok(name, "each chat has its own systemd scope; ending the window's group does not end chats")
    if result.reason == NOT_WANTED:
        return ok(name, "none for chats started here: without lingering, a scope would end before this login")
    if result.reason in {NO_BUS, NO_SYSTEMD}:
        if scope.belongs_elsewhere(os.getpid()):
            return ok(name, f"none ({result.reason}); chats started here do not need one")
        remedy = "on Debian, run `sudo apt install dbus-user-session`, and log in again"
    else:
        remedy = "systemctl --user status"
    return warn(name, f"none ({result.reason}): ending the window's control group may end chats", remedy)


def _logging_out(result: ScopeResult, ends: bool | None) -> Check:
    """The check of logging out; ``ends`` is whether logind kills the processes of a login."""
    name = "logging out"
    if scope.lingers():
        if not ends:
            return ok(name, "chats keep running (lingering is on)")
        if result.entered:
            return ok(name, "chats keep running (lingering is on, and each has its own scope)")
        # A scope of the login ends with the login, with and without lingering.
        facts = "ends the chats started in that login (KillUserProcesses is on, and there are no scopes)"
        return warn(name, facts, 'see "scopes" above')
    if ends:
        return warn(name, "ends all chats (KillUserProcesses is on, lingering is off)", LINGER)
    if ends is None:
        return warn(name, "may end chats (logind's settings are unknown, lingering is off)", LINGER)
    if scope.belongs_elsewhere(os.getpid()):
        facts = (
            "chats started in a login like this one keep running; chats started from a desktop may end with the "
            "last login"
        )
        return warn(name, f"{facts} (lingering is off)", LINGER)
    facts = "ends all chats: your systemd instance ends with the last login, and its scopes with it"
    return warn(name, f"{facts} (lingering is off)", LINGER)
