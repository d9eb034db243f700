"""A D-Bus connection with a deadline.

jeepney provides the format and the authentication, but no timeouts: its own connections wait without a limit for the
first answer. So this module owns the socket. Names and errors of the daemon are the D-Bus specification's.

An event loop runs calls in a thread (``in_thread``) and reads signals in between (``fileno``, ``arrived``).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from jeepney.auth import BEGIN, AuthenticationError, Authenticator
from jeepney.low_level import HeaderFields, Message, MessageFlag, MessageType, Parser
from jeepney.wrappers import DBusAddress, new_method_call

from session_host.errors import OutliveError, TimedOut
from session_host.system.event_loop import to_its_end
from session_host.system.worker import Worker

READ_BYTES = 16 * 1024

NO_MESSAGE = (AssertionError, LookupError, RecursionError, TypeError, ValueError, struct.error)
"""Exceptions of jeepney for bytes that are not a message."""

NOBODY = frozenset(
    {
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.ServiceUnknown",
    }
)
"""Errors of the daemon if nobody owns the called name."""


class BusGone(OutliveError):
    """The bus cannot be reached, has disconnected, or does not speak D-Bus."""


class Refused(OutliveError):
    """A call was answered with an error.

    Attributes:
        name: the error's name, such as ``org.freedesktop.systemd1.UnitExists``.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Peer(NamedTuple):
    """An object on the bus, with one of its interfaces."""

    name: str
    path: str
    interface: str


DAEMON = Peer("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


class Signal(NamedTuple):
    """A received signal; ``sender`` is the unique name of its sender, which the daemon has checked."""

    path: str
    interface: str
    member: str
    arguments: tuple[Any, ...]
    sender: str


class Bus:
    """A blocking connection for one thread at a time; a context manager, which opens and closes it.

    Every method raises TimedOut after the connection's deadline, and BusGone if the connection fails.
    """

    def __init__(self, address: bytes, timeout_s: float, *, starts_services: bool = False) -> None:
        """Create a connection without opening it.

        Args:
            address: an address from ``addresses``.
            timeout_s: the time for all calls together; ``extend`` sets it again.
            starts_services: whether the daemon may start a service that a call needs.
        """
        self._address = address
        self._deadline = time.monotonic() + timeout_s
        self._flags = MessageFlag(0) if starts_services else MessageFlag.no_auto_start
        self._is_cut = False
        self._serial = 0
        self._parser = Parser()
        self._signals: deque[Signal] = deque()
        self._socket = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def open(self) -> None:
        """Connect and authenticate."""
        try:
            self._connect()
            self._authenticate()
            self.call(DAEMON, "Hello")
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Close the connection; it cannot be opened again."""
        self._socket.close()

    def extend(self, timeout_s: float) -> None:
        """Set the remaining time."""
        self._deadline = time.monotonic() + timeout_s

    def cut(self) -> None:
        """Shut the connection down while another thread uses it, which gets BusGone."""
        self._is_cut = True
        with contextlib.suppress(OSError):  # The socket is not connected yet, or is closed.
            self._socket.shutdown(socket.SHUT_RDWR)

    def call(self, peer: Peer, member: str, signature: str = "", *arguments: Any) -> tuple[Any, ...]:
        """Call a method, and return its result.

        Raises:
            Refused: the method returned an error.
        """
        serial = self.post(peer, member, signature, *arguments)
        while True:
            message = self._receive()
            if message.header.fields.get(HeaderFields.reply_serial) != serial:
                self._keep(message)
                continue
            if message.header.message_type is MessageType.error:
                text = next((part for part in message.body if isinstance(part, str)), "")
                name = str(message.header.fields.get(HeaderFields.error_name, ""))
                raise Refused(name, text or name.rpartition(".")[2])
            return tuple(message.body)

    def post(self, peer: Peer, member: str, signature: str = "", *arguments: Any) -> int:
        """Call a method and ignore its answer; returns the call's serial number."""
        target = DBusAddress(peer.path, peer.name, peer.interface)
        message = new_method_call(target, member, signature or None, arguments)
        message.header.flags |= self._flags
        self._serial += 1
        self._write(message.serialise(serial=self._serial))
        return self._serial

    def subscribe(self, peer: Peer, member: str = "", **conditions: str) -> None:
        """Subscribe to an object's signals.

        Args:
            peer: the object and the interface.
            member: the signal; "" for all of them.
            conditions: further conditions of the match rule, such as ``arg2``.
        """
        rule = {"type": "signal", "path": peer.path, "interface": peer.interface, **conditions}
        if member:
            rule["member"] = member
        self.post(DAEMON, "AddMatch", "s", ",".join(f"{key}='{value}'" for key, value in rule.items()))

    def signal(self, peer: Peer, member: str) -> tuple[Any, ...]:
        """Wait for a signal of this object; returns its values. Includes signals that arrived during a call."""
        while True:
            while not self._signals:
                self._keep(self._receive())
            found = self._signals.popleft()
            if found[:3] == (peer.path, peer.interface, member):
                return found.arguments

    def fileno(self) -> int:
        """A descriptor that is readable when data has arrived."""
        return self._socket.fileno()

    def arrived(self) -> list[Signal]:
        """The signals that have arrived so far, without waiting."""
        try:
            with contextlib.suppress(TimedOut):
                self._parser.add_data(self._read(0.0))
            while (message := self._parser.get_next_message()) is not None:
                self._keep(message)
        except NO_MESSAGE as error:
            raise BusGone("the bus does not speak D-Bus") from error
        found = list(self._signals)
        self._signals.clear()
        return found

    def _keep(self, message: Message) -> None:
        """Keep a signal for later."""
        if message.header.message_type is MessageType.signal:
            fields = message.header.fields
            path, interface, member, sender = (
                str(fields.get(each, ""))
                for each in (HeaderFields.path, HeaderFields.interface, HeaderFields.member, HeaderFields.sender)
            )
            self._signals.append(Signal(path, interface, member, tuple(message.body), sender))

    def _connect(self) -> None:
        # If the queue of waiting connections is full, connect(2) blocks, for up to SO_SNDTIMEO.
        left = self._left_s()
        whole = int(left)
        limit = struct.pack("ll", whole, max(1, int((left - whole) * 1e6)))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        try:
            self._socket.connect(self._address)
        except BlockingIOError as error:
            raise TimedOut("the bus takes no connections") from error
        except (OSError, ValueError) as error:
            raise BusGone(f"the bus cannot be reached: {error}") from error

    def _authenticate(self) -> None:
        conversation = Authenticator()
        try:
            for line in conversation:
                self._write(line)
                conversation.feed(self._read(self._left_s()))
        except AuthenticationError as error:
            raise BusGone("the bus refused the authentication") from error
        self._write(BEGIN)

    def _receive(self) -> Message:
        try:
            while (message := self._parser.get_next_message()) is None:
                self._parser.add_data(self._read(self._left_s()))
        except NO_MESSAGE as error:
            raise BusGone("the bus does not speak D-Bus") from error
        return message

    def _write(self, data: bytes) -> None:
        left_s = self._left_s()
        try:
            self._socket.settimeout(left_s)
            self._socket.sendall(data)
        except TimeoutError as error:
            raise TimedOut("the bus does not read") from error
        except OSError as error:
            raise BusGone(f"the bus has gone: {error.strerror}") from error

    def _read(self, timeout_s: float) -> bytes:
        try:
            self._socket.settimeout(timeout_s)
            data = self._socket.recv(READ_BYTES)
        except (TimeoutError, BlockingIOError) as error:
            raise TimedOut("the bus does not answer") from error
        except OSError as error:
            raise BusGone(f"the bus has gone: {error.strerror}") from error
        if not data:
            raise BusGone("the bus has gone")
        return data

    def _left_s(self) -> float:
        if self._is_cut:
            raise BusGone("the connection was ended")
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimedOut("the time is up")
        return left


T = TypeVar("T")


async def in_thread(bus: Bus, work: Callable[[], T]) -> T:
    """Run blocking work with a connection in a thread. Cancelling cuts the connection and waits for the thread."""
    return await to_its_end(Worker().run(work), on_cancel=bus.cut)
