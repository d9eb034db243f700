"""Transport of one client's socket: reads eagerly, writes directly, queues when the socket is full.

Key path, 7 of 16. Output path, 7 of 15. Answer path, 6 of 15.

Bytes are written directly in the caller's turn while the socket accepts them: a key's echo need not wait for another
turn of the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable, Sized
from enum import Enum
from typing import Protocol

import msgspec

from session_host.errors import ProtocolViolation
from session_host.protocol.codec import Decoder
from session_host.protocol.messages import FromClient, FromHost
from session_host.system.unix_sockets import peer_pid

log = logging.getLogger(__name__)

READ_BYTES = 16 * 1024
READS_AT_ONCE = 64
"""Maximum consecutive reads, so that one client cannot monopolize the loop."""

HIGH_WATER_BYTES = 2 * 1024 * 1024
LOW_WATER_BYTES = 256 * 1024
ABORT_BYTES = 64 * 1024 * 1024
"""Close the connection above this much queued data."""


class TransportOwner(Protocol):
    """Callbacks of the transport."""

    def data_received(self, data: bytes) -> None:
        """The client sent these bytes."""

    def pause_writing(self) -> None:
        """More than HIGH_WATER_BYTES wait for the client."""

    def resume_writing(self) -> None:
        """After that, at most LOW_WATER_BYTES wait."""

    def connection_lost(self) -> None:
        """The socket is closed by either side; called once, and never during another call."""


class SocketTransport:
    """One connected socket on the event loop.

    Attributes:
        queued_bytes: bytes that the socket has not accepted yet.
        peer_pid: the PID of the process that connected; 0 if unknown.
    """

    def __init__(self, connection: socket.socket, owner: TransportOwner) -> None:
        """Own a connected socket, and read from it."""
        self.queued_bytes = 0
        self.peer_pid = peer_pid(connection)
        self._socket = connection
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._queue: deque[memoryview] = deque()
        self._is_full = False
        self._closing = False
        self._closed = False
        connection.setblocking(False)
        self._loop.add_reader(connection.fileno(), self._readable)

    def write(self, data: bytes) -> None:
        """Write or queue bytes; does nothing once the socket is closed."""
        if self._closing:
            return
        sent = 0
        if not self._queue:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                pass
            except OSError:
                self._broken()
                return
            if sent == len(data):
                return
            self._loop.add_writer(self._socket.fileno(), self._writable)
        self._queue.append(memoryview(data)[sent:])
        self.queued_bytes += len(data) - sent
        if self.queued_bytes > HIGH_WATER_BYTES and not self._is_full:
            self._is_full = True
            self._owner.pause_writing()
        if self.queued_bytes > ABORT_BYTES:
            log.warning("dropped a client that does not read")
            self.abort()

    def close(self) -> None:
        """Stop reading, and close once the queue is empty."""
        if not self._closing:
            self._closing = True
            self._loop.remove_reader(self._socket.fileno())
            if not self._queue:
                self.abort()

    @property
    def is_closed(self) -> bool:
        """Whether the socket is closed; its owner is notified in the next turn of the loop."""
        return self._closed

    def abort(self) -> None:
        """Close now."""
        if self._closed:
            return
        self._closing = self._closed = True
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._queue.clear()
        self.queued_bytes = 0
        self._socket.close()
        self._loop.call_soon(self._owner.connection_lost)

    def _broken(self) -> None:
        """Handle a write error: process the bytes that the client already sent, then close."""
        if self._closing:
            self.abort()
        else:
            self._closing = True
            self._loop.call_soon(self._read_rest)

    def _read_rest(self) -> None:
        for _ in range(READS_AT_ONCE):
            try:
                data = b"" if self._closed else self._socket.recv(READ_BYTES)
            except OSError:
                break  # No more bytes, or the connection is closed.
            if not data:
                break
            self._owner.data_received(data)
        self.abort()

    def _readable(self) -> None:
        """Read until nothing is left: the loop may not report the end again (see ``system.event_loop.run``)."""
        for _ in range(READS_AT_ONCE):
            if self._closing:
                return
            try:
                data = self._socket.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                self.abort()
                return
            if not data:
                self.close()
                return
            self._owner.data_received(data)
        self._loop.call_soon(self._readable)

    def _writable(self) -> None:
        queue = self._queue
        try:
            while queue:
                sent = self._socket.send(queue[0])
                self.queued_bytes -= sent
                if sent < len(queue[0]):
                    queue[0] = queue[0][sent:]
                    break
                queue.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self._broken()
            return
        if self._is_full and self.queued_bytes <= LOW_WATER_BYTES:
            self._is_full = False
            self._owner.resume_writing()
        if not queue and not self._closed:
            self._loop.remove_writer(self._socket.fileno())
            if self._closing:
                self.abort()


def make_transport(connection: socket.socket, owner: TransportOwner) -> SocketTransport:
    """A transport; with ``OUTLIVE_LOG_LEVEL=debug`` one that logs its messages."""
    return (TracedTransport if log.isEnabledFor(logging.DEBUG) else SocketTransport)(connection, owner)


class TracedTransport(SocketTransport):
    """A transport that logs the messages that it reads and writes."""

    def __init__(self, connection: socket.socket, owner: TransportOwner) -> None:
        """Own a connected socket, and log its messages."""
        super().__init__(connection, _TracedOwner(owner, self._log))
        self._written = Decoder(FromHost)

    def write(self, data: bytes) -> None:
        """Send, or queue, some bytes."""
        self._log("to", self._written, data)
        super().write(data)

    def _log(self, direction: str, decoder: Decoder, data: bytes) -> None:
        try:
            for message in decoder.feed(data):
                log.debug("%s %d: %s", direction, self.peer_pid, describe(message))
        except ProtocolViolation as error:
            log.debug("%s %d: no message: %s", direction, self.peer_pid, error)


class _TracedOwner:
    """Logs received messages before it passes them to the transport's owner."""

    def __init__(self, owner: TransportOwner, trace: Callable[[str, Decoder, bytes], None]) -> None:
        self._owner = owner
        self._trace = trace
        self._received = Decoder(FromClient)
        self.pause_writing, self.resume_writing = owner.pause_writing, owner.resume_writing
        self.connection_lost = owner.connection_lost

    def data_received(self, data: bytes) -> None:
        self._trace("from", self._received, data)
        self._owner.data_received(data)


def describe(message: msgspec.Struct) -> str:
    """A message's type and fields in one line; texts, bytes and containers of them are shown by their lengths."""
    fields = ((name, getattr(message, name)) for name in message.__struct_fields__)
    return " ".join([type(message).__name__, *(f"{name}={_in_short(value)}" for name, value in fields)])


def _in_short(value: object) -> str:
    if isinstance(value, Enum | bool | int | float | None):
        return str(value)
    return f"<{len(value)}>" if isinstance(value, Sized) else f"<{type(value).__name__}>"
