"""The connection to the server: the host's lines as WebSocket messages, and back. Pure."""

from __future__ import annotations

from typing import Final

from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

FRAME_BYTES: Final = 1024 * 1024
"""A longer message is sent in several frames: servers bound a frame more closely than a message."""


class LinkFailed(Exception):
    """The other end does not speak the protocol."""


class Link:
    """The client's end of one connection.

    Lines that come before the server has agreed to the connection wait for that.
    """

    def __init__(self) -> None:
        self._protocol = ClientProtocol(parse_uri("ws://localhost/"), max_size=None)
        self._protocol.send_request(self._protocol.connect())
        self._line = bytearray()
        self._waiting: list[bytes] = []

    @property
    def is_open(self) -> bool:
        """Whether the WebSocket handshake is done, and both ends are open."""
        return self._protocol.state is State.OPEN

    def bytes_to_send(self) -> bytes:
        """The bytes for the server since the last call."""
        return b"".join(self._protocol.data_to_send())

    def send_lines(self, data: bytes) -> None:
        """Take a piece of our input; its whole lines become messages."""
        start = len(self._line)
        self._line += data
        if (end := self._line.rfind(b"\n", start)) < 0:
            return
        lines = bytes(self._line[:end]).split(b"\n")
        del self._line[: end + 1]
        self._waiting += [line for line in lines if line.strip()]
        self._send_waiting()

    def _send_waiting(self) -> None:
        if not self.is_open:
            return
        for line in self._waiting:
            self._protocol.send_text(line[:FRAME_BYTES], fin=len(line) <= FRAME_BYTES)
            for start in range(FRAME_BYTES, len(line), FRAME_BYTES):
                is_last = start + FRAME_BYTES >= len(line)
                self._protocol.send_continuation(line[start : start + FRAME_BYTES], fin=is_last)
        self._waiting.clear()

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the server, b"" at their end; returns its messages as lines.

        Raises:
            LinkFailed: the server refuses the connection, or breaks the protocol.
        """
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        if (refusal := self._protocol.handshake_exc) is not None:
            raise LinkFailed(str(refusal))
        if isinstance(fault := self._protocol.parser_exc, WebSocketException):
            raise LinkFailed(str(fault))
        lines = bytearray()
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._send_waiting()
            elif isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                # In JSON, a line end can only be between two values.
                lines += bytes(event.data).replace(b"\n", b" ")
                if event.fin:
                    lines += b"\n"
        return bytes(lines)
