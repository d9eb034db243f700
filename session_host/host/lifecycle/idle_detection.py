"""Detects an idle session and hands it to a hibernating host; see ``hibernation``.

A host that has run has pages of its own, some six megabytes; one that was just forked has next to none. States::

    WATCHING ──nothing for ``idle_s``──▶ SETTLING ──still nothing──▶ ASKED ──Leave──▶ (gone)
        ▲                                    │                         │
        ├─────────something happened─────────┘                         │
        └───────────────no Leave within twice ``idle_s``───────────────┘

It hibernates only when all is checkpointed and recorded.
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum, auto

from session_host.host.clients.server import Server
from session_host.host.driver.driver import Driver
from session_host.host.keeper_channel import KeeperChannel
from session_host.protocol.codec import encode
from session_host.protocol.keeper import Hibernate
from session_host.protocol.values import CellSize

log = logging.getLogger(__name__)

SETTLE_S = 0.5
"""How long the writes after a checkpoint take at most."""

MAX_DESCRIPTORS = 200
"""No hibernation with more clients: their sockets would not fit one SCM_RIGHTS message."""


class _State(Enum):
    WATCHING = auto()
    SETTLING = auto()
    ASKED = auto()


class IdleDetection:
    """Detects that a session has been idle for some time."""

    def __init__(self, driver: Driver, server: Server, keeper: KeeperChannel, idle_s: float) -> None:
        """Watch a session.

        Args:
            driver: the session's driver.
            server: the session's clients.
            keeper: gets the request for a hibernating host.
            idle_s: the idle time before the session hibernates.
        """
        self._driver = driver
        self._server = server
        self._keeper = keeper
        self._idle_s = idle_s
        self._state = _State.WATCHING
        self._last: tuple[int, ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._settling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._watch()

    def close(self) -> None:
        """Stop watching, because the session has ended."""
        if self._timer is not None:
            self._timer.cancel()
        if self._settling is not None:
            self._settling.cancel()

    def disconnect_if_active(self) -> None:
        """Disconnect clients if anything happened since hibernation was requested, so that they reconnect."""
        if self._state is _State.ASKED and not self._is_idle():
            self._server.shutdown_connections()

    # ------------------------------------------------------------ watching

    def _watch(self) -> None:
        self._state, self._last = _State.WATCHING, self._event_counts()
        self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._check_idle)

    def _check_idle(self) -> None:
        if not self._is_idle():
            self._watch()
            return
        self._state = _State.SETTLING
        self._settling = asyncio.get_running_loop().create_task(self._settle(), name="settle")

    async def _settle(self) -> None:
        await self._driver.checkpointer.catch_up()
        await asyncio.sleep(SETTLE_S)
        if not self._is_idle() or not self._keeper.keeper_pid:
            self._watch()
            return
        self._state = _State.ASKED
        driver = self._driver
        of_driver = [*driver.watch.descriptors(), *driver.error_output.descriptors()]
        descriptors = [*self._server.descriptors(), *of_driver]
        description = encode(self._server.description())
        log.info("idle; hibernating with %d descriptors", len(descriptors))
        self._keeper.send_message(Hibernate(description, self._idle_s, len(descriptors)), descriptors)
        # If the keeper cannot fork a process, this host continues, and asks again after twice the time.
        self._idle_s *= 2
        self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._watch)

    def _is_idle(self) -> bool:
        driver, server = self._driver, self._server
        session = driver.session
        return (
            self._event_counts() == self._last
            and all(
                each.is_quiet for each in (driver, driver.journal_writer, driver.watch, driver.conversation, server)
            )
            and len(server.descriptors()) <= MAX_DESCRIPTORS
            # A viewer of another size would change the grid when it reconnects.
            and session.viewers.attachments.sizes() <= {(session.sizing.size, session.sizing.cell), (None, CellSize())}
        )

    def _event_counts(self) -> tuple[int, ...]:
        """Values that change with every event: output, clients' actions and connections, the agent's reports."""
        server = self._server
        return (
            self._driver.output_file.end,
            self._driver.input_log.end,
            server.connection_count,
            len(server.descriptors()),
        )
