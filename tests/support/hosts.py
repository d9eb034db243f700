"""Real hosts for tests: start sessions, follow them, wait for text on their screens."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType

import msgspec

from session_host.agents.agent import ConversationSettings
from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.control import request
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.client.sessions.session_info import describe
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.errors import SessionEnded
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts, LaterPrompt
from session_host.protocol.messages import Describe, Description, Event, InputRefused, Kill, Peek
from session_host.protocol.values import CellSize, GridSize, State
from session_host.terminal.base import EngineName
from session_host.terminal.text import logical_lines
from tests.support.facts import known
from tests.support.waiting import POLL_INTERVAL_S, WaitTimeout, wait_for_end, wait_until

TIMEOUT_S = 60.0


async def start(
    *argv: str,
    name: str | None = None,
    directory: str = "/",
    engine: EngineName | None = None,
    size: GridSize = GridSize(80, 24),
    overrides: Mapping[str, str] | None = None,
    asks_by_notification: bool = False,
    signals: Mapping[str, object] = MappingProxyType({}),
    conversation: ConversationSettings | None = None,
    first: LaterPrompt | None = None,
) -> ChatFacts:
    """Start a session of the command ``argv``.

    With ``asks_by_notification``, its notifications count as questions, like an agent's. ``signals`` are other fields
    of its ``Watch``; ``conversation`` says how it resumes, ``first`` the text that wakes it.
    """
    agent = load_catalog(config_dir())["command"]
    agent = msgspec.structs.replace(agent, conversation=conversation or agent.conversation)
    watch = msgspec.structs.replace(agent.signals, asks_by_notification=asks_by_notification)
    return await launch(
        LaunchRequest(
            agent=msgspec.structs.replace(agent, signals=msgspec.structs.replace(watch, **signals)),
            arguments=list(argv),
            name=name,
            directory=directory,
            environment=os.environ,
            overrides=dict(overrides or {}),
            size=size,
            engine=engine,
            first=first,
        )
    )


class Watcher:
    """A viewer's delegate that records all callbacks; tests wait with it."""

    def __init__(self) -> None:
        self.states: list[ViewerState] = []
        self.messages: list[str] = []
        self.events: list[Event] = []
        self.refusals: list[InputRefused] = []
        self.replaced = self.damaged = 0
        self._changed = asyncio.Event()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        self.states.append(state)
        self.messages.append(message)
        self._changed.set()

    def viewer_replaced(self) -> None:
        self.replaced += 1
        self._changed.set()

    def viewer_damaged(self) -> None:
        self.damaged += 1
        self._changed.set()

    def viewer_event(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def viewer_refused(self, refusal: InputRefused) -> None:
        self.refusals.append(refusal)
        self._changed.set()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition, checked after each callback and at intervals (acknowledgements cause no callback).

        Raises:
            WaitTimeout: the condition did not become true in time.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not condition():
                    self._changed.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_INTERVAL_S):
                            await self._changed.wait()
        except TimeoutError as error:
            raise WaitTimeout(f"timed out waiting for {what}; states {self.states}") from error


def description_of(session_id: str) -> Description:
    """A session's description from its host, which may be a new one, or answer late on a busy machine."""
    found = wait_until(lambda: describe(session_id), TIMEOUT_S, "the host to answer")
    assert found is not None
    return found


def shown(viewer: Viewer) -> list[str]:
    """History and screen of a viewer's replica, as logical lines without trailing blank lines."""
    emulator = viewer.replica.emulator
    if emulator is None:
        return []
    lines = logical_lines(emulator.history(0, emulator.scrollback_rows) + emulator.rows())
    while lines and not lines[-1]:
        lines.pop()
    return lines


@asynccontextmanager
async def watching(
    session_id: str,
    *,
    size: GridSize | None = None,
    engine: EngineName | None = None,
    read_only: bool = False,
    output: bool = True,
    live: bool = True,
    kind: str = "",
    machine: Machine = THIS_MACHINE,
) -> AsyncIterator[tuple[Viewer, Watcher]]:
    """Follow a session; with ``live``, first wait until the viewer is live."""
    watcher = Watcher()
    viewer = Viewer(
        session_id,
        watcher,
        size=size,
        cell=CellSize(8, 16),
        engine=engine,
        read_only=read_only,
        kind=kind,
        machine=machine,
    )
    viewer.follow(output)
    viewer.start()
    try:
        if live:
            await watcher.until(lambda: viewer.line.shown is ViewerState.LIVE, "the viewer to be live")
        yield viewer, watcher
    finally:
        viewer.close()
        await viewer.delivery.wait()


def redraw(record: ChatFacts) -> None:
    """Write to a session's terminal, as programs do that draw their screen again."""
    write_as_program(record, b"\r\nredrawn\r\n")


def write_as_program(record: ChatFacts, output: bytes) -> None:
    """Write to a session's terminal, as its program does."""
    terminal = os.open(f"/proc/{record.program.child_pid}/fd/0", os.O_WRONLY | os.O_NOCTTY)
    try:
        os.write(terminal, output)
    finally:
        os.close(terminal)


async def see(viewer: Viewer, watcher: Watcher, text: str) -> None:
    """Wait until ``text`` is on the viewer's screen."""

    def on_screen() -> bool:
        rows = viewer.replica.emulator.rows() if viewer.replica.emulator is not None else []
        return any(text in line for line in logical_lines(rows))

    await watcher.until(on_screen, f"{text!r} to be shown")


async def peek(session_id: str, *, scrollback: bool = True) -> list[str]:
    """The lines of the host's own emulator, without trailing blank lines."""
    lines: list[str] = (await request(session_id, Peek(0, scrollback=scrollback))).lines
    while lines and not lines[-1]:
        lines.pop()
    return lines


async def end(session_id: str) -> None:
    """Kill a session's program, unless it has ended."""
    with suppress(SessionEnded):
        await request(session_id, Kill(0))


async def kill_host(session_id: str) -> None:
    """Kill the session's host, and wait until it is gone."""
    pid = known((await described(session_id)).facts.program.host_pid)
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid, 10)


async def described(session_id: str) -> Description:
    """The session as its host knows it."""
    answer: Description = await request(session_id, Describe(0))
    return answer


def recorded(session_id: str) -> ChatFacts:
    """The session as the store has it."""
    with open_store() as store:
        record = store.get(session_id)
    assert record is not None
    return record


def is_over(record: ChatFacts | None) -> bool:
    """Whether a record says that the session has ended."""
    return record is not None and record.outcome.state is State.EXITED
