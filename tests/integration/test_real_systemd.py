"""Scopes of a real systemd user manager."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from session_host.system.dbus import addresses, bus
from session_host.system.systemd import manager, scope
from session_host.web import places
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment, outlive
from tests.support.page_server import PageServer
from tests.support.ports import free_port
from tests.support.processes import end, with_environment
from tests.support.waiting import wait_until

SYSTEMD = Path("/lib/systemd/systemd")

_START = """
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/system  # sd_booted(3)
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$1"
echo $$ > "/sys/fs/cgroup/$1/cgroup.procs"
exec unshare --cgroup sh -c 'umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$0" --user' "$2"
"""
_CLEAR = """
umount -R /sys/fs/cgroup 2>/dev/null
mount -t cgroup2 none /sys/fs/cgroup
find "/sys/fs/cgroup/$1" -depth -type d -exec rmdir {} +
"""


@cache
def reason_not_to() -> str:
    """The reason why systemd cannot be started here; "" if it can."""
    if not SYSTEMD.exists() or shutil.which("systemd-run") is None:
        return "systemd is not installed"
    if not Path("/usr/lib/systemd/user/dbus.socket").exists():
        return "dbus-user-session is not installed"
    tried = subprocess.run(
        ["unshare", "--mount", "--cgroup", "mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no namespaces: {tried.stderr.strip()}" if tried.returncode else ""


class UserSystemd:
    """A running manager.

    Attributes:
        pid: its process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def stop(self, unit: str) -> None:
        """Stop a unit with all of its processes."""
        self._systemctl("stop", unit)

    def units(self, pattern: str) -> list[str]:
        """The names of the loaded units that match a pattern (glob(7))."""
        lines = self._systemctl("list-units", "--all", "--plain", "--no-legend", pattern).splitlines()
        return [line.split()[0] for line in lines]

    @staticmethod
    def _systemctl(*words: str) -> str:
        done = subprocess.run(["systemctl", "--user", *words], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()


@contextmanager
def user_systemd(area: Area, patch: pytest.MonkeyPatch) -> Iterator[UserSystemd]:
    """Run a manager; this process and its children use its bus. At the end, the manager and its units are ended."""
    if why := reason_not_to():
        pytest.skip(why)
    patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={area.xdg_runtime}/bus")
    group = f"outlive-test-{uuid.uuid4().hex[:8]}"
    process = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", _START, "sh", f"{group}/user@{os.getuid()}.service", str(SYSTEMD)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(_is_on_the_bus, 20.0, "systemd to be on its bus", every_s=0.05)
        yield UserSystemd(process.pid)
    finally:
        end([process.pid])
        process.wait()
        end(with_environment("XDG_RUNTIME_DIR", str(area.xdg_runtime)))
        subprocess.run(["unshare", "--mount", "sh", "-c", _CLEAR, "sh", group], check=True, timeout=60)


def _is_on_the_bus() -> bool:
    address = addresses.session_bus()
    if address is None:
        return False
    try:
        with bus.Bus(address, 5.0) as connection:
            connection.call(manager.MANAGER, "GetDefaultTarget", "")
    except (bus.BusGone, bus.Refused):
        return False
    return True


def described() -> dict[str, Any]:
    """The only chat, as ``ls`` prints it."""
    (entry,) = outlive("ls", "--all", "--json").json()
    return dict(entry)


@pytest.mark.usefixtures("sessions")
def test_a_chat_and_the_keeper_outlive_the_scope_in_which_a_desktop_started_them(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    with user_systemd(area, monkeypatch) as systemd:
        new = [*OUTLIVE, "new", "-d", "-n", "chat", "--", "sh", "-c", "read word; echo got $word; exit 7"]
        desktop = ["systemd-run", "--user", "--scope", "--quiet", "--unit", "desktop.scope", "--"]
        # The scope has a process of its own, as a window that stays open.
        subprocess.run(
            [*desktop, "sh", "-c", 'sleep 600 & exec "$@"', "sh", *new],
            env=environment(),
            check=True,
            timeout=60,
            stdout=subprocess.DEVNULL,
        )
        before = described()
        (keeper,) = systemd.units("outlive-keeper-*.scope")
        assert scope.is_in(before["keeper_pid"], keeper)
        assert not any(scope.is_in(before[f"{each}_pid"], "desktop.scope") for each in ("keeper", "host", "child"))
        systemd.stop("desktop.scope")
        outlive("send", "chat", "word", "--enter")
        assert outlive("wait", "chat", "--exited").code == 0
        after = described()
        assert (after["id"], after["child_pid"], after["exit_code"]) == (before["id"], before["child_pid"], 7)
        wait_until(lambda: systemd.units("outlive-*.scope") == [keeper], 60, "the chat's scope to end")


@pytest.mark.usefixtures("sessions")
def test_the_page_for_the_phone_is_on_once_it_answers(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    with user_systemd(area, monkeypatch) as systemd:
        port = free_port()
        words = ["web", "on", "--lan", "127.0.0.1", "--port", str(port)]
        done = outlive(*words)
        assert (done.code, done.error) == (0, "")
        assert f"served at https://127.0.0.1:{port}" in outlive("doctor").output
        systemd.stop("outlive-web.service")
        with PageServer(area):  # In a terminal: the service cannot start.
            failed = outlive(*words)
        assert (failed.code, failed.output) == (2, "")
        assert "the page is not served: " in failed.complaint()
        assert outlive(*words).code == 0
        assert outlive("web", "off").code == 0
        assert places.served() is None
