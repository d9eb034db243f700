"""One connection to a host: connect, greet, then messages both ways.

Key path, 5 of 16. Output path, 8 of 15. Answer path, 4 of 15.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, cast

from session_host.errors import HostUnavailable, OutliveError, ProtocolViolation
from session_host.keeper_client.discovery import rebind_sockets
from session_host.paths import check_private, runtime_dir, session_socket
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.messages import Error, FromHost, Message, Output, Role, Welcome
from session_host.protocol.untrusted_text import as_message
from session_host.system import turns
from session_host.system.unix_sockets import is_foreign

from .sessions.hosts import name_host
from .sessions.store_access import check_here

GREETING_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 2.0

READ_BYTES = 64 * 1024
"""At most so much is read in one turn of the loop."""

MIN_PIECE_BYTES = 512
MAX_PIECE_BYTES = READ_BYTES
"""Limits of the output that is passed on at once: about as much as takes a turn of the loop at the measured speed. Some
output takes an engine a second for each 64 KiB, and the window must act on its user in between."""

OnMessage = Callable[[Any], None]
OnLost = Callable[[], None]


async def connect_socket(make_protocol: Callable[[], asyncio.Protocol], session_id: str) -> None:
    """Connect a protocol to the socket of a session's host.

    Raises:
        HostUnavailable: no host listens there.
        UnsafeDirectory: another user could have put the socket there.
    """
    check_private(runtime_dir())
    path = session_socket(session_id)
    loop = asyncio.get_running_loop()
    try:
        try:
            await loop.create_unix_connection(make_protocol, str(path))
        except FileNotFoundError:
            # The socket may have been removed.
            if not await asyncio.to_thread(rebind_sockets):
                raise
            await loop.create_unix_connection(make_protocol, str(path))
    except OSError as error:
        await asyncio.to_thread(check_here, session_id)
        raise HostUnavailable(
            f"cannot connect to the chat at {path}: {error.strerror}; see `outlive doctor`"
        ) from error


class HostNotResponding(HostUnavailable):
    """The host exists and does not answer: another try would have the same result."""


class HostConnection(asyncio.Protocol):
    """A greeted connection.

    Attributes:
        greeted: becomes the host's answer to the greeting, or the error in its place.
        welcome: that answer.
        refusal: the host's Error, if it refused this client.
    """

    def __init__(self, greeting: ClientGreeting) -> None:
        self._greeting = greeting
        self._decoder = Decoder(FromHost)
        self._transport: asyncio.Transport | None = None
        self.greeted: asyncio.Future[Welcome] = asyncio.get_running_loop().create_future()
        # A caller that gave up connecting does not read the error, and needs no warning.
        self.greeted.add_done_callback(lambda greeted: greeted.cancelled() or greeted.exception())
        self._on_message: OnMessage | None = None
        self._on_lost: OnLost | None = None
        self._early: list[Any] = []
        self._waiting: deque[Any] = deque()
        """Messages that are not passed on yet; reading pauses while they wait for a later turn of the loop."""
        self._is_served = self._is_paused = self._is_held = False
        self._piece_bytes = MAX_PIECE_BYTES
        self.is_lost = False
        self._over = asyncio.Event()
        self.welcome: Welcome | None = None
        self.refusal: Error | None = None

    @classmethod
    async def open(cls, session_id: str, role: Role, engine_build: str = "") -> HostConnection:
        """Connect to a session's host and greet it.

        Raises:
            HostUnavailable: no host answers there.
            ProtocolMismatch: the host uses another version of the protocol.
            UnsafeDirectory: another user could have put the socket there.
        """
        greeting = ClientGreeting(session_id, role, engine_build)
        try:
            return await cls.open_over(lambda connection: connect_socket(lambda: connection, session_id), greeting)
        except TimeoutError as error:
            hung = await asyncio.to_thread(name_host, session_id)
            raise HostNotResponding(f"{hung} does not respond; end the chat with `outlive kill`") from error

    @classmethod
    async def open_over(
        cls, connect: Callable[[HostConnection], Awaitable[None]], greeting: ClientGreeting
    ) -> HostConnection:
        """Let ``connect`` connect this protocol to a host, and greet the host.

        Raises:
            TimeoutError: that took longer than ``GREETING_TIMEOUT_S``.
            OutliveError: the error of ``connect``, or the host's refusal.
        """
        connection = cls(greeting)
        try:
            async with asyncio.timeout(GREETING_TIMEOUT_S):
                await connect(connection)
                connection.welcome = await connection.greeted
        except TimeoutError:
            connection.close()
            raise
        except OutliveError:
            await connection.abandon()
            raise
        except asyncio.CancelledError:
            connection.drop()
            raise
        return connection

    async def abandon(self) -> None:
        """Close at once, and drop unsent data."""
        self._on_message = self._on_lost = None
        self._waiting.clear()
        if self._transport is not None:
            self._transport.abort()
            await self._over.wait()

    def set_callbacks(self, on_message: OnMessage, on_lost: OnLost) -> None:
        """Set the callbacks for messages, and for the connection's end."""
        self._on_message, self._on_lost = on_message, on_lost
        early, self._early = self._early, []
        for message in early:
            on_message(message)
        if self.is_lost:
            on_lost()

    def send_message(self, message: Message) -> None:
        """Send a message; does nothing after the connection's end."""
        if self._transport is not None and not self.is_lost:
            self._transport.write(encode(message))

    def hold(self, is_held: bool) -> None:
        """Pass no more messages on, until they are held no more or the connection is lost."""
        self._is_held = is_held
        self._serve()

    def drop(self) -> None:
        """Break the connection; the callback is called as for any other break."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close without a call of the callbacks."""
        self._on_message = self._on_lost = None
        self._waiting.clear()
        if self._transport is not None:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until the connection is closed; data that a host does not read in time is dropped."""
        if self._transport is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._over.wait()
        except TimeoutError:
            self._transport.abort()
            await self._over.wait()

    # ------------------------------------------------------------ asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Check the peer, and greet."""
        # Transports of another loop do not inherit from asyncio's.
        self._transport = transport = cast("asyncio.Transport", transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and is_foreign(connection):  # A channel of another machine has none.
            self._fail(HostUnavailable("the chat's socket belongs to another user's process"))
            return
        transport.write(self._greeting.data_to_send())

    def data_received(self, data: bytes) -> None:
        """Pass each message to the callback."""
        try:
            self._waiting.extend(self._decoder.feed(data))
        except ProtocolViolation as error:
            self._pass_all()
            self._fail(HostUnavailable(f"the process at the chat's socket is not Outlive ({error})"))
        else:
            self._serve()

    def _serve(self) -> None:
        """Pass the waiting messages on, in this turn of the loop and in later ones."""
        if self._has_next() and not self._is_served:
            self._is_served = True
            turns.serve(self)
        self._pause_or_resume()

    def pass_next(self) -> bool:
        """Pass one message on, as a ``turns.Source``."""
        if self._has_next():
            self._pass_next()
        has_more = self._is_served = self._has_next()
        if not has_more:
            self._pause_or_resume()  # It may receive more at once, and wait again.
        return has_more

    def _pass_all(self) -> None:
        while self._has_next():
            self._pass_next()

    def _has_next(self) -> bool:
        return bool(self._waiting) and not self._is_held

    def _pause_or_resume(self) -> None:
        if self._is_paused == (is_paused := self._is_held or self._is_served):
            return
        self._is_paused = is_paused
        if (transport := self._transport) is not None and not transport.is_closing():
            (transport.pause_reading if is_paused else transport.resume_reading)()

    def _pass_next(self) -> None:
        message = self._waiting.popleft()
        if type(message) is not Output:
            self._message(message)
            return
        offset, data = message.offset, message.data
        if len(data) > self._piece_bytes:
            self._waiting.appendleft(Output(offset + self._piece_bytes, data[self._piece_bytes :]))
            message = Output(offset, data[: self._piece_bytes])
        began_s, length = perf_counter(), len(message.data)
        self._message(message)
        if length >= MIN_PIECE_BYTES:
            bytes_per_s = length / max(perf_counter() - began_s, 1e-6)
            self._piece_bytes = int(min(max(bytes_per_s * turns.TURN_S, MIN_PIECE_BYTES), MAX_PIECE_BYTES))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The connection was lost, or the host refused this client."""
        self._is_held = False
        self._pass_all()
        self.is_lost = True
        self._over.set()
        if not self.greeted.done():
            self._fail(HostUnavailable("the chat closed the connection; try again"))
        if self._on_lost is not None:
            self._on_lost()

    def _message(self, message: Any) -> None:
        if isinstance(message, Error):
            message = Error(message.code, as_message(message.message))
        elif self._on_message is not None:
            self._on_message(message)
            return
        if not self.greeted.done():
            try:
                self.greeted.set_result(self._greeting.receive(message))
            except HostUnavailable as error:
                self._fail(error)
        elif isinstance(message, Error):
            self.refusal = message
            self._fail(HostUnavailable(message.message))
        else:
            self._early.append(message)

    def _fail(self, error: OutliveError) -> None:
        if not self.greeted.done():
            self.greeted.set_exception(error)
        if self._transport is not None:
            self._transport.close()
