"""The chats of one machine, kept equal to its store."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from session_host.client.sessions.store_calls import changes_since
from session_host.errors import LedgerLost, OutliveError, ProtocolViolation, Unreachable
from session_host.protocol.facts import ChatFacts
from session_host.storage.store import Changes

from .tasks import Tasks

if TYPE_CHECKING:
    from session_host.agents.agent import Agent
    from session_host.client.chats.installed_agents import EndpointDefaults
    from session_host.client.machine import Machine
    from session_host.storage.store.ledger import Position

    from .machine_files import MachineFiles

MAX_CHATS = 20_000
"""The most chats of another machine that are listed."""

MAX_RUNNING = 500
"""The most running ones among them: each has a row that is made anew with each change, and a connection to its host."""

RETRY_S = 2.0
"""Interval of attempts to read a store that could not be read."""

GATHER_S = 0.04
"""Changes come in bursts (a record, its title): the least time between two reads of those here."""

FOLLOW_S = 0.2
FOLLOW_PAUSES = 9
"""The least time between two reads of another machine's changes, in seconds and as a multiple of what the last ones
took here: a machine that always has some must not keep us busy."""

T = TypeVar("T")


class MachineChats:
    """Reads the records of a machine's chats.

    Attributes:
        machine: the machine.
        files: its files.
        is_loaded: whether its store was read, so that its chats are complete.
        environment: returns the environment for chats that start there; None for the machine's own.
        agents: the machine's catalog; empty until another machine has told it.
        is_installed: whether an agent of the catalog is installed there.
        find_agents: looks for the agents that are installed there.
        endpoint: the defaults of the chat with a model server there.
        agents_found: called when the catalog of another machine has come.
        on_cut: called with the numbers of running chats and of listed ones when not all are listed, once until all are.
    """

    def __init__(
        self,
        machine: Machine,
        tasks: Tasks,
        apply: Callable[[Machine, list[ChatFacts], list[str] | None], object],
        files: MachineFiles,
    ) -> None:
        """``apply`` gets the changed records, with the ids of the window, and the removed ids, as in ``Changes``."""
        self.machine, self.files = machine, files
        self.is_loaded = False
        self.environment: Callable[[], Awaitable[Mapping[str, str] | None]] = _own_environment
        self.agents: Mapping[str, Agent] = {}
        self.is_installed: Callable[[Agent], bool] = lambda agent: agent.name in self._installed
        self.find_agents: Callable[[], Awaitable[None]] = self._ask_for_agents
        self.endpoint: EndpointDefaults | None = None
        self.agents_found: Callable[[], object] = lambda: None
        self.on_cut: Callable[[int, int], object] = lambda _running, _listed: None
        self._installed: frozenset[str] = frozenset()
        self._tasks, self._apply = tasks, apply
        self._position: Position | None = None
        """The place up to which the store was read."""
        self._ids: set[str] = set()
        self._running: set[str] = set()
        """The running ones among another machine's chats that are listed."""
        self._unlisted: dict[str, ChatFacts] = {}
        """The running ones that are not, since there are too many."""
        self._is_refreshing = self._refresh_again = False

    def refresh(self) -> None:
        """Read the store again in the background."""
        if self._is_refreshing:
            self._refresh_again = True
            return
        self._is_refreshing = True
        self._tasks.start(self._refresh(), "refresh")

    async def _refresh(self) -> None:
        try:
            self._refresh_again = True
            while self._refresh_again:
                self._refresh_again = False
                try:
                    await self.refresh_now()
                except Unreachable:
                    await self.machine.wait_reachable()
                    self._refresh_again = True
                except OutliveError:
                    if self.is_loaded:
                        raise
                    await asyncio.sleep(RETRY_S)  # The problem was already shown at the start.
                    self._refresh_again = True
        finally:
            self._is_refreshing = False

    async def follow(self, report: Callable[[str], object], again_s: float = 0.0) -> None:
        """Read each change in the store, until this is cancelled.

        Args:
            report: gets why the store cannot be read, once for each reason until something could be read.
            again_s: the pause before it is tried again; ``RETRY_S`` by default.
        """
        said: tuple[str, Position | None] | None = None
        while True:
            try:
                await self._follow()
            except Unreachable:
                await self.machine.wait_reachable()
            except LedgerLost:
                pass  # All is read again, of the store that is there now.
            except OutliveError as error:
                if said != (said := (str(error), self._position)):
                    report(str(error))
                await asyncio.sleep(again_s or RETRY_S)

    async def _follow(self) -> None:
        await self.refresh_now()
        if not self.agents:
            self._tasks.start(self._ask_first(), f"agents on {self.machine.name}")
        with self.machine.following() as wait:
            while self._position is not None:
                found = await wait(self._position)
                began_s = time.monotonic()
                self._receive(found)
                took_s = time.monotonic() - began_s
                far_s = max(FOLLOW_S, FOLLOW_PAUSES * took_s)
                await asyncio.sleep(far_s if self.machine.terms.is_far else GATHER_S)

    async def _ask_first(self) -> None:
        with contextlib.suppress(OutliveError):  # The sheet for a new chat asks again, and says why.
            await self.find_agents()

    async def _ask_for_agents(self) -> None:
        """Ask another machine for its agents.

        Raises:
            OutliveError: it does not tell them.
        """
        from session_host.client.chats.installed_agents import harmless, installed_agents

        found = harmless(await self.machine.call(installed_agents))
        self.agents = {agent.name: agent for agent in found.agents}
        self._installed, self.endpoint = frozenset(found.installed), found.endpoint
        self.agents_found()

    async def refresh_now(self) -> None:
        """Read what has changed in the store, and wait for the result."""
        self._receive(await self.machine.call(changes_since, self._position))

    def _receive(self, found: Changes) -> None:
        if found.removed is not None and self._position is not None and found.position < self._position:
            return  # A refresh has read these, and later ones.
        changed = [self.machine.received(record) for record in found.changed]
        removed = found.removed and [self.machine.prefix + each for each in found.removed]
        if not self.machine.terms.lists_all:
            before = set[str]() if removed is None else self._ids - set(removed)
            self._ids = before.union(record.id for record in changed)
            if len(self._ids) > MAX_CHATS:
                raise ProtocolViolation(f"it has more than {MAX_CHATS:,} chats")
            changed = self._listed(changed, removed)
        self._apply(self.machine, changed, removed)
        self._position = found.position

    def _listed(self, changed: list[ChatFacts], removed: list[str] | None) -> list[ChatFacts]:
        """The records that are listed, of the changed ones and of those that were not listed: not too many run."""
        gone = (self._running | self._unlisted.keys()) if removed is None else set(removed)
        gone.update(record.id for record in changed if record.outcome.is_over)
        self._running -= gone
        was_cut = bool(self._unlisted)
        new = {each: record for each, record in self._unlisted.items() if each not in gone}
        new |= {record.id: record for record in changed if not record.outcome.is_over}
        latest = sorted(new.keys() - self._running, key=lambda each: new[each].origin.created_at, reverse=True)
        self._running.update(latest[: MAX_RUNNING - len(self._running)])
        self._unlisted = {each: record for each, record in new.items() if each not in self._running}
        if self._unlisted and not was_cut:
            self.on_cut(len(self._running) + len(self._unlisted), len(self._running))
        ended = (record for record in changed if record.outcome.is_over)
        return [*(record for each, record in new.items() if each in self._running), *ended]


async def _own_environment() -> None:
    return None


async def ask_all(machines: Iterable[Machine], ask: Callable[[Machine], Awaitable[T]]) -> tuple[list[T], list[str]]:
    """Ask machines at once; returns the answers, and the names of the other machines that did not answer.

    Raises:
        OutliveError: as ``ask``, about this machine.
    """
    unanswered: list[str] = []

    async def answer(machine: Machine) -> list[T]:
        answer = await machine.try_ask(partial(ask, machine))
        if not answer:
            unanswered.append(machine.name)
        return answer

    answers = await asyncio.gather(*map(answer, machines))
    return [each for some in answers for each in some], sorted(unanswered)
