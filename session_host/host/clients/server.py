"""The session's server: accepts connections and answers requests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path

from session_host.host.driver.driver import Driver
from session_host.host.keeper_channel import KeeperChannel
from session_host.protocol.messages import ErrorCode, Request
from session_host.system.login_sockets import links_of
from session_host.system.unix_sockets import is_foreign

from .client import Client
from .requests import handle_request

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 256
CLOSE_TIMEOUT_S = 5.0
"""How long to wait at exit for viewers to read their queued output."""

REQUESTS_TIMEOUT_S = 25.0
"""How long to wait at exit for requests. The slowest is Stop: 8 s for an agent behind a launcher, then up to 10 s to
kill what is left (``host.program.termination``), and 3 s to save the exit. A shorter wait would leave an agent alive.
"""

RETRY_S = 1.0
"""Delay before accepting again after EMFILE."""

REFRESH_S = 6 * 3600.0
"""How often the socket is touched: systemd-tmpfiles removes files that were untouched for days (tmpfiles.d(5))."""


class Server:
    """Listens for one session; owns its clients and pending requests. Implements ``ClientOwner``."""

    def __init__(self, driver: Driver, path: Path, listener: int, keeper: KeeperChannel) -> None:
        """Serve a session.

        Args:
            driver: the session's driver.
            path: the socket's path.
            listener: the session's listening socket; the server uses a duplicate.
            keeper: the channel to the keeper, which also holds the socket.
        """
        self._driver = driver
        self._path = path
        self._held_listener = listener
        self._listener = socket.socket(fileno=os.dup(listener))
        self._keeper = keeper
        self._clients: set[Client] = set()
        self._requests: set[asyncio.Task[None]] = set()
        self._all_closed = asyncio.Event()
        self._listening = False
        self._refresh_timer: asyncio.TimerHandle | None = None
        self._retry_timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start accepting."""
        self._listener.setblocking(False)
        self._listen()
        self._touch()

    def replace_listener(self) -> None:
        """Listen on the session's new socket, after accepting the connections that wait at the previous one."""
        if self._listener.fileno() < 0:
            return  # The host is exiting.
        previous, self._listener = self._listener, socket.socket(fileno=os.dup(self._held_listener))
        self._listener.setblocking(False)
        with previous:
            if not self._listening:
                return
            asyncio.get_running_loop().remove_reader(previous.fileno())
            with contextlib.suppress(OSError):
                while True:
                    self._add_client(previous.accept()[0])
        self._listen()

    def _listen(self) -> None:
        self._listening = True
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._on_connection)

    def _on_connection(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # The peer has closed the connection.
        except OSError as error:
            # No descriptors are left: the pending connection would wake the loop again and again.
            log.warning("cannot accept a connection: %s", error)
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._listener.fileno())
            self._listening = False
            self._retry_timer = loop.call_later(RETRY_S, self._listen)
            return
        self._add_client(connection)

    def _add_client(self, connection: socket.socket) -> None:
        if not self._may_connect(connection):
            connection.close()
            return
        self._clients.add(Client(connection, self._driver, self))

    def _may_connect(self, connection: socket.socket) -> bool:
        """Whether the peer is a process of this user, and the limit of connections is not reached."""
        if is_foreign(connection):
            log.warning("refused a connection of another user")
            return False
        if len(self._clients) >= MAX_CONNECTIONS:
            log.warning("refused a connection: there are %d", len(self._clients))
            return False
        return True

    def _touch(self) -> None:
        """Touch the session's socket, its links, and their directory."""
        try:
            os.utime(self._path)
            os.utime(self._path.parent)
            for link in links_of(self._path):
                os.utime(link, follow_symlinks=False)
        except FileNotFoundError:
            log.warning("the socket is gone; the keeper binds it again")
        self._refresh_timer = asyncio.get_running_loop().call_later(REFRESH_S, self._touch)

    async def close(self) -> None:
        """Stop listening, and give viewers a moment to read their queues."""
        for timer in (self._refresh_timer, self._retry_timer):
            if timer is not None:
                timer.cancel()
        asyncio.get_running_loop().remove_reader(self._listener.fileno())
        self._listening = False
        self._listener.close()
        for each in (self._path, *links_of(self._path)):
            each.unlink(missing_ok=True)
        if self._requests:
            await asyncio.wait(self._requests, timeout=REQUESTS_TIMEOUT_S)
        for client in tuple(self._clients):
            client.finish()
        if self._clients:
            self._all_closed.clear()
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._all_closed.wait()
            except TimeoutError:
                log.warning("%d viewers did not take their last output", len(self._clients))

    # ------------------------------------------------------------ clients' requests

    def client_closed(self, client: Client) -> None:
        """Remove a client that has gone."""
        self._clients.discard(client)
        if not self._clients:
            self._all_closed.set()

    def handle_client_request(self, client: Client, request: Request) -> None:
        """Carry out a request; its replies are sent on completion."""
        if len(self._requests) >= MAX_CONNECTIONS:
            client.connection.refuse(ErrorCode.VIOLATION, "too many requests at once")
            return
        task = asyncio.get_running_loop().create_task(
            self._handle_client_request(client, request), name=type(request).__name__
        )
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    async def _handle_client_request(self, client: Client, request: Request) -> None:
        log.info("request %s", type(request).__name__)
        for reply in await handle_request(self._driver, request, os.getpid(), self._keeper.keeper_pid):
            client.reply(reply)
