"""Scenarios in which keepers take over from each other, are replaced or start chats; and all scenarios, by name."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

from session_host.client.sessions.hosts import replace_host, replace_keeper
from session_host.client.sessions.store_access import open_store, outcome_of
from session_host.errors import OutliveError
from session_host.paths import runtime_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import RUNNING_STATES, State
from tests.kills.chat import Chat, chats
from tests.kills.counted_turns import host_at_a_turns_end
from tests.kills.kill_points import (
    KillResult,
    Workspace,
    ends_well,
    host_at_launch,
    host_at_recovery,
    host_at_work,
    keeper_at_hand_over,
    keeper_at_launch,
    keeper_at_recovery,
    slow_host_at_work,
    tracing,
    with_keeper,
)
from tests.kills.later import host_at_a_due_prompt, structured_host_at_a_due_prompt
from tests.kills.removed_chat import removal_of_a_chat
from tests.kills.several import is_whole
from tests.kills.structured_host import (
    structured_host_at_launch,
    structured_host_at_recovery,
    structured_host_at_work,
)
from tests.kills.trace import CannotTrace, Traced
from tests.kills.witness import SIZE
from tests.kills.work import instants
from tests.support import hosts, processes
from tests.support.commands import OUTLIVE, environment
from tests.support.facts import changed, keeper_pid
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
                assert info.facts.program.host_pid is not None
                os.kill(info.facts.program.host_pid, signal.SIGKILL)
                await first.answers()
                losses += await ends_well(second)
            except (OutliveError, WaitTimeout) as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        await _whole_again()
        # Kill the active keeper too: all that the standby did not learn from it would be lost.
        active = keeper_pid(await with_keeper(first)) or active
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
    active = keeper_pid(info) or 0
    pair = processes.keepers(active)
    if len(pair) < 2:
        raise CannotTrace("the keeper has no standby")
    return pair[0], pair[1]


async def _whole_again() -> None:
    await eventually(is_whole, TIMEOUT_S, "an active keeper and a standby")


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
        traced_pid = info.facts.program.host_pid if who == "host" else keeper_pid(info)
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
        await after.start()
        infos = infos or await settled(chat)  # A slow keeper carries out what a killed client asked for later.
        if infos is not None:
            await chat.adopt(infos)
            losses += await ends_well(chat)
        elif command.returncode == 0:
            losses.append("the command said that the chat was started, and there is none")
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
        with await tracing(keeper_pid(await with_keeper(other)), number) as traced:
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


async def settled(chat: Chat) -> ChatFacts | None:
    """The chat's record once the chat runs; None if there is no such chat after ``SETTLED_AFTER_S``.

    Raises:
        WaitTimeout: the chat is listed but does not run in time.
    """
    deadline_s = time.monotonic() + SETTLED_AFTER_S
    while True:
        infos = [info for info in (await chats()).values() if info.facts.origin.argv == chat.witness.argv]
        if infos and infos[0].state == State.RUNNING and infos[0].facts.program.child_pid is not None:
            with open_store() as store:
                record = store.get(infos[0].id)
            assert record is not None
            return changed(
                record, child_pid=infos[0].facts.program.child_pid
            )  # The process that records it may have been killed.
        if time.monotonic() > deadline_s:
            if infos:
                raise WaitTimeout(f"the chat stays {infos[0].state}")
            return None
        await asyncio.sleep(0.02)


def keepers() -> list[int]:
    """The PIDs of this area's active keepers."""
    pids = processes.with_environment("OUTLIVE_RUNTIME_DIR", os.fspath(runtime_dir()))
    return [pid for pid in pids if processes.name(pid) == "outlive-keeper"]


Scenario = Callable[[Workspace, int], Awaitable[KillResult]]

# ------------------------------------------------------------------------------- all scenarios

SCENARIOS: dict[str, Scenario] = {
    "host at work": host_at_work,
    "slow host at work": slow_host_at_work,
    "host at a turn's end": host_at_a_turns_end,
    "host at a due prompt": host_at_a_due_prompt,
    "host at launch": host_at_launch,
    "host at recovery": host_at_recovery,
    "keeper at launch": keeper_at_launch,
    "keeper at recovery": keeper_at_recovery,
    "keeper at hand-over": keeper_at_hand_over,
    "keeper at launch of a short program": keeper_at_short_launch,
    "standby at work": standby_at_work,
    "standby at takeover": standby_at_takeover,
    "keeper at takeover": keeper_at_takeover,
    "keeper at the standby's death": keeper_at_standbys_death,
    "keeper after the standby's death": keeper_after_standbys_death,
    "command at launch": command_at_launch,
    "host at upgrade": host_at_upgrade,
    "replacement at upgrade": replacement_at_upgrade,
    "keeper at replacement": keeper_at_replacement,
    "keeper at upgrade": keeper_at_upgrade,
    "structured host at work": structured_host_at_work,
    "structured host at launch": structured_host_at_launch,
    "structured host at recovery": structured_host_at_recovery,
    "structured host at a due prompt": structured_host_at_a_due_prompt,
    "restore": instants.restore,
    "undo of a restore": instants.undo_of_a_restore,
    "discard": instants.discard,
    "take back": instants.take_back,
    "removal of a worktree": instants.removal,
    "rm": removal_of_a_chat,
}
