"""A D-Bus connection with one deadline for all calls.

jeepney has the format, the authentication and no clock: its own connections wait without a limit for the first
answer. So the socket is ours. Names and errors of the daemon are those of the D-Bus specification.
"""

from __future__ import annotations

import socket
import struct
import time
from collections import deque
from types import TracebackType
from typing import Any, NamedTuple, Self

from jeepney.auth import BEGIN, AuthenticationError, Authenticator
from jeepney.low_level import HeaderFields, Message, MessageFlag, MessageType, Parser
from jeepney.wrappers import DBusAddress, new_method_call

from session_host.errors import OutliveError, TimedOut

READ_BYTES = 16 * 1024

NO_MESSAGE = (AssertionError, LookupError, RecursionError, TypeError, ValueError, struct.error)
"""What jeepney raises for bytes that are no message."""

NOBODY = frozenset(
    {
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.ServiceUnknown",
    }
)
"""What the daemon answers when nobody has the name that a call is for."""


class BusGone(OutliveError):
    """The bus cannot be reached, or has gone, or speaks no D-Bus."""


class Refused(OutliveError):
    """A call was answered with an error.

    Attributes:
        name: the error's name, such as ``org.freedesktop.systemd1.UnitExists``.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Peer(NamedTuple):
    """An object of somebody's on the bus, and one of its interfaces."""

    name: str
    path: str
    interface: str


DAEMON = Peer("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


class Bus:
    """One connection. Blocking, for one thread at a time; a context manager.

    Every method raises TimedOut once the connection's time is up, and BusGone when there is no speaking with it.
    """

    def __init__(self, address: bytes, timeout_s: float) -> None:
        """Connect and say hello.

        Args:
            address: as ``bus_addresses`` gives it.
            timeout_s: for everything until the end, not for each call.
        """
        self._deadline = time.monotonic() + timeout_s
        self._serial = 0
        self._parser = Parser()
        self._signals: deque[Message] = deque()
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._connect(address)
            self._authenticate()
            self.call(DAEMON, "Hello")
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def call(self, peer: Peer, member: str, signature: str = "", *arguments: Any) -> tuple[Any, ...]:
        """Call a method and wait for what it returns; the peer is not started for it.

        Raises:
            Refused: it answers with an error.
        """
        serial = self.post(peer, member, signature, *arguments)
        while True:
            message = self._receive()
            if message.header.fields.get(HeaderFields.reply_serial) != serial:
                if message.header.message_type is MessageType.signal:
                    self._signals.append(message)
                continue
            if message.header.message_type is MessageType.error:
                text = next((part for part in message.body if isinstance(part, str)), "")
                name = str(message.header.fields.get(HeaderFields.error_name, ""))
                raise Refused(name, text or name.rpartition(".")[2])
            return tuple(message.body)

    def post(self, peer: Peer, member: str, signature: str = "", *arguments: Any) -> int:
        """Call a method without waiting for the answer, which is then passed over. Returns the call's number."""
        target = DBusAddress(peer.path, peer.name, peer.interface)
        message = new_method_call(target, member, signature or None, arguments)
        message.header.flags |= MessageFlag.no_auto_start
        self._serial += 1
        self._write(message.serialise(serial=self._serial))
        return self._serial

    def signal(self, peer: Peer, member: str) -> tuple[Any, ...]:
        """Wait for a signal of this object; what it brings. Those that came during a call are not lost."""
        while True:
            message = self._signals.popleft() if self._signals else self._receive()
            if message.header.message_type is not MessageType.signal:
                continue
            fields = message.header.fields
            if (
                fields.get(HeaderFields.path) == peer.path
                and fields.get(HeaderFields.interface) == peer.interface
                and fields.get(HeaderFields.member) == member
            ):
                return tuple(message.body)

    def _connect(self, address: bytes) -> None:
        # A full queue of waiting connections is no error in connect(2), it blocks: for SO_SNDTIMEO at most.
        left = self._left_s()
        whole = int(left)
        limit = struct.pack("ll", whole, max(1, int((left - whole) * 1e6)))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        try:
            self._socket.connect(address)
        except BlockingIOError as error:
            raise TimedOut("the bus takes no connections") from error
        except (OSError, ValueError) as error:
            raise BusGone(f"the bus cannot be reached: {error}") from error

    def _authenticate(self) -> None:
        conversation = Authenticator()
        try:
            for line in conversation:
                self._write(line)
                conversation.feed(self._read())
        except AuthenticationError as error:
            raise BusGone("the bus does not let us in") from error
        self._write(BEGIN)

    def _receive(self) -> Message:
        try:
            while (message := self._parser.get_next_message()) is None:
                self._parser.add_data(self._read())
        except NO_MESSAGE as error:
            raise BusGone("the bus speaks no D-Bus") from error
        return message

    def _write(self, data: bytes) -> None:
        self._socket.settimeout(self._left_s())
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise TimedOut("the bus does not read") from error
        except OSError as error:
            raise BusGone(f"the bus has gone: {error.strerror}") from error

    def _read(self) -> bytes:
        self._socket.settimeout(self._left_s())
        try:
            data = self._socket.recv(READ_BYTES)
        except TimeoutError as error:
            raise TimedOut("the bus does not answer") from error
        except OSError as error:
            raise BusGone(f"the bus has gone: {error.strerror}") from error
        if not data:
            raise BusGone("the bus has gone")
        return data

    def _left_s(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimedOut("the time is up")
        return left
