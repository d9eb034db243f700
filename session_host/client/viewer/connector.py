"""Reaches a viewer's host: carries out the steps of the line, each of which ends with an event for the rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from session_host.client.connection import HostConnection, HostNotResponding
from session_host.client.machine import Machine
from session_host.client.sessions.store_access import outcome_of
from session_host.errors import HostUnavailable, OutliveError, ProtocolMismatch, RunsElsewhere, Unreachable
from session_host.protocol.untrusted_text import as_message
from session_host.system.event_loop import Timer
from session_host.terminal.base import EngineName

from .effects import Connect, LoadScreen, ReadOutcome, WaitReachable
from .replica import Replica
from .rules import ViewerRules

LATE_TIMER_S = 0.5
"""If a timer is this late, this process or the machine was stopped."""


class Connector:
    """Connects to a session's host; without one, finds what the machine still has of the session.

    Attributes:
        connection: the greeted connection, None while there is none.
    """

    def __init__(
        self,
        session_id: str,
        machine: Machine,
        engine: EngineName | None,
        rules: ViewerRules,
        replica: Replica,
        receive: Callable[[Any], None],
        perform: Callable[[], None],
    ) -> None:
        """Begin without a connection.

        Args:
            session_id: the session.
            machine: the machine that it is on.
            engine: the replica's engine, None for a transcript.
            rules: get the events.
            replica: gets the last screen of a session that has ended.
            receive: gets the messages of the host.
            perform: carries out the rules' effects, after each event.
        """
        self._session_id, self._machine, self._engine = session_id, machine, engine
        self._rules, self._replica, self._receive, self._perform = rules, replica, receive, perform
        self.connection: HostConnection | None = None
        self._last_connection: HostConnection | None = None
        self._connect_again_s = 0.0
        self._task: asyncio.Task[None] | None = None
        self._answer_timer = Timer()

    def start(self, step: Connect | WaitReachable | ReadOutcome | LoadScreen) -> None:
        """Start a step of the line. Only one runs at a time, since the event at its end asks for the next one."""
        self._task = asyncio.get_running_loop().create_task(self._run(step), name=f"viewer {self._session_id}")

    async def _run(self, step: Connect | WaitReachable | ReadOutcome | LoadScreen) -> None:
        match step:
            case Connect(after_s):
                await self._connect(after_s)
            case WaitReachable():
                await self._machine.wait_reachable()
                self._rules.line.connect()
            case ReadOutcome():
                await self._read_outcome()
            case LoadScreen(offset):
                await self._load_screen(offset)
        self._perform()

    async def _connect(self, after_s: float) -> None:
        loop, rules = asyncio.get_running_loop(), self._rules
        await asyncio.sleep(max(after_s, self._connect_again_s - loop.time()))
        self._connect_again_s = loop.time() + self._machine.terms.connect_interval_s
        try:
            connection = await self._machine.connect(self._session_id, "viewer", rules.wants.engine_build)
        except Unreachable as error:
            rules.line.unreachable(str(error))
        except OutliveError as error:
            if isinstance(error, HostUnavailable) and not isinstance(error, ProtocolMismatch | RunsElsewhere):
                rules.line.failed(str(error), is_hanging=isinstance(error, HostNotResponding))
            else:
                rules.refused(str(error))
        else:
            self.connection = connection
            rules.connected(connection.welcome.version if connection.welcome is not None else "")
            self._perform()
            connection.set_callbacks(self._receive, self._on_lost)

    def _on_lost(self) -> None:
        connection, self.connection = self.connection, None
        self._rules.connection_lost(connection.refusal if connection is not None else None)
        self._perform()

    async def _read_outcome(self) -> None:
        try:
            outcome = await self._machine.call(outcome_of, self._session_id)
        except OutliveError as error:  # Only of another machine: it could not be reached, or it lies.
            self._rules.line.unreachable(str(error))
        else:
            self._rules.outcome_read(outcome, as_message(outcome.error))

    async def _load_screen(self, offset: int) -> None:
        from session_host.client.sessions.last_screen import later_saved_screen, restored  # few chats need it

        try:
            saved = await self._machine.call(later_saved_screen, self._session_id, offset)
            engine = (
                await asyncio.to_thread(restored, saved, self._engine, own_form=self._machine.terms.own_form)
                if saved is not None
                else None
            )
        except OutliveError:
            saved = engine = None
        if saved is not None and engine is not None:
            self._replica.replace(engine)
        self._rules.screen_read(saved.offset if saved is not None else None)

    # ------------------------------------------------------------ hosts and machines that do not answer

    def watch(self, *, is_read: bool) -> None:
        """Have the line to another machine watched closely while the user reads."""
        (self._machine.add_reader if is_read else self._machine.remove_reader)(self._on_line_silent)

    def _on_line_silent(self, is_silent: bool) -> None:
        self._rules.line_silent(is_silent)
        self._perform()

    def start_answer_timer(self, after_s: float) -> None:
        """Report the end of an interval in which the host should answer."""
        due_s = asyncio.get_running_loop().time() + after_s
        self._answer_timer.set(after_s, lambda: self._on_answer_timer(due_s))

    def _on_answer_timer(self, due_s: float) -> None:
        is_late = asyncio.get_running_loop().time() > due_s + LATE_TIMER_S
        self._rules.on_answer_timer(is_late=is_late)
        self._perform()

    # ------------------------------------------------------------ the end

    def drop(self) -> None:
        """Break the connection, if there is one."""
        if self.connection is not None:
            self.connection.drop()

    def close(self, *, at_once: bool) -> None:
        """Connect no more; ``at_once``: drop what the host does not read."""
        if self.connection is not None:
            self.connection.close()
            if at_once:
                self.connection.drop()
            self._last_connection, self.connection = self.connection, None
        if self._task is not None:
            self._task.cancel()
        self._answer_timer.cancel()

    async def wait_closed(self) -> None:
        """Wait until the closed connection has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._last_connection is not None:
            await self._last_connection.wait_closed()
