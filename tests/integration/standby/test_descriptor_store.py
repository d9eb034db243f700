"""Session descriptors in the descriptor store of a real systemd user manager."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from session_host.system.dbus import addresses, bus
from session_host.system.systemd import enter_service, held_by_services, manager
from session_host.system.systemd.descriptor_store import DescriptorStore
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment, outlive
from tests.support.processes import end, name, with_environment
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
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"no namespaces: {tried.stderr.strip()}" if tried.returncode else ""


class UserSystemd:
    """A running manager.

    Attributes:
        pid: its process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def show(self, unit: str, name: str) -> str:
        """A property of a unit (systemctl(1), show)."""
        return self._systemctl("show", unit, "--property", name, "--value")

    def units(self, pattern: str) -> list[str]:
        """The names of the loaded units that match a pattern (glob(7))."""
        lines = self._systemctl("list-units", "--all", "--plain", "--no-legend", pattern).splitlines()
        return [line.split()[0] for line in lines]

    @staticmethod
    def _systemctl(*words: str) -> str:
        done = subprocess.run(["systemctl", "--user", *words], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()


def as_on_a_desktop(*argv: str) -> list[str]:
    """The command that runs ``argv`` in a scope of the manager, as a desktop starts its applications."""
    return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--", *argv]


@contextmanager
def user_systemd(area: Area, patch: pytest.MonkeyPatch) -> Iterator[UserSystemd]:
    """Run a manager; this process and its children use its bus. At the end, the manager and its units are ended."""
    if why := reason_not_to():
        pytest.skip(why)
    patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={area.xdg_runtime}/bus")
    group = f"outlive-test-{uuid.uuid4().hex[:8]}"
    process = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", _START, "sh", f"{group}/user@{os.getuid()}.service", str(SYSTEMD)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
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
            manager.units(connection, "outlive-*")
    except (bus.BusGone, bus.Refused):
        return False
    return True


UNIT = "outlive-test.service"


@pytest.fixture
def systemd(area: Area, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserSystemd]:
    with user_systemd(area, monkeypatch) as running:
        yield running


def test_systemd_returns_stored_descriptors(systemd: UserSystemd, area: Area) -> None:
    report = area.root / "report"
    keeps = subprocess.run(
        as_on_a_desktop(sys.executable, "-m", "tests.programs.stored_descriptors", "keep", UNIT, str(report)),
        env=environment(), stdout=subprocess.PIPE, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert keeps.stdout.split() == [UNIT], "moved into the service"
    wait_until(lambda: systemd.show(UNIT, "NFileDescriptorStore") == "1103", 10, "systemd to hold all")
    assert held_by_services("outlive-*.service") == 1103
    wait_until(lambda: report.exists() and report.read_text(), 10, "the main process to start")
    os.kill(int(systemd.show(UNIT, "MainPID")), signal.SIGKILL)
    lines = wait_until(lambda: report.read_text().splitlines()[1:], 10, "the main process to start again")
    assert json.loads(lines[0]) == [{"a": ["one", "two"], "b": ["three"]}, False, 1100]


@pytest.fixture
def chat(systemd: UserSystemd, sessions: object) -> str:
    """The id of a chat that was started as from a desktop, so that systemd also holds its descriptors."""
    words = ["new", "-d", "--json", "-n", "chat", "--", "sh", "-c", "echo one; read word; echo got $word; exit 7"]
    started = subprocess.run(
        as_on_a_desktop(*OUTLIVE, *words), env=environment(), stdout=subprocess.PIPE, text=True, check=True, timeout=60
    )
    outlive("wait", "chat", "--text", "one")
    return str(json.loads(started.stdout)["id"])


def described() -> dict[str, Any]:
    """The only chat, as ``ls`` prints it."""
    (entry,) = outlive("ls", "--all", "--json").json()
    return dict(entry)


WAITING = {"sh", "flock"}
"""The names of the service's processes while a keeper is running."""


def product_processes(area: Area) -> list[int]:
    """All processes of the product, including the service's, but not the chat's program."""
    every = with_environment("OUTLIVE_RUNTIME_DIR", str(area.runtime))
    product = {"outlive-keeper", "outlive-standby", "outlive-host", *WAITING}
    return [pid for pid in every if name(pid) in product and pid != described()["child_pid"]]


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # A process may have ended by itself because a previous one was killed.
            os.kill(pid, signal.SIGKILL)


def service_of(systemd: UserSystemd) -> str:
    """Wait until the keeper's service holds the chat (seven descriptors and its spec); returns the service's name."""
    pattern = "outlive-keeper-*.service"

    def holding() -> list[str]:
        return [each for each in systemd.units(pattern) if systemd.show(each, "NFileDescriptorStore") == "8"]

    (found,) = wait_until(holding, 10, "systemd to hold the chat")
    return found


def check_input_and_end(systemd: UserSystemd, service: str, before: dict[str, Any]) -> None:
    """Check that the chat takes input, its end is recorded, and systemd then holds none of its descriptors."""
    outlive("send", "chat", "word", "--enter")
    assert outlive("wait", "chat", "--exited").code == 0
    after = described()
    assert (after["id"], after["child_pid"], after["exit_code"]) == (before["id"], before["child_pid"], 7)
    assert outlive("peek", "chat").output.split("\n")[:3] == ["one", "word", "got word"]
    wait_until(lambda: systemd.show(service, "NFileDescriptorStore") in {"0", ""}, 10, "systemd to let go of the chat")


@pytest.mark.parametrize("and_the_service", [False, True])
def test_killing_all_processes_of_the_product_at_once_loses_nothing(
    systemd: UserSystemd, chat: str, area: Area, and_the_service: bool
) -> None:
    before, service = described(), service_of(systemd)
    killed = [pid for pid in product_processes(area) if and_the_service or name(pid) not in WAITING]
    assert {name(pid) for pid in killed} >= {"outlive-keeper", "outlive-standby", "outlive-host"}
    assert (int(systemd.show(service, "MainPID")) in killed) == and_the_service
    kill(killed)
    check_input_and_end(systemd, service, before)


def test_a_chat_survives_a_kill_of_all_processes_without_the_runtime_directory(
    systemd: UserSystemd, chat: str, area: Area
) -> None:
    before, service = described(), service_of(systemd)
    kill(product_processes(area))
    shutil.rmtree(area.runtime, ignore_errors=True)
    seen = set()

    def is_with_another_keeper() -> bool:
        info = described()
        seen.add((info["state"], info["reason"]))
        return info["keeper_pid"] not in {None, before["keeper_pid"]}

    wait_until(is_with_another_keeper, 20, "another keeper")
    assert seen == {("running", None)}, "it is coming back all the while"
    check_input_and_end(systemd, service, before)


def test_a_restarted_service_leaves_the_living_keeper_alone(systemd: UserSystemd, chat: str, area: Area) -> None:
    before, service = described(), service_of(systemd)
    shutil.rmtree(area.runtime)
    wait_until((area.runtime / "keeper.alive").exists, 10, "the lock that the service waits for")
    wait_until(lambda: described()["keeper_pid"] == before["keeper_pid"], 10, "the chat to be there again")
    previous = systemd.show(service, "MainPID")
    os.kill(int(previous), signal.SIGKILL)
    wait_until(lambda: systemd.show(service, "MainPID") not in {previous, "0"}, 10, "the service to start again")
    assert described()["keeper_pid"] == before["keeper_pid"]
    kill(product_processes(area))
    check_input_and_end(systemd, service, before)


def test_living_hosts_connect_to_the_keeper_that_systemd_starts(systemd: UserSystemd, chat: str, area: Area) -> None:
    before, service = described(), service_of(systemd)
    kill([pid for pid in product_processes(area) if name(pid) in {"outlive-keeper", "outlive-standby"}])
    wait_until(lambda: described()["keeper_pid"] not in {None, before["keeper_pid"]}, 20, "another keeper")
    assert described()["host_pid"] == before["host_pid"]
    kill([pid for pid in product_processes(area) if name(pid) not in WAITING])
    check_input_and_end(systemd, service, before)


def test_an_upgraded_keeper_has_a_service_of_its_own(systemd: UserSystemd, chat: str, area: Area) -> None:
    before, previous = described(), service_of(systemd)
    assert outlive("upgrade").code == 0
    wait_until(lambda: systemd.show(previous, "NFileDescriptorStore") == "0", 10, "the previous service to be left")
    service = service_of(systemd)
    assert service != previous
    kill(product_processes(area))
    check_input_and_end(systemd, service, before)


def test_no_descriptors_are_stored_without_systemd(area: Area) -> None:
    assert enter_service(UNIT, ["true"], {}, [os.getpid()]).reason == "no session bus"
    assert held_by_services("outlive-*.service") == 0
    with pytest.raises(FileNotFoundError):
        DescriptorStore()
