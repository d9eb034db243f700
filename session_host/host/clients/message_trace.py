"""Logs each message between a host and its clients, for developers of Outlive (``OUTLIVE_LOG_LEVEL=debug``).

The log never contains the chat's text: it has only the lengths of texts and bytes.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sized
from enum import Enum

import msgspec

from session_host.errors import ProtocolViolation
from session_host.protocol.codec import ClientDecoder, Decoder, HostDecoder

from .socket_transport import SocketTransport, TransportOwner

log = logging.getLogger(__name__)


class TracedTransport(SocketTransport):
    """A transport that logs the messages that it reads and writes."""

    def __init__(self, connection: socket.socket, owner: TransportOwner) -> None:
        """Own a connected socket, and log its messages."""
        super().__init__(connection, _TracedOwner(owner, self._log))
        self._written = HostDecoder()

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
        self._received = ClientDecoder()
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
