"""Descriptors that a real systemd of the user holds for us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from session_host.scopes import Service, enter_service, services
from session_host.scopes.descriptor_store import DescriptorStore
from tests.support.area import Area
from tests.support.commands import environment
from tests.support.user_systemd import UserSystemd, as_on_a_desktop, user_systemd
from tests.support.waiting import wait_until

UNIT = "outlive-test.service"


@pytest.fixture
def systemd(area: Area, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserSystemd]:
    with user_systemd(area, monkeypatch) as running:
        yield running


def test_systemd_hands_back_what_a_process_had_held(systemd: UserSystemd, area: Area) -> None:
    report = area.root / "report"
    keeps = subprocess.run(
        as_on_a_desktop(sys.executable, "-m", "tests.programs.stored_descriptors", "keep", UNIT, str(report)),
        env=environment(), stdout=subprocess.PIPE, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert keeps.stdout.split() == [UNIT], "moved into the service"
    wait_until(lambda: systemd.show(UNIT, "NFileDescriptorStore") == "3", 10, "systemd to hold three")
    assert services("outlive-*.service") == [UNIT]
    wait_until(report.exists, 10, "the main process to start")
    os.kill(int(systemd.show(UNIT, "MainPID")), signal.SIGKILL)
    lines = wait_until(lambda: report.read_text().splitlines()[1:], 10, "the main process to start again")
    assert json.loads(lines[0]) == [{"a": ["one", "two"], "b": ["three"]}, [False] * 3]


def test_nothing_is_held_where_there_is_no_systemd(area: Area) -> None:
    service = Service(UNIT, "Outlive: test", ["true"], {})
    assert enter_service(service, [os.getpid()]).reason == "no session bus"
    assert services("outlive-*.service") == []
    with pytest.raises(FileNotFoundError):
        DescriptorStore()
