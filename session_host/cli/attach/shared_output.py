"""The outer terminal's output, which the host may use to show echoes while this process writes nothing.

States::

    OWN ──share──▶ SHARED ──this process wants to write──▶ STOPPING ──the host has stopped──▶ OWN
    SHARED ──the host sends output that it has not shown, or cannot open the terminal──▶ OWN
    STOPPING ──the host does not answer in time──▶ OVERDUE ──the host has stopped──▶ OWN
    any ──the connection is lost──▶ OWN

The host writes only in SHARED and STOPPING, this process only in OWN and OVERDUE. A host that does not answer has
stopped running. If it goes on, it finds the request to stop before it writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Protocol

from session_host.cli.attach.outer_terminal import OuterTerminal
from session_host.protocol.values import TerminalFile

STOP_TIMEOUT_S = 0.2
"""How long a write waits for the host."""


class Host(Protocol):
    """The host that may show echoes."""

    def show_echoes(self, terminal: TerminalFile, room: int) -> bool:
        """Ask the host to show echoes in a terminal, from the output that this process has; False if it can't."""

    def stop_echoes(self) -> bool:
        """Ask the host to stop; it answers. False without a connection."""


class State(Enum):
    """The states of the output; see the module."""

    OWN = auto()
    SHARED = auto()
    STOPPING = auto()
    OVERDUE = auto()


class SharedOutput:
    """Writes to the outer terminal, and waits with a write until the host has stopped.

    Attributes:
        state: see the module.
    """

    def __init__(self, terminal: OuterTerminal, host: Host, on_drained: Callable[[], None]) -> None:
        """Begin with the terminal as this process's own.

        Args:
            terminal: the outer terminal.
            host: the host that may show echoes.
            on_drained: called when the bytes that waited for the host are written.
        """
        self.state = State.OWN
        self._terminal = terminal
        self._host = host
        self._on_drained = on_drained
        self._is_refused = False
        """Whether the host of this connection cannot open the terminal."""
        self._waiting: list[Callable[[], None]] = []
        """Calls that need the terminal, in order."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_drained(self) -> bool:
        """Whether no bytes wait to be written."""
        return not self._waiting and self._terminal.is_drained

    def write(self, data: bytes) -> None:
        """Write as much as possible as soon as the host has stopped, and the rest when the terminal accepts it."""
        if data:
            self.when_own(partial(self._terminal.write, data))

    def share(self, room: int) -> None:
        """Let the host show echoes at the cursor, up to ``room`` characters; does nothing if the host does already."""
        file = self._terminal.file
        if self.state is not State.OWN or room <= 0 or file is None or self._is_refused or not self.is_drained:
            return
        if self._host.show_echoes(file, room):
            self.state = State.SHARED

    def when_own(self, call: Callable[[], None]) -> None:
        """Call once the host has stopped, at once if it does not write."""
        if self.state is State.SHARED:
            self._stop_host()
        if self.state is State.STOPPING:
            self._waiting.append(call)
        else:
            call()

    async def until_own(self) -> None:
        """Wait until the host has stopped."""
        stopped = asyncio.Event()
        self.when_own(stopped.set)
        await stopped.wait()

    def output_not_shown(self) -> None:
        """The host sent output that it has not shown: it shows no more without another ``share``."""
        if self.state is State.SHARED:
            self.state = State.OWN

    def host_stopped(self) -> None:
        """The host has answered the request to stop, or it cannot open the terminal."""
        self._is_refused = self._is_refused or self.state is State.SHARED
        self._own(State.OWN)

    def connection_lost(self) -> None:
        """The connection is lost; the next host may be another one."""
        self._is_refused = False
        self._own(State.OWN)

    def _stop_host(self) -> None:
        if self._host.stop_echoes():
            self.state = State.STOPPING
            self._timer = asyncio.get_running_loop().call_later(STOP_TIMEOUT_S, self._own, State.OVERDUE)
        else:
            self.state = State.OWN

    def _own(self, state: State) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        was_stopping, self.state = self.state is State.STOPPING, state
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()
        if was_stopping and self._terminal.is_drained:
            self._on_drained()
