"""Kills at a launch: ``outlive new``, from before the product's code runs; the keeper, with a short program."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

from session_host.client.sessions.store_access import open_store, outcome_of
from session_host.errors import OutliveError
from session_host.paths import runtime_dir
from session_host.protocol.values import RUNNING_STATES, State
from session_host.storage.store import SessionRecord
from tests.kills.chat import Chat, chats
from tests.kills.kill_points import KillResult, Workspace, ends_well, tracing, with_keeper
from tests.kills.trace import Traced
from tests.kills.witness import SIZE
from tests.support import hosts, processes
from tests.support.commands import OUTLIVE, environment
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually

WAIT_AND_EXECUTE = "import os, sys; os.read(0, 1); os.execv(sys.argv[1], sys.argv[1:])"
NOTHING_TRACED = Traced(0, 0, None, None, None, {})
SETTLED_AFTER_S = 1.0
"""Within this time the keeper carries out a request of a client that has been killed."""


async def command_at_launch(workspace: Workspace, number: int) -> KillResult:
    """Kill ``outlive new`` while it starts the keeper and a chat. The chat runs or not; the next launch succeeds."""
    chat, after = workspace.chat(), workspace.chat()
    losses: list[str] = []
    result = NOTHING_TRACED
    began_s = time.monotonic()
    processes.end(keepers())
    words = ["new", "command", "-d", "--size", str(SIZE), "--engine", chat.engine, "--", *chat.witness.argv]
    argv = [sys.executable, "-I", "-S", "-c", WAIT_AND_EXECUTE, *OUTLIVE, *words]
    try:
        command = subprocess.Popen(argv, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        with command, await tracing(command.pid, number) as traced:
            await asyncio.to_thread(command.communicate, b".")
            result = await asyncio.to_thread(traced.result)
        infos = await settled(chat)
        if infos is not None:
            await chat.adopt(infos)
            losses += await ends_well(chat)
        elif command.returncode == 0:
            losses.append("the command said that the chat was started, and there is none")
        await after.start()
        losses += await ends_well(after)
        if infos is None and chat.witness.sizes:
            losses.append("the program was started, and there is no chat")
    except (WaitTimeout, OutliveError) as error:
        losses.append(str(error))
    finally:
        await chat.close()
        await after.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def keeper_at_short_launch(workspace: Workspace, number: int) -> KillResult:
    """Kill the keeper while it starts a program that ends at once. It runs once; not at all if the launch fails."""
    result = NOTHING_TRACED
    other, ran = workspace.chat(), workspace.directory / f"ran-{number}"
    ran.unlink(missing_ok=True)  # A kill point may be repeated.
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await other.start()
        with await tracing((await with_keeper(other)).keeper_pid, number) as traced:
            why = ""
            try:
                record = await hosts.start("/bin/sh", "-c", f"echo x >> {ran}", name=f"short-{number}")
            except OutliveError as error:
                why = str(error)
            result = await asyncio.to_thread(traced.stop)
        if not why:
            over = lambda: outcome_of(record.id).state not in RUNNING_STATES  # noqa: E731
            await eventually(over, TIMEOUT_S, "the short program's end")
        lines = ran.read_text().count("x") if ran.exists() else 0
        if lines != (0 if why else 1):
            losses.append(f"the short program ran {lines} times: {why or 'it was started'}")
        losses += await ends_well(other)
    except WaitTimeout as error:
        losses.append(str(error))
    finally:
        await other.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def settled(chat: Chat) -> SessionRecord | None:
    """The chat's record once the chat runs; None if there is no such chat after ``SETTLED_AFTER_S``.

    Raises:
        WaitTimeout: the chat is listed but does not run in time.
    """
    deadline_s = time.monotonic() + SETTLED_AFTER_S
    while True:
        infos = [info for info in (await chats()).values() if info.argv == chat.witness.argv]
        if infos and infos[0].state == State.RUNNING and infos[0].child_pid is not None:
            with open_store() as store:
                record = store.get(infos[0].id)
            assert record is not None
            record.child_pid = infos[0].child_pid  # The process that records it may have been killed.
            return record
        if time.monotonic() > deadline_s:
            if infos:
                raise WaitTimeout(f"the chat stays {infos[0].state}")
            return None
        await asyncio.sleep(0.02)


def keepers() -> list[int]:
    """The PIDs of this area's active keepers."""
    pids = processes.with_environment("OUTLIVE_RUNTIME_DIR", os.fspath(runtime_dir()))
    return [pid for pid in pids if processes.name(pid) == "outlive-keeper"]
