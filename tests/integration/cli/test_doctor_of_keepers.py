"""``outlive doctor`` about the keeper: how many more chats it has files for, and how to raise its limit."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import pytest

from session_host.cli.doctor import chats
from session_host.cli.doctor.check import Status
from session_host.keeper_client.discovery import keeper_status
from tests.support.hosts import start

pytestmark = pytest.mark.usefixtures("sessions")


async def test_doctor_says_how_to_raise_the_limit_of_a_keeper_without_a_new_login() -> None:
    await start("cat")
    [check] = chats.keeper()
    assert check.status is Status.OK
    status = await asyncio.to_thread(keeper_status)
    assert status is not None
    used = len(list(Path(f"/proc/{status.pid}/fd").iterdir()))
    resource.prlimit(status.pid, resource.RLIMIT_NOFILE, (used + 20, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    [check] = chats.keeper()
    assert check.status is Status.WARN
    assert "open files for 2 more" in check.message
    assert f"prlimit --pid {status.pid} --nofile=" in check.remedy
    assert check.remedy.count("sudo prlimit") == 2, "the second keeper needs it, too"
