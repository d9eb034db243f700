"""A keeper killed during a request: the next keeper answers the command."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from session_host.cli.doctor import chats
from session_host.client.control import request
from session_host.client.sessions.hosts import kill_unresponsive, replace_host, replace_keeper
from session_host.client.sessions.store_access import outcome_of
from session_host.errors import HostUnavailable
from session_host.keeper_client.channel import MessageChannel
from session_host.keeper_client.discovery import keeper_status, request_keeper
from session_host.protocol.keeper import KeeperMessage, Status
from session_host.protocol.messages import Describe
from session_host.protocol.values import State
from session_host.version import VERSION
from tests.support import processes
from tests.support.hosts import end, start

pytestmark = pytest.mark.usefixtures("sessions")


class KeeperKiller:
    """Kills the active keeper after it received a request and before it replies, ``times`` times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.killed: list[int] = []
        ask = MessageChannel.request

        def ask_and_kill(pipe: MessageChannel, message: KeeperMessage, timeout_s: float) -> Any:
            if len(self.killed) < times:
                pid = ask(pipe, Status(), 10).pid
                processes.stop(pid)
                pipe.send_message(message)
                os.kill(pid, signal.SIGKILL)
                self.killed.append(pid)
            return ask(pipe, message, timeout_s)

        monkeypatch.setattr(MessageChannel, "request", ask_and_kill)


@pytest.mark.parametrize("times", [1, 2])
async def test_status_and_upgrade_ask_the_next_keeper_by_themselves(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    record = await start("cat")
    before = (await request(record.id, Describe(0))).facts.program.host_pid
    with monkeypatch.context() as patch:
        killer = KeeperKiller(patch, times)
        status = await asyncio.to_thread(keeper_status)
    assert status is not None
    assert [each.facts.id for each in status.sessions] == [record.id]
    assert status.pid not in killer.killed
    with monkeypatch.context() as patch:
        KeeperKiller(patch, times)
        await asyncio.to_thread(replace_keeper)
    with monkeypatch.context() as patch:
        KeeperKiller(patch, times)
        result = await asyncio.to_thread(replace_host, record.id, record.entry.name)
    assert (result.ok, result.message) == (True, f"updated to {VERSION}")
    after = await request(record.id, Describe(0))
    program = after.facts.program
    assert (program.host_pid != before, program.child_pid) == (True, record.program.child_pid)
    await end(record.id)


async def test_doctor_finishes_although_the_keeper_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    record = await start("cat")
    KeeperKiller(monkeypatch, 1)
    [check] = await asyncio.to_thread(lambda: list(chats.keeper()))
    assert "try again" not in f"{check}"
    assert "1 chat" in f"{check}"
    await end(record.id)


async def test_a_chat_with_a_hung_host_is_ended_once_although_the_keeper_dies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = await start("cat")
    host_pid = (await request(record.id, Describe(0))).facts.program.host_pid
    processes.stop(host_pid)
    with monkeypatch.context() as patch:
        KeeperKiller(patch, 1)
        message = await asyncio.to_thread(kill_unresponsive, record.id)
    assert "did not respond" in message
    assert outcome_of(record.id).state is State.EXITED


def test_a_keeper_that_dies_at_each_request_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(pipe: MessageChannel, message: KeeperMessage, timeout_s: float) -> Any:
        raise HostUnavailable("the connection to the keeper was lost; try again")

    monkeypatch.setattr(MessageChannel, "request", broken)
    with pytest.raises(HostUnavailable, match="the connection to the keeper was lost"):
        request_keeper(Status(), 0.3)
