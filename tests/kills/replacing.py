"""Kills a process at its k-th system call while the keeper's and host's code is replaced under a running chat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from session_host.client.sessions.hosts import replace_host, replace_keeper
from session_host.errors import OutliveError
from tests.kills.chat import Chat
from tests.kills.kill_points import KillResult, Workspace, ends_well, tracing, with_keeper
from tests.support.waiting import WaitTimeout


async def host_at_upgrade(workspace: Workspace, number: int) -> KillResult:
    """Kill a host that hands its chat over to a replacement."""
    return await _upgrade(workspace, number, "host", _replace_host)


async def replacement_at_upgrade(workspace: Workspace, number: int) -> KillResult:
    """Kill the replacement of a host, from its first call on."""
    return await _upgrade(workspace, number, "replacement", _replace_host)


async def keeper_at_replacement(workspace: Workspace, number: int) -> KillResult:
    """Kill the keeper while it replaces a host."""
    return await _upgrade(workspace, number, "keeper", _replace_host)


async def keeper_at_upgrade(workspace: Workspace, number: int) -> KillResult:
    """Kill the keeper while it replaces itself by another version."""
    return await _upgrade(workspace, number, "keeper", lambda _: replace_keeper())


def _replace_host(chat: Chat) -> None:
    replace_host(chat.witness.id, "witness")


async def _upgrade(workspace: Workspace, number: int, who: str, replace: Callable[[Chat], None]) -> KillResult:
    """Use a chat all the time during the replacement. The chat must continue, replaced or not."""
    chat = workspace.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        chat.witness.order(f"random {number} 300000")
        await chat.answers()
        info = await with_keeper(chat)
        traced_pid = info.host_pid if who == "host" else info.keeper_pid
        with await tracing(traced_pid, number, follow="fork" if who == "replacement" else "self") as traced:
            working = asyncio.create_task(asyncio.to_thread(replace, chat))
            try:
                while not working.done():
                    chat.press()
                    await chat.answers()
                await chat.answers()
            except WaitTimeout as error:
                losses.append(str(error))
            try:
                await working
            except OutliveError:
                pass  # A request that runs while the keeper is killed fails.
            result = await asyncio.to_thread(traced.stop)
        chat.witness.order("quiet")
        losses += await ends_well(chat)
    finally:
        await chat.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)
