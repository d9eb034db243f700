"""Session descriptors in the descriptor store of a real systemd user manager."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from session_host.system.systemd import enter_service, held_by_services
from session_host.system.systemd.descriptor_store import DescriptorStore
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment, outlive
from tests.support.processes import name, with_environment
from tests.support.user_systemd import UserSystemd, as_on_a_desktop, user_systemd
from tests.support.waiting import wait_until

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
