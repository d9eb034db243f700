"""Kills a process at its k-th system call during a scripted piece of work, for any k.

Each scenario defines which process is killed during which work; ``scenarios`` lists them. All other processes live. At
the end nothing may be lost: the agent, each byte, each input, each answer, the exit code.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from session_host.client.control import request
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError
from session_host.protocol.messages import Send
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import EngineName
from tests.kills.chat import Chat, chats
from tests.kills.evidence import replies_in
from tests.kills.targets import journal
from tests.kills.trace import CannotTrace, Traced, Tracing
from tests.kills.witness import SIZE
from tests.support import processes
from tests.support.facts import keeper_pid, known
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually, wait_for_end

EXIT_CODE = 7
WIDE = GridSize(100, 30)
BURST_BYTES = 200_000
JOURNAL_TIMEOUT_S = 20.0
KEEPER_MODULE = "session_host.keeper"


class KillResult(NamedTuple):
    """The result of one run of a scenario.

    Attributes:
        number: k, the number of the system call at which the process is killed; 0 for a run that only counts calls.
        traced: the killed process and its last call; ``killed_at`` is None if its work was done before call k.
        losses: one line for each loss.
        took_s: the duration of the whole scenario.
    """

    number: int
    traced: Traced
    losses: list[str]
    took_s: float


class Workspace:
    """The directory in which scenarios keep their records, and the numbers of their chats."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._numbers = itertools.count(1)

    def chat(self, engine: EngineName = "ghostty") -> Chat:
        """Make a chat, without starting it."""
        return Chat(self.directory, self.next_number(), engine)

    def next_number(self) -> int:
        """Return an unused number for a chat."""
        return next(self._numbers)


# ------------------------------------------------------------------------------- the host at work


async def host_at_work(workspace: Workspace, number: int) -> KillResult:
    """Kill a session's host while the session is used in every way, up to the program's end."""
    return await _work(workspace.chat(), number)


async def slow_host_at_work(workspace: Workspace, number: int) -> KillResult:
    """Kill a host that uses the slow portable engine, and so makes checkpoints, during the same work."""
    return await _work(workspace.chat("pyte"), number)


async def _work(chat: Chat, number: int) -> KillResult:
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        with await tracing((await info_of(chat)).facts.program.host_pid, number) as traced:
            try:
                losses += await use(chat)
                losses += await chat.end(EXIT_CODE)
                result = await asyncio.to_thread(traced.result)
            except (WaitTimeout, OutliveError) as error:
                losses.append(str(error))
                result = await asyncio.to_thread(traced.stop)
        losses += chat.losses(await whole_journal(chat))
        sizes = [size for size, _ in itertools.groupby(chat.witness.sizes)]
        if sizes != [str(SIZE), str(WIDE)]:
            losses.append(f"the program saw the sizes {sizes}")
    finally:
        await chat.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def use(chat: Chat) -> list[str]:
    """Use a session in every way between its start and end; return the differences on its screens.

    Raises:
        WaitTimeout: an output, an echo or an answer does not come.
    """
    witness, viewer = chat.witness, chat.viewer
    assert viewer is not None

    async def all_seen() -> None:
        await chat.until(lambda: witness.has_obeyed, "the witness to obey")
        await chat.until(lambda: viewer.position == witness.written_bytes, "the viewer to have all output")

    async def all_answered() -> None:
        await all_seen()
        await chat.until(lambda: len(replies_in(witness.received)) >= len(witness.asked), "answers to all queries")

    witness.order("lines 3")
    await all_seen()
    chat.press(3)
    chat.press_arrow("ArrowUp")
    await chat.answers()
    for order in ("ask CPR 5 7", "ask DA1", "lines 2", "ask CPR 6 8"):
        witness.order(order)
    await all_answered()
    witness.order(f"burst {BURST_BYTES}")
    await all_seen()
    await chat.echoed(chat.paste())
    await all_seen()
    resized_at = witness.written_bytes
    viewer.resize(WIDE, CellSize(8, 16))
    await chat.until(lambda: witness.sizes[-1] == str(WIDE), "the program to see the new size")
    await chat.until(
        lambda: viewer.replica.emulator is not None and viewer.replica.emulator.size == WIDE, "the viewer to be resized"
    )
    witness.order("ask CPR 28 90")
    await all_answered()
    await send(chat)
    witness.order("bits 4")
    await all_seen()
    await chat.answers()
    await chat.settle()
    return await chat.screen_losses([(resized_at, WIDE)])


async def whole_journal(chat: Chat) -> list[tuple[int, bytes]] | None:
    """The output in the journal: once it is complete, or as it is after ``JOURNAL_TIMEOUT_S``."""
    length = chat.witness.written_bytes

    def pieces() -> list[tuple[int, bytes]] | None:
        return journal(chat.witness.id)

    with contextlib.suppress(WaitTimeout):
        await eventually(
            lambda: sum(len(data) for _, data in pieces() or ()) >= length, JOURNAL_TIMEOUT_S, "", is_exact=True
        )
    return pieces()


async def send(chat: Chat) -> None:
    """Send a token as ``outlive send`` does. After a failure, it is unknown whether the text was typed."""
    token = chat.next_token("s")
    try:
        await request(chat.witness.id, Send(0, token))
    except OutliveError:
        chat.typed.unsure.add(token)
    else:
        chat.typed.sure.append(token)


# --------------------------------------------------------------------------- launch, recovery, hand-over


async def keeper_at_launch(workspace: Workspace, number: int) -> KillResult:
    """Kill the keeper while it starts a session."""
    return await _launch(workspace, number, follow="self")


async def host_at_launch(workspace: Workspace, number: int) -> KillResult:
    """Kill a host while its session starts, from the host's first call on."""
    return await _launch(workspace, number, follow="fork")


async def _launch(workspace: Workspace, number: int, *, follow: str) -> KillResult:
    """Start a session beside another one. The new one starts completely or not at all; the other one must live."""
    first, second = workspace.chat(), workspace.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await first.start()
        with await tracing(keeper_pid(await with_keeper(first)), number, follow=follow) as traced:
            started = True
            try:
                await second.start()
            except (OutliveError, WaitTimeout) as error:
                started = isinstance(error, WaitTimeout)
                losses += [str(error)] if started else []
            result = await asyncio.to_thread(traced.stop)
        if started:
            losses += await ends_well(second)
        elif second.witness.sizes:
            losses.append("the launch failed, and yet the program was started")
        elif len(await chats()) != 1:
            losses.append("the launch failed, and yet a session is there")
        losses += await ends_well(first)
    finally:
        await first.close()
        await second.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def keeper_at_recovery(workspace: Workspace, number: int) -> KillResult:
    """Kill the keeper while it replaces a killed host."""
    return await _recovery(workspace, number, follow="self")


async def host_at_recovery(workspace: Workspace, number: int) -> KillResult:
    """Kill the host that replaces a killed one, from its first call on."""
    return await _recovery(workspace, number, follow="fork")


async def _recovery(workspace: Workspace, number: int, *, follow: str) -> KillResult:
    chat = workspace.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        chat.witness.order("burst 20000")
        await chat.answers()
        info = await with_keeper(chat)
        with await tracing(keeper_pid(info), number, follow=follow) as traced:
            assert info.facts.program.host_pid is not None
            os.kill(info.facts.program.host_pid, signal.SIGKILL)
            try:
                await chat.answers()
            except WaitTimeout as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        losses += await ends_well(chat)
    finally:
        await chat.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def keeper_at_hand_over(workspace: Workspace, number: int) -> KillResult:
    """Kill the keeper that replaces two killed keepers, from the time when it daemonizes."""
    chat = workspace.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        info = await with_keeper(chat)
        keeper = known(keeper_pid(info))
        with await tracing(info.facts.program.host_pid, number, follow="daemon", match=KEEPER_MODULE) as traced:
            processes.kill_keepers(keeper)
            try:
                await with_keeper(chat, previous=keeper)
                await chat.answers()
            except WaitTimeout as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        losses += await ends_well(chat)
    finally:
        await chat.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def with_keeper(chat: Chat, *, previous: int = 0) -> SessionInfo:
    """Wait until the chat has a living keeper that is not the previous one.

    Raises:
        WaitTimeout: there is no such keeper in time.
    """
    deadline_s = time.monotonic() + TIMEOUT_S
    while True:
        info = await info_of(chat)
        pid = keeper_pid(info)
        if pid is not None and pid != previous and processes.is_alive(pid):
            return info
        if time.monotonic() > deadline_s:
            raise WaitTimeout(f"chat {chat.number} is with keeper {pid}; the previous was {previous}")
        await asyncio.sleep(0.01)


async def ends_well(chat: Chat) -> list[str]:
    """Check that the chat answers, survives another kill of its host, and ends; return all its losses."""
    losses: list[str] = []
    try:
        await chat.answers()
        info = await with_keeper(chat)
        assert info.facts.program.host_pid is not None
        os.kill(info.facts.program.host_pid, signal.SIGKILL)
        await asyncio.to_thread(wait_for_end, info.facts.program.host_pid, TIMEOUT_S)
        await chat.settle()
        losses += await chat.screen_losses()
        losses += await chat.end(EXIT_CODE)
    except (WaitTimeout, OutliveError) as error:
        losses.append(str(error))
    return losses + chat.losses(journal(chat.witness.id) if losses else await whole_journal(chat))


# --------------------------------------------------------------------------------------- for all scenarios

TOGETHER = ("host at work", "slow host at work", "structured host at work")
"""Scenarios that may run concurrently, since each kills only its own host."""


async def tracing(
    pid: int | None, kill_at: int, *, follow: str = "self", match: str = "", only: Collection[str] = ()
) -> Tracing:
    """Start a tracer in a thread, without blocking the event loop.

    Raises:
        CannotTrace: there is no such process, or the system does not allow tracing.
    """
    if pid is None:
        raise CannotTrace("there is no such process")
    return await asyncio.to_thread(Tracing, pid, kill_at=kill_at, follow=follow, match=match, only=only)


async def info_of(chat: Chat) -> SessionInfo:
    """A chat's entry in ``outlive ls``.

    Raises:
        WaitTimeout: the chat is not listed.
    """
    known = await chats()
    if chat.witness.id not in known:
        raise WaitTimeout(f"chat {chat.number} is not among the {len(known)} running ones")
    return known[chat.witness.id]
