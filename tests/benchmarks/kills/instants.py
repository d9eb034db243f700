"""Kills a process at its k-th system call during a scripted piece of work, for any k.

Each scenario says which process is killed, and during what; ``scenarios`` names them. All else lives, and after it
everything must be there: the agent, each byte, each input, each answer, the exit code.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from session_host.client.control import request
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError
from session_host.protocol.messages import Send
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import EngineName
from tests.benchmarks.kills.chat import Chat, chats
from tests.benchmarks.kills.evidence import replies_in
from tests.benchmarks.kills.targets import journal
from tests.benchmarks.kills.trace import CannotTrace, Traced, Tracing
from tests.benchmarks.kills.witness import SIZE
from tests.support import processes
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually, wait_for_end

EXIT_CODE = 7
WIDE = GridSize(100, 30)
BURST_BYTES = 200_000
JOURNAL_TIMEOUT_S = 20.0
KEEPER_MODULE = "session_host.keeper"


class Instant(NamedTuple):
    """The result of one kill.

    Attributes:
        number: k; 0 for a run without a kill, which counts.
        traced: who was killed where; ``killed_at`` is None if its work was done before.
        losses: one line each.
        took_s: the whole scenario's time.
    """

    number: int
    traced: Traced
    losses: list[str]
    took_s: float


class Window(NamedTuple):
    """A loss that is known and cannot be avoided, by a name that says why."""

    scenario: str
    name: str
    covers: Callable[[Instant], bool]


WINDOWS: tuple[Window, ...] = ()
"""None: three processes hold a session, its host and two keepers."""


class Place:
    """Where scenarios run: the directory of their records, and numbers for their chats."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._numbers = itertools.count(1)

    def chat(self, engine: EngineName = "ghostty") -> Chat:
        """A chat that is not started yet."""
        return Chat(self.directory, self.next_number(), engine)

    def next_number(self) -> int:
        """A number that no chat has yet."""
        return next(self._numbers)


# ------------------------------------------------------------------------------- the host at work


async def host_at_work(place: Place, number: int) -> Instant:
    """The host of a session is killed while that is used in every way, up to the program's end."""
    return await _work(place.chat(), number)


async def slow_host_at_work(place: Place, number: int) -> Instant:
    """The same with the portable engine, which is so slow that checkpoints are made."""
    return await _work(place.chat("pyte"), number)


async def _work(chat: Chat, number: int) -> Instant:
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        with await tracing((await info_of(chat)).host_pid, number) as traced:
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
    return Instant(number, result, losses, time.monotonic() - began_s)


async def use(chat: Chat) -> list[str]:
    """Everything that a session does between start and end, one after the other; what is shown otherwise.

    Raises:
        WaitTimeout: something did not come.
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
    await chat.until(lambda: viewer.emulator is not None and viewer.emulator.size == WIDE, "the viewer to be resized")
    witness.order("ask CPR 28 90")
    await all_answered()
    await send(chat)
    witness.order("bits 4")
    await all_seen()
    await chat.answers()
    await chat.settle()
    return await chat.screen_losses([(resized_at, WIDE)])


async def whole_journal(chat: Chat) -> list[tuple[int, bytes]] | None:
    """The journal once it has everything; what is still missing after some seconds will not come."""
    length = chat.witness.written_bytes

    def pieces() -> list[tuple[int, bytes]] | None:
        return journal(chat.witness.id)

    with contextlib.suppress(WaitTimeout):
        await eventually(
            lambda: sum(len(data) for _, data in pieces() or ()) >= length, JOURNAL_TIMEOUT_S, "", is_exact=True
        )
    return pieces()


async def send(chat: Chat) -> None:
    """Like ``outlive send``: after a failure, the caller does not know whether the text was typed."""
    token = chat.next_token("s")
    try:
        await request(chat.witness.id, Send(0, token))
    except OutliveError:
        chat.typed.unsure.add(token)
    else:
        chat.typed.sure.append(token)


# --------------------------------------------------------------------------- launch, recovery, hand-over


async def keeper_at_launch(place: Place, number: int) -> Instant:
    """The keeper is killed while it starts a session."""
    return await _launch(place, number, follow="self")


async def host_at_launch(place: Place, number: int) -> Instant:
    """A session's host is killed while that starts, from its first call on."""
    return await _launch(place, number, follow="fork")


async def _launch(place: Place, number: int, *, follow: str) -> Instant:
    """Another session is there and must stay; the new one is started whole or not at all."""
    first, second = place.chat(), place.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await first.start()
        with await tracing((await with_keeper(first)).keeper_pid, number, follow=follow) as traced:
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
    return Instant(number, result, losses, time.monotonic() - began_s)


async def keeper_at_recovery(place: Place, number: int) -> Instant:
    """The keeper is killed while it replaces a host that was killed."""
    return await _recovery(place, number, follow="self")


async def host_at_recovery(place: Place, number: int) -> Instant:
    """The host that takes the place of a killed one is killed, from its first call on."""
    return await _recovery(place, number, follow="fork")


async def _recovery(place: Place, number: int, *, follow: str) -> Instant:
    chat = place.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        chat.witness.order("burst 20000")
        await chat.answers()
        info = await with_keeper(chat)
        with await tracing(info.keeper_pid, number, follow=follow) as traced:
            assert info.host_pid is not None
            os.kill(info.host_pid, signal.SIGKILL)
            try:
                await chat.answers()
            except WaitTimeout as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        losses += await ends_well(chat)
    finally:
        await chat.close()
    return Instant(number, result, losses, time.monotonic() - began_s)


async def keeper_at_hand_over(place: Place, number: int) -> Instant:
    """The keeper that is started where both processes of one were killed is killed, from when it daemonizes."""
    chat = place.chat()
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        info = await with_keeper(chat)
        assert info.keeper_pid is not None
        with await tracing(info.host_pid, number, follow="daemon", match=KEEPER_MODULE) as traced:
            processes.kill_keepers(info.keeper_pid)
            try:
                await with_keeper(chat, previous=info.keeper_pid)
                await chat.answers()
            except WaitTimeout as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        losses += await ends_well(chat)
    finally:
        await chat.close()
    return Instant(number, result, losses, time.monotonic() - began_s)


async def with_keeper(chat: Chat, *, previous: int = 0) -> SessionInfo:
    """Wait until the chat is with a keeper that lives and is not the previous one.

    Raises:
        WaitTimeout: it does not come.
    """
    deadline_s = time.monotonic() + TIMEOUT_S
    while True:
        info = await info_of(chat)
        pid = info.keeper_pid
        if pid is not None and pid != previous and processes.is_alive(pid):
            return info
        if time.monotonic() > deadline_s:
            raise WaitTimeout(f"chat {chat.number} is with keeper {pid}; the previous was {previous}")
        await asyncio.sleep(0.01)


async def ends_well(chat: Chat) -> list[str]:
    """The chat answers, is recovered once more if its host is killed, and ends; whatever it lost."""
    losses: list[str] = []
    try:
        await chat.answers()
        host_pid = 0
        while not host_pid:
            info = await with_keeper(chat)
            assert info.host_pid is not None
            with contextlib.suppress(ProcessLookupError):  # Another host has just replaced this one, to rest.
                os.kill(info.host_pid, signal.SIGKILL)
                host_pid = info.host_pid
        await asyncio.to_thread(wait_for_end, host_pid, TIMEOUT_S)
        await chat.settle()
        losses += await chat.screen_losses()
        losses += await chat.end(EXIT_CODE)
    except (WaitTimeout, OutliveError) as error:
        losses.append(str(error))
    return losses + chat.losses(journal(chat.witness.id) if losses else await whole_journal(chat))


# --------------------------------------------------------------------------------------- for all

TOGETHER = ("host at work", "slow host at work", "structured host at work")
"""Scenarios of which several may run at once, since nobody but their own host is killed."""


async def tracing(pid: int | None, kill_at: int, *, follow: str = "self", match: str = "") -> Tracing:
    """Begin to trace off the loop.

    Raises:
        CannotTrace: there is no such process, or the system does not allow it.
    """
    if pid is None:
        raise CannotTrace("there is no such process")
    return await asyncio.to_thread(Tracing, pid, kill_at=kill_at, follow=follow, match=match)


async def info_of(chat: Chat) -> SessionInfo:
    """What ``outlive ls`` says of a chat.

    Raises:
        WaitTimeout: it does not know it.
    """
    known = await chats()
    if chat.witness.id not in known:
        raise WaitTimeout(f"chat {chat.number} is not among the {len(known)} running ones")
    return known[chat.witness.id]


def window_of(scenario: str, instant: Instant) -> str | None:
    """The name of the window that an instant's loss is in, None if it is in none."""
    return next((window.name for window in WINDOWS if window.scenario == scenario and window.covers(instant)), None)
