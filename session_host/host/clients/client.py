"""One client's socket, driven by the rules of its connection. Key path, 8 of 14."""

from __future__ import annotations

import logging
import socket
from functools import cached_property
from typing import Protocol

from session_host.host.driver.driver import Driver
from session_host.protocol.messages import AskUser, Reply, Report, Request
from session_host.session.connection import ClientConnection
from session_host.session.rights import Right
from session_host.system.processes.permission import agent_chats, refusal_of, refusal_to_answer

from .message_trace import TracedTransport, log
from .socket_transport import SocketTransport


class ClientOwner(Protocol):
    """Callbacks of a client, for the server that owns it."""

    def handle_client_request(self, client: Client, request: Request) -> None:
        """Carry out a request that the rules do not handle; the reply goes to ``client.reply``."""

    def client_closed(self, client: Client) -> None:
        """The client's socket is closed; called once."""


class Client:
    """Passes a socket's bytes to the rules of its connection.

    Attributes:
        connection: the rules of the connection.
        transport: the client's socket.
    """

    def __init__(self, client_socket: socket.socket, driver: Driver, owner: ClientOwner) -> None:
        self._driver = driver
        self._owner = owner
        self.transport = (TracedTransport if log.isEnabledFor(logging.DEBUG) else SocketTransport)(client_socket, self)
        self.connection = ClientConnection(driver.session, self.transport, self.refusal)
        driver.performer.perform()

    def data_received(self, data: bytes) -> None:
        """The client sent these bytes."""
        connection, driver = self.connection, self._driver
        while True:
            connection.receive_data(data, driver.worker.idle)
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
                self._owner.handle_client_request(self, event)

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
        self._owner.client_closed(self)

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
        find = refusal_to_answer if right is Right.ANSWER else refusal_of
        return find(self._origin, self._driver.spec, self._driver.session.name)

    @cached_property
    def _origin(self) -> tuple[str, ...]:
        """The agents' chats that the client belongs to, found once for each connection."""
        return agent_chats(self.transport.peer_pid)
