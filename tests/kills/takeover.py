"""Kills a process at its k-th system call while one keeper takes over from the other."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from session_host.errors import OutliveError
from tests.kills.chat import Chat
from tests.kills.kill_points import KillResult, Workspace, ends_well, tracing, with_keeper
from tests.kills.several import is_whole
from tests.kills.trace import CannotTrace
from tests.support import processes
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually


async def standby_at_takeover(workspace: Workspace, number: int) -> KillResult:
    """Kill the active keeper, then the standby while it forks a new one."""
    return await _takeover(workspace, number, "keeper", "self")


async def keeper_at_takeover(workspace: Workspace, number: int) -> KillResult:
    """Kill the active keeper, then the keeper that the standby forks, from its first call on."""
    return await _takeover(workspace, number, "keeper", "fork")


async def keeper_at_standbys_death(workspace: Workspace, number: int) -> KillResult:
    """Kill the standby, then the active keeper while it becomes the standby of a new one."""
    return await _takeover(workspace, number, "standby", "self")


async def keeper_after_standbys_death(workspace: Workspace, number: int) -> KillResult:
    """Kill the standby, then the keeper that the active one forks, from its first call on."""
    return await _takeover(workspace, number, "standby", "fork")


async def standby_at_work(workspace: Workspace, number: int) -> KillResult:
    """Kill the standby while it follows a launch, a host's death, and a session's end."""
    first, second = workspace.chat(), workspace.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await first.start()
        active, standby = await _pair_of(first)
        with await tracing(standby, number) as traced:
            try:
                await second.start()
                info = await with_keeper(first)
                assert info.host_pid is not None
                os.kill(info.host_pid, signal.SIGKILL)
                await first.answers()
                losses += await ends_well(second)
            except (OutliveError, WaitTimeout) as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        await _whole_again()
        # Kill the active keeper too: all that the standby did not learn from it would be lost.
        active = (await with_keeper(first)).keeper_pid or active
        os.kill(active, signal.SIGKILL)
        await with_keeper(first, previous=active)
        losses += await ends_well(first)
    finally:
        await first.close()
        await second.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def _takeover(workspace: Workspace, number: int, dies: str, follow: str) -> KillResult:
    """Kill one of the two keepers; during the takeover, kill the other one or its fork; then kill a host."""
    chat, new = workspace.chat(), workspace.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        chat.witness.order("burst 20000")
        await chat.answers()
        active, standby = await _pair_of(chat)
        dead, survivor = (active, standby) if dies == "keeper" else (standby, active)
        with await tracing(survivor, number, follow=follow) as traced:
            os.kill(dead, signal.SIGKILL)
            try:
                await _whole_again()
                await chat.answers()
                await new.start()
            except (OutliveError, WaitTimeout) as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        losses += await ends_well(new)
        losses += await ends_well(chat)
    finally:
        await chat.close()
        await new.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def _pair_of(chat: Chat) -> tuple[int, int]:
    """Wait until there are an active keeper and a standby; return their PIDs.

    Raises:
        WaitTimeout: there are not both in time.
        CannotTrace: there is no standby.
    """
    await _whole_again()
    info = await with_keeper(chat)
    active = info.keeper_pid or 0
    pair = processes.keepers(active)
    if len(pair) < 2:
        raise CannotTrace("the keeper has no standby")
    return pair[0], pair[1]


async def _whole_again() -> None:
    await eventually(is_whole, TIMEOUT_S, "an active keeper and a standby")
