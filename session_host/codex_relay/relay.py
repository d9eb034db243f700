"""Forwards messages between stdin, stdout and the server, until one of them closes or a signal comes."""

from __future__ import annotations

import os
import selectors
import socket
import sys
from pathlib import Path
from typing import Final

from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from session_host.ending_signals import EndingSignals, Signalled

from .server import ENDING, Server, ServerFailed, exit_code, remove_left_behind

FRAME_BYTES: Final = 1024 * 1024
"""A longer message is sent in several frames: servers bound a frame more closely than a message."""

CHUNK_BYTES: Final = 256 * 1024
MAX_FOR_HOST_BYTES: Final = 64 * 1024 * 1024
"""If the host has not read this much, the relay stops reading from the server; its other clients then wait, too."""

MAX_FOR_SERVER_BYTES: Final = 8 * 1024 * 1024
"""If the server has not read this much, the relay stops reading stdin."""

SERVER_EXIT_S: Final = 1.0
"""After the end of the connection, the server has this time to exit by itself."""

_STDIN, _STDOUT = 0, 1


def run(socket_path: str, command: list[str]) -> int:
    """Run the program; returns its exit code. A signal that ends it, or its server, ends this process, too.

    Args:
        socket_path: the path of the server's socket.
        command: the server's command.
    """
    signals = EndingSignals(ENDING)
    path = Path(socket_path)
    try:
        remove_left_behind(path)
        server = Server(command, path)
    except Signalled as asked:
        return exit_code(-asked.number)
    except OSError as error:
        return _fail(f"{command[0]}: {error.strerror}")
    code = 0
    try:
        with server.connect() as connection:
            code = Relay(connection, signals).run(server)
    except Signalled as asked:
        code = -asked.number
    except (LinkFailed, ServerFailed) as error:
        code = server.wait(0) or _fail(str(error))
    finally:
        signals.ignore()
        server.end()
    return exit_code(code)


def _fail(reason: str) -> int:
    sys.stderr.write(f"outlive-codex-relay: {reason}\n")
    return 1


class Relay:
    """Forwards bytes in both directions, and never blocks."""

    def __init__(self, connection: socket.socket, signals: EndingSignals) -> None:
        self._connection = connection
        self._signals = signals
        self._link = Link()
        self._for_host = bytearray()
        self._for_server = bytearray(self._link.bytes_to_send())
        self._events: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(signals, selectors.EVENT_READ)
        for each in (_STDIN, _STDOUT, connection.fileno()):
            os.set_blocking(each, False)

    def run(self, server: Server) -> int:
        """Pass on bytes until one end closes; returns the server's exit code, or 0 if stdin has ended.

        Raises:
            LinkFailed: the server breaks the protocol.
        """
        self._write()
        while True:
            self._watch()
            for key, events in self._selector.select():
                if events & selectors.EVENT_READ:
                    if key.fd == _STDIN and not self._read_host():
                        return 0
                    if key.fd == self._connection.fileno() and not self._read_server():
                        self._write_last()
                        return server.wait(SERVER_EXIT_S) or 0
            if not self._write():
                return 0

    def _watch(self) -> None:
        """Watch what can be read and must be written now."""
        read, write = selectors.EVENT_READ, selectors.EVENT_WRITE
        wanted = {
            _STDIN: read if len(self._for_server) < MAX_FOR_SERVER_BYTES else 0,
            _STDOUT: write if self._for_host else 0,
            self._connection.fileno(): (read if len(self._for_host) < MAX_FOR_HOST_BYTES else 0)
            | (write if self._for_server else 0),
        }
        for each, events in wanted.items():
            before = self._events.get(each, 0)
            if events and before and events != before:
                self._selector.modify(each, events)
            elif events and not before:
                self._selector.register(each, events)
            elif before and not events:
                self._selector.unregister(each)
        self._events = wanted

    def _read_host(self) -> bool:
        """Read from stdin; returns whether it is still open."""
        try:
            data = os.read(_STDIN, CHUNK_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._link.send_lines(data)
        self._for_server += self._link.bytes_to_send()
        return bool(data)

    def _read_server(self) -> bool:
        """Read from the server; returns whether the connection is still open."""
        try:
            data = self._connection.recv(CHUNK_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._for_host += self._link.receive(data)
        self._for_server += self._link.bytes_to_send()
        return bool(data)

    def _write(self) -> bool:
        """Write as much as stdout accepts now; returns whether stdout is open."""
        if self._for_server:
            try:
                del self._for_server[: self._connection.send(self._for_server)]
            except OSError:
                pass  # Reading reports the server's end, after its last messages.
        if self._for_host:
            try:
                del self._for_host[: os.write(_STDOUT, self._for_host)]
            except BlockingIOError:
                pass
            except OSError:
                return False
        return True

    def _write_last(self) -> None:
        """Write the remaining bytes; this may wait until another host reads them."""
        while self._for_host and self._write():
            self._signals.wait(writable=[_STDOUT])


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
