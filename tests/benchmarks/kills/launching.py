"""Kills at a launch: ``outlive new`` before any of the product's code runs; the keeper, with a short program."""

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
from tests.benchmarks.kills.chat import Chat, chats
from tests.benchmarks.kills.instants import Instant, Place, ends_well, tracing, with_keeper
from tests.benchmarks.kills.trace import Traced
from tests.benchmarks.kills.witness import SIZE
from tests.support import hosts, processes
from tests.support.commands import OUTLIVE, environment
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually

WAIT_AND_EXECUTE = "import os, sys; os.read(0, 1); os.execv(sys.argv[1], sys.argv[1:])"
NOBODY = Traced(0, 0, None, None, None, {})
SETTLED_AFTER_S = 1.0
"""What the keeper was told before its client was killed is carried out within this time."""


async def command_at_launch(place: Place, number: int) -> Instant:
    """``outlive new`` is killed while it starts the keeper and a chat: that is there or not, and the next starts."""
    chat, after = place.chat(), place.chat()
    losses: list[str] = []
    result = NOBODY
    began_s = time.monotonic()
    processes.end(keepers())
    words = ["new", "command", "-d", "--size", str(SIZE), "--engine", chat.engine, "--", *chat.witness.argv]
    argv = [sys.executable, "-I", "-S", "-c", WAIT_AND_EXECUTE, *OUTLIVE, *words]
    try:
        command = subprocess.Popen(argv, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        with command, await tracing(command.pid, number) as traced:
            await asyncio.to_thread(command.communicate, b".")
            result = await asyncio.to_thread(traced.result)
        found = await settled(chat)
        if found is not None:
            await chat.adopt(found)
            losses += await ends_well(chat)
        elif command.returncode == 0:
            losses.append("the command said that the chat was started, and there is none")
        await after.start()
        losses += await ends_well(after)
        if found is None and chat.witness.sizes:
            losses.append("the program was started, and there is no chat")
    except (WaitTimeout, OutliveError) as error:
        losses.append(str(error))
    finally:
        await chat.close()
        await after.close()
    return Instant(number, result, losses, time.monotonic() - began_s)


async def keeper_at_short_launch(place: Place, number: int) -> Instant:
    """The keeper is killed while it starts a program that ends at once: that runs once, or not at all if refused."""
    result = NOBODY
    other, ran = place.chat(), place.directory / f"ran-{number}"
    ran.unlink(missing_ok=True)  # An instant may be tried twice.
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
    return Instant(number, result, losses, time.monotonic() - began_s)


async def settled(chat: Chat) -> SessionRecord | None:
    """The chat's record once it runs; None if after a while there is none that is about to.

    Raises:
        WaitTimeout: it is about to all the time.
    """
    deadline_s = time.monotonic() + SETTLED_AFTER_S
    while True:
        found = [info for info in (await chats()).values() if info.argv == chat.witness.argv]
        if found and found[0].state == State.RUNNING and found[0].child_pid is not None:
            with open_store() as store:
                record = store.get(found[0].id)
            assert record is not None
            record.child_pid = found[0].child_pid  # Whoever would have recorded it may be dead.
            return record
        if time.monotonic() > deadline_s:
            if found:
                raise WaitTimeout(f"the chat stays {found[0].state}")
            return None
        await asyncio.sleep(0.02)


def keepers() -> list[int]:
    """The keepers of this area."""
    own = processes.with_environment("OUTLIVE_RUNTIME_DIR", os.fspath(runtime_dir()))
    return [pid for pid in own if processes.name(pid) == "outlive-keeper"]
