"""The session's server: accepts clients, passes their bytes to the rules, answers requests.

Key path, 8 of 16. Answer path, 7 of 15.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from session_host.errors import unexpected
from session_host.host.driver.driver import Driver
from session_host.host.keeper_channel import KeeperChannel
from session_host.protocol.messages import AskUser, Failed, Reply, Report, Request, SendLater
from session_host.protocol.rights import Right
from session_host.protocol.values import ErrorCode
from session_host.session.connection import ClientConnection
from session_host.system.event_loop import Timer
from session_host.system.login_sockets import links_of
from session_host.system.processes.permission import agent_chats, refusal_of, refusal_to_answer, refusal_to_set
from session_host.system.unix_sockets import is_foreign

from .command_requests import handle_request
from .socket_transport import make_transport


class Client:
    """Passes a socket's bytes to the rules of its connection.

    Attributes:
        connection: the rules of the connection.
        transport: the client's socket.
    """

    def __init__(self, client_socket: socket.socket, driver: Driver, server: Server) -> None:
        self._driver = driver
        self._server = server
        self.transport = make_transport(client_socket, self)
        self.connection = ClientConnection(driver.session, self.transport, self.refusal)
        driver.performer.perform()

    def data_received(self, data: bytes) -> None:
        """The client sent these bytes."""
        try:
            self._receive(data)
        except Exception as error:
            log.exception("a message of a client failed")
            self.connection.refuse(ErrorCode.FAILED, unexpected(error, self._server.logs))
            self._driver.performer.perform()

    def _receive(self, data: bytes) -> None:
        connection, driver = self.connection, self._driver
        while True:
            connection.receive_data(data, driver.kind.idle_emulator)
            self._handle_events()
            driver.performer.perform()
            if not connection.has_more:
                return
            data = b""

    def _handle_events(self) -> None:
        for event in self.connection.events_received():
            if isinstance(event, Report) and event.done:
                self._driver.questions.calls_ended(event.done)
            elif isinstance(event, Report):
                self._driver.watch.on_hook_report(event, self.transport.peer_pid)
            elif isinstance(event, AskUser):
                self._driver.questions.ask(event, self, self.reply)
            else:
                # The rights for what is sent later are looked at again then.
                is_later = isinstance(event, SendLater)
                request = replace(event, agents=":".join(self._origin)) if is_later else event
                self._server.handle_client_request(self, request)

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        self.connection.queue_full()

    def resume_writing(self) -> None:
        """The client has read enough of its queue."""
        self.connection.queue_drained()
        self._driver.performer.perform()

    def connection_lost(self) -> None:
        """The socket is closed."""
        self.connection.receive_eof()
        self._driver.performer.perform()
        self._driver.questions.client_disconnected(self)
        self._server.client_closed(self)

    def finish(self) -> None:
        """The session is over: close once the client has all output."""
        self.connection.finish()
        self._driver.performer.perform()

    def reply(self, message: Reply) -> None:
        """Answer a request."""
        self.connection.send_message(message)
        self._driver.performer.perform()

    def refusal(self, right: Right) -> str:
        """Why the client does not have a right, one line; "" if it has it."""
        spec, name = self._driver.spec, self._driver.session.name
        if right is Right.SETTINGS:
            return refusal_to_set(self._origin, name)
        find = refusal_to_answer if right is Right.ANSWER else refusal_of
        return find(self._origin, spec, name)

    @cached_property
    def _origin(self) -> tuple[str, ...]:
        """The agents' chats that the client belongs to, found once for each connection."""
        return agent_chats(self.transport.peer_pid)


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
    """Listens for one session; owns its clients and pending requests."""

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
        self._refresh_timer, self._retry_timer = Timer(), Timer()

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
            self._retry_timer.set(RETRY_S, self._listen)
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
        self._refresh_timer.set(REFRESH_S, self._touch)

    async def close(self) -> None:
        """Stop listening, and give viewers a moment to read their queues."""
        self._refresh_timer.cancel()
        self._retry_timer.cancel()
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
        try:
            for reply in await handle_request(self._driver, request, os.getpid(), self._keeper.keeper_pid):
                client.reply(reply)
        except Exception as error:
            log.exception("the request failed")
            client.reply(Failed(request.request, ErrorCode.FAILED, unexpected(error, self.logs)))

    @property
    def logs(self) -> str:
        """The command that prints this process's log."""
        return f"outlive logs {self._driver.spec.facts.id[:8]}"
