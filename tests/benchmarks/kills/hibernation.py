"""Kills a process at its k-th system call while a session hibernates or is woken."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

from session_host.errors import OutliveError
from session_host.paths import config_dir
from tests.benchmarks.kills.kill_points import KillResult, Workspace, ends_well, tracing, with_keeper
from tests.support.hosts import hibernate_after
from tests.support.waiting import TIMEOUT_S, WaitTimeout, wait_for_end

HIBERNATES_AFTER_S = 0.2


async def previous_host_at_hibernation(workspace: Workspace, number: int) -> KillResult:
    """Kill a host while a hibernating one replaces it."""
    return await _hibernate(workspace, number, "host")


async def hibernating_host(workspace: Workspace, number: int) -> KillResult:
    """Kill a hibernating host that is woken, from its first call on."""
    return await _hibernate(workspace, number, "hibernating")


async def keeper_at_hibernation(workspace: Workspace, number: int) -> KillResult:
    """Kill the keeper while it replaces a host by a hibernating one."""
    return await _hibernate(workspace, number, "keeper")


@contextlib.contextmanager
def hibernating_soon() -> Iterator[None]:
    """Let sessions that are started in this context hibernate after ``HIBERNATES_AFTER_S``."""
    hibernate_after(HIBERNATES_AFTER_S)
    try:
        yield
    finally:
        (config_dir() / "chats.toml").unlink()


async def _hibernate(workspace: Workspace, number: int, who: str) -> KillResult:
    """Wait without activity until the host has been replaced; then type, and let the program write, at once."""
    chat = workspace.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        with hibernating_soon():
            await chat.start()
        chat.witness.order(f"random {number} 20000")  # The host must not hibernate before it is traced.
        await chat.answers()
        info = await with_keeper(chat)
        assert info.host_pid is not None
        traced_pid = info.host_pid if who == "host" else info.keeper_pid
        with await tracing(traced_pid, number, follow="fork" if who == "hibernating" else "self") as traced:
            chat.witness.order("quiet")
            try:
                await asyncio.to_thread(wait_for_end, info.host_pid, TIMEOUT_S)
                chat.witness.order("lines 3")
                chat.press(2)
                await chat.answers()
            except (WaitTimeout, OutliveError) as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        losses += await ends_well(chat)
    finally:
        await chat.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)
