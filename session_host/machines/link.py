"""The near end of the stream to another machine: connects by ssh, keeps the connection, multiplexes channels.

States::

    DOWN ──a channel is wanted, or a retry is due──▶ CONNECTING
    CONNECTING ──the bridge there is ready──▶ UP
    CONNECTING ──ssh fails, or does not come that far in time──▶ DOWN
    UP ──the stream ends, or nothing comes though it should──▶ DOWN

A link that is *held* connects again by itself, after waits that grow; ``try_now`` ends a wait, and ``ask_now`` after a
change of the network.

A connection can hang: its packets are lost, or it rides on a login that died while this machine slept. So it gets
rivals, which do not share the login: one after the other, and the first that is ready is used. A link that is up and
silent gets them, too, and keeps its stream until one is ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import subprocess
from asyncio import TimerHandle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from session_host.errors import (
    HostKeyChanged,
    LoginNeeded,
    NotInstalled,
    OldVersion,
    OutliveError,
    ProtocolViolation,
    Unreachable,
    why_not_started,
)
from session_host.protocol.bridge import (
    BRIDGE_PROTOCOL,
    MAX_REPLY_BYTES,
    Call,
    Close,
    Data,
    Ended,
    Finish,
    Frame,
    FromFar,
    Grant,
    Opened,
    OpenPort,
    OpenSession,
    Ping,
    Pong,
    Ready,
    ReceiveWindow,
    Run,
    SendWindow,
)
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.untrusted_text import plain
from session_host.system.clock import now_ms

from . import ssh
from .bridge import MARK
from .calls import error_of
from .names import MachineEntry

CONNECT_TIMEOUT_S = 20.0
"""How long ssh and the bridge may take until they are ready."""

RETRY_S = (0.2, 0.5, 1.0, 1.5)
"""Waits before the next attempts."""

LATER_RETRY_S = 20.0
"""The wait between later attempts, after ``QUICK_RETRIES``, and where the user must act."""

QUICK_RETRIES = 200

IDLE_PING_S = 30.0
"""After this time without a message, a ping asks whether the machine is there."""

BUSY_PING_S = 0.5
"""The same, while an answer is expected."""

RIVAL_S = 1.2
"""How long a connection may take, and an answer to a ping, before a rival begins; and how long each rival may take."""

SILENCE_S = 6.0
"""A link is dead that stays silent so long after a ping."""

MIN_CLOCK_AHEAD_S = 5
MAX_CLOCK_AHEAD_S = 2 * 24 * 3600
"""Clocks differ by a wrong time zone or date; what is further away is not corrected."""

MAX_NOISE_BYTES = 256 * 1024
"""What a login shell may print before the stream begins."""

MAX_EXIT_CODE = 255

MAX_MARK_BYTES = 64
"""The longest rest of the line that begins the stream."""

MAX_ERROR_BYTES = 16 * 1024

MAX_HOME = 1024
"""The longest path of a home directory that is believed."""


class LinkState(StrEnum):
    """The states of a link."""

    DOWN = "DOWN"
    CONNECTING = "CONNECTING"
    UP = "UP"


class Link:
    """The connection of this process to one machine.

    Attributes:
        entry: the machine.
        state: see the module.
        error: why the link is down; None if nothing has failed.
        down_since: when it was lost, or first failed to connect; None while it is up, and before.
        version: the version of the other machine's Outlive; "" while unknown.
        clock_ahead: how far the machine's clock is ahead of the one here; 0 while unknown.
        home: the user's home directory there; "" while unknown.
        heard_at_s: the loop's time of the first bytes from the machine, also of its login shell; None before.
        round_trip_s: the time of the last ping and its pong; None before.
        on_state: called after ``state`` or ``error`` changed.
    """

    def __init__(self, entry: MachineEntry, on_state: Callable[[], None] = lambda: None) -> None:
        self.entry = entry
        self.state = LinkState.DOWN
        self.error: Unreachable | None = None
        self.down_since: datetime | None = None
        self.version = self.home = ""
        self.clock_ahead = timedelta()
        self.heard_at_s: float | None = None
        self.round_trip_s: float | None = None
        self.on_state = on_state
        self._is_held = False
        self._tries = 0
        self._attempt: asyncio.Task[None] | None = None
        self._rivals: asyncio.Task[None] | None = None
        self._was_silent = False
        """The last stream was silent, so a login that it rode on may be dead."""
        self._closing: set[asyncio.Task[None]] = set()
        self._rival_s = RIVAL_S
        """Grows on a slow line: twice the time of the last connection."""
        self._retry: TimerHandle | None = None
        self._stream: _Stream | None = None
        self._up = asyncio.Event()
        self._next_channel = 1

    # ------------------------------------------------------------ the connection

    def hold(self) -> None:
        """Connect, and from now on connect again when the link is lost."""
        self._is_held = True
        self.try_now()

    def try_now(self) -> None:
        """Connect now, unless the link is up or connecting."""
        if self.state is LinkState.DOWN:
            self._cancel_retry()
            self._set_state(LinkState.CONNECTING)
            self._attempt = asyncio.get_running_loop().create_task(self._connect(), name=f"link {self.entry.name}")

    def ask_now(self) -> None:
        """Find out now whether the machine can be reached: the network has changed, perhaps after a sleep."""
        if self._stream is not None:
            self._stream.ask()
        else:
            self.try_now()

    def move(self, entry: MachineEntry) -> None:
        """The machine has another destination: connect to that."""
        self.entry = entry
        self.reconnect()

    def reconnect(self) -> None:
        """Connect anew, since another machine or another version of Outlive is there."""
        if self._stream is not None:
            self._stream.replaced()
        else:
            self.try_now()

    async def wait_up(self) -> None:
        """Wait until the link is up; it must be held."""
        await self._up.wait()

    async def ready(self) -> None:
        """Connect if that is due; wait for the result.

        Raises:
            Unreachable: the link is down; a held one connects later.
        """
        if self.state is LinkState.DOWN and (self._retry is None or self.error is None):
            self.try_now()
        if self._attempt is not None and self.state is LinkState.CONNECTING:
            await asyncio.shield(self._attempt)
        if self.state is not LinkState.UP:
            raise self.error or Unreachable(f"{self.entry.name} cannot be reached")

    async def close(self) -> None:
        """End the connection, and connect no more."""
        self._is_held = False
        self._cancel_retry()
        attempts = [each for each in (self._attempt, self._rivals) if each is not None]
        for each in attempts:
            each.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)
        if (stream := self._stream) is not None:
            self._stream = None
            await stream.close()
        await asyncio.gather(*self._closing)
        self._up.clear()
        self.state = LinkState.DOWN

    def _set_state(self, state: LinkState, error: Unreachable | None = None) -> None:
        self.state = state
        if state is LinkState.UP:
            self.error = self.down_since = None
            self._tries = 0
            self._up.set()
        else:
            self._up.clear()
            self.error = error or self.error
        self.on_state()

    async def _connect(self) -> None:
        # A shared login may refuse more connections; another try does without it, unless that needs a login.
        shared = self._tries % 3 < 2 or isinstance(self.error, LoginNeeded)
        first = asyncio.create_task(self._new_stream(shared=shared, within_s=CONNECT_TIMEOUT_S))
        rivals = asyncio.create_task(self._first_rival(0.0 if self._was_silent else RIVAL_S))
        try:
            await asyncio.wait({first, rivals}, return_when=asyncio.FIRST_COMPLETED)
            stream = rivals.result() if rivals.done() and rivals.exception() is None else await first
        except Unreachable as error:
            # On a login that is dead nothing answers, and without it ssh says that one is needed.
            needed = rivals.exception() if rivals.done() else None
            self._lost(needed if isinstance(needed, LoginNeeded) else error)
        else:
            self._use(stream)
        finally:
            await _end_attempts(first, rivals, self._stream)

    async def _first_rival(self, after_s: float = 0.0) -> _Stream:
        """Begin connections without the shared login, one after the other, until one is ready.

        Raises:
            Unreachable: another one would have the same result.
        """
        await asyncio.sleep(after_s)
        if not self.version and not await asyncio.to_thread(ssh.has_login, self.entry):
            # The first connection may wait for its user, to touch a key; do not ask twice.
            await asyncio.Event().wait()
        loop = asyncio.get_running_loop()
        while True:
            next_s = loop.time() + RIVAL_S
            try:
                return await self._new_stream(shared=False, within_s=self._rival_s)
            except (LoginNeeded, HostKeyChanged, NotInstalled):
                raise
            except Unreachable:
                await asyncio.sleep(max(0.0, next_s - loop.time()))

    async def _new_stream(self, *, shared: bool, within_s: float) -> _Stream:
        """Connect, and wait until the bridge there is ready.

        Raises:
            Unreachable: that failed.
        """
        began_s = asyncio.get_running_loop().time()
        stream, entry = _Stream(self), self.entry
        try:
            async with asyncio.timeout(within_s):
                await stream.start(shared=shared)
        except BaseException as error:
            await stream.close()
            if isinstance(error, TimeoutError):
                raise Unreachable(f"{self.entry.name}: no answer within {within_s:g} s") from error
            raise
        if entry != self.entry:
            await stream.close()
            raise Unreachable(f"{entry.name} has another destination now")
        self._rival_s = max(RIVAL_S, 2 * (asyncio.get_running_loop().time() - began_s))
        return stream

    def _use(self, stream: _Stream) -> None:
        self._rivals = None
        if stream.error is not None:  # It failed right after it was ready.
            self._lost(stream.error)
            return
        self._stream = stream
        self._was_silent = False
        self.version, self.home = stream.version, stream.home
        if abs(stream.clock_ahead - self.clock_ahead).total_seconds() >= MIN_CLOCK_AHEAD_S:
            self.clock_ahead = stream.clock_ahead
        self._set_state(LinkState.UP)

    def stream_is_silent(self, stream: _Stream, *, is_silent: bool) -> None:
        """The stream does not answer, or does again."""
        self._was_silent = is_silent
        if is_silent and self._rivals is None and stream is self._stream:
            self._rivals = asyncio.create_task(self._replace(stream))
        elif not is_silent and stream is self._stream:
            self._cancel_rivals()

    def _cancel_rivals(self) -> None:
        if self._rivals is not None:
            self._rivals.cancel()
            self._rivals = None

    async def _replace(self, silent: _Stream) -> None:
        """Use a rival in place of a stream that is silent."""
        try:
            stream = await self._first_rival()
        except Unreachable:
            return  # The silent one may still answer.
        if stream.error is None:
            self._use(stream)
            silent.replaced()

    def stream_lost(self, stream: _Stream, error: Unreachable) -> None:
        """The stream has ended after it was up."""
        if stream is self._stream:
            self._cancel_rivals()
            self._stream = None
            self._lost(error)

    def close_later(self, stream: _Stream) -> None:
        """Close a stream that has failed."""
        task = asyncio.get_running_loop().create_task(stream.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _lost(self, error: Unreachable) -> None:
        if self.down_since is None:
            self.down_since = datetime.now(UTC)
        if self._is_held:
            needs_user = isinstance(error, LoginNeeded | HostKeyChanged | NotInstalled)
            is_quick = self._tries < QUICK_RETRIES and not needs_user
            wait_s = RETRY_S[min(self._tries, len(RETRY_S) - 1)] if is_quick else LATER_RETRY_S
            self._retry = asyncio.get_running_loop().call_later(wait_s, self._retry_due)
        self._tries += 1
        self._set_state(LinkState.DOWN, error)

    def _retry_due(self) -> None:
        self._retry = None
        self.try_now()

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    # ------------------------------------------------------------ channels

    async def open_session(self, session_id: str, protocol: asyncio.Protocol) -> None:
        """Connect a protocol to a session's host; its transport is the channel.

        Raises:
            Unreachable: the link is down.
            HostUnavailable: no host listens there.
        """
        await self._open(lambda number: OpenSession(number, session_id), protocol)

    async def open_port(self, port: int, protocol: asyncio.Protocol) -> None:
        """Connect a protocol to a TCP port on the machine's loopback; its transport is the channel.

        Raises:
            Unreachable: the link is down.
            OutliveError: nothing listens there.
        """
        await self._open(lambda number: OpenPort(number, port), protocol)

    async def _open(self, request: Callable[[int], Frame], protocol: asyncio.Protocol) -> None:
        await self.ready()
        channel = self._channel(request)
        channel.protocol = protocol
        try:
            await channel.opened
        except asyncio.CancelledError:
            channel.close()
            raise

    async def call(self, function: str, arguments: bytes) -> bytes:
        """Call a function of ``machines.calls``; returns its encoded result.

        Raises:
            Unreachable: the link is down, or was lost meanwhile.
            OutliveError: the function's.
        """
        await self.ready()
        result = bytearray()

        def receive(data: bytes) -> None:
            result.extend(data)
            if len(result) > MAX_REPLY_BYTES and not receiver.ended.done():
                result.clear()
                receiver.ended.set_exception(ProtocolViolation("the answer is too long"))

        receiver = _Receiver(receive)
        channel = self._channel(lambda number: Call(number, function, arguments))
        channel.protocol = receiver
        try:
            await receiver.ended
        finally:
            channel.close()
        return bytes(result)

    async def run(
        self, arguments: list[str], columns: int, write: Callable[[bytes, bool], None], stdin: bytes | None = None
    ) -> int:
        """Run an ``outlive`` command there; returns its exit code.

        Args:
            arguments: the command line without the program's name.
            columns: the width of the terminal that shows its output, 0 for none.
            write: gets its output, and whether that is of standard error.
            stdin: what it reads; None for nothing.

        Raises:
            Unreachable: the link is down, or was lost meanwhile.
        """
        await self.ready()
        receiver = _Receiver(lambda data: write(data, False))
        channel = self._channel(lambda number: Run(number, arguments, columns))
        channel.protocol = receiver
        channel.on_error_data = lambda data: write(data, True)
        if stdin:
            channel.write(stdin)
        channel.write_eof()
        try:
            await receiver.ended
        finally:
            channel.close()
        return channel.code

    def _channel(self, request: Callable[[int], Frame]) -> Channel:
        assert self._stream is not None
        number = self._next_channel
        self._next_channel += 1
        return self._stream.open(number, request(number))


class Channel(asyncio.Transport):
    """A channel as a transport.

    Attributes:
        protocol: what gets its bytes.
        opened: becomes None once the other end has opened it, if it does so.
        on_error_data: gets what a command writes to standard error.
        code: a command's exit code, once it has ended.
    """

    def __init__(self, stream: _Stream, number: int) -> None:
        super().__init__()
        self.number = number
        self.protocol: asyncio.Protocol | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.opened.add_done_callback(lambda opened: opened.cancelled() or opened.exception())
        self.on_error_data: Callable[[bytes], None] = lambda _data: None
        self.code = 0
        self._stream = stream
        self._send_window = SendWindow()
        self._receive_window = ReceiveWindow()
        self._paused: bytearray | None = None
        self._end: OutliveError | bool | None = False
        """The end that is to be reported after what waits; False for none."""
        self._is_closed = False

    # ------------------------------------------------------------ asyncio.Transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 - asyncio's signature
        """Return the default: there is no socket."""
        return default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes, as far as the other end accepts them; the rest waits."""
        if not self._is_closed:
            for piece in self._send_window.add(bytes(data)):
                self._stream.send(Data(self.number, piece))

    def get_write_buffer_size(self) -> int:
        """The number of bytes that wait until the other end accepts them."""
        return len(self._send_window.waiting)

    def write_eof(self) -> None:
        """Say that nothing more is sent; only commands need it, and their input is sent at once."""
        self._stream.send(Finish(self.number))

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def is_closing(self) -> bool:
        """Whether the channel is closed."""
        return self._is_closed

    def pause_reading(self) -> None:
        """Keep what comes; the other end then soon stops."""
        if self._paused is None:
            self._paused = bytearray()

    def resume_reading(self) -> None:
        """Pass on what was kept."""
        if self._paused is not None:
            data, self._paused = bytes(self._paused), None
            if data:
                self._pass(data)
            if self._end is not False and self._paused is None:
                self._report_end()

    def close(self) -> None:
        """Close the channel."""
        if not self._is_closed:
            self._is_closed = True
            self._stream.close_channel(self)
            asyncio.get_running_loop().call_soon(self._report_lost, None)

    def abort(self) -> None:
        """Close the channel."""
        self.close()

    # ------------------------------------------------------------ the stream's messages

    def receive(self, frame: FromFar) -> None:
        """Handle a message of the other end.

        Raises:
            ProtocolViolation: it sent more than it may.
        """
        match frame:
            case Opened():
                if self.protocol is not None and not self.opened.done():
                    self.protocol.connection_made(self)
                    self.opened.set_result(None)
            case Data(_, data, is_error=True):
                self.on_error_data(data)
            case Data(_, data):
                if not self._receive_window.received(len(data)):
                    raise ProtocolViolation("more data than granted")
                self._pass(data)
            case Grant(_, length):
                for piece in self._send_window.grant(length):
                    self._stream.send(Data(self.number, piece))
            case Ended(_, error, message, code):
                self.code = code if 0 <= code <= MAX_EXIT_CODE else 1
                self.end(error_of(self._stream.machine, error, message) if error else None)

    def end(self, error: OutliveError | None) -> None:
        """The channel has ended, or the link was lost."""
        if not self.opened.done():
            self.opened.set_exception(error or Unreachable("the connection was closed"))
        self._end = error
        if self._paused is None:
            self._report_end()

    def _pass(self, data: bytes) -> None:
        if self._paused is not None:
            self._paused += data
            return
        if self.protocol is not None and not self._is_closed:
            self.protocol.data_received(data)
        if granted := self._receive_window.used(len(data)):
            self._stream.send(Grant(self.number, granted))

    def _report_end(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._report_lost(self._end or None)

    def _report_lost(self, error: Any) -> None:
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            protocol.connection_lost(error)


class _Receiver(asyncio.Protocol):
    """Passes a channel's bytes on.

    Attributes:
        ended: becomes None at the channel's end, or has the error that ended it.
    """

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._receive = receive

    def data_received(self, data: bytes) -> None:
        self._receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.ended.done():
            return
        if exc is not None:
            self.ended.set_exception(exc)
        else:
            self.ended.set_result(None)


class _Stream(asyncio.Protocol):
    """One ssh process and the stream on it.

    Attributes:
        machine: the name of the other machine.
        version: the version of its Outlive.
        clock_ahead: as ``Link.clock_ahead``.
        error: why it failed after it was ready; None if it did not.
    """

    def __init__(self, link: Link) -> None:
        self.version = self.home = ""
        self.clock_ahead = timedelta()
        self.error: Unreachable | None = None
        self._link = link
        self._entry = link.entry
        self.machine = link.entry.name
        self._token = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._noise = bytearray()
        self._decoder: Decoder | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
        self._errors = _Errors()
        self._channels: dict[int, Channel] = {}
        self._is_lost = False
        self._watch: TimerHandle | None = None
        self._last_received_s = self._pinged_s = 0.0
        self._pings = 0
        self._waits_for_answer = self._is_silent = False

    # ------------------------------------------------------------ beginning and end

    async def start(self, *, shared: bool) -> None:
        """Start ssh, and wait until the bridge there is ready.

        Raises:
            Unreachable: that failed.
        """
        loop = asyncio.get_running_loop()
        try:
            argv = await asyncio.to_thread(ssh.argv, self._entry, bridge_command(self._token), shared=shared)
        except OutliveError as error:
            raise Unreachable(str(error)) from error
        ours, theirs = socket.socketpair()
        errors, errors_of_ssh = socket.socketpair()
        try:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - fork and exec, no waiting
                argv,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=errors_of_ssh.fileno(),
                start_new_session=True,
                cwd="/",
            )
        except OSError as error:
            ours.close()
            errors.close()
            raise Unreachable(f"cannot start ssh: {why_not_started(error)}") from error
        finally:
            theirs.close()
            errors_of_ssh.close()
        try:
            await loop.create_unix_connection(lambda: self._errors, sock=errors)
            await loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            errors.close()
            raise
        await self._ready
        self._last_received_s = loop.time()
        self._watch_later()

    async def close(self) -> None:
        """End the stream and its ssh."""
        self._is_lost = True
        if self._watch is not None:
            self._watch.cancel()
        self._end_channels(Unreachable(f"{self._entry.name}: the connection was closed"))
        if self._transport is not None:
            self._transport.abort()
        self._errors.close()
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(_wait_for_end, self._process)

    def replaced(self) -> None:
        """Another stream is used in place of this one."""
        self._fail(Unreachable(f"{self._entry.name} did not answer"))

    def _fail(self, error: Unreachable) -> None:
        """The stream is over."""
        if not self._ready.done():
            self._ready.set_exception(error)
            return
        if self._is_lost:
            return
        self._is_lost = True
        self.error = error
        self._link.close_later(self)
        self._link.stream_lost(self, error)
        self._end_channels(error)

    def _end_channels(self, error: Unreachable) -> None:
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.end(error)

    # ------------------------------------------------------------ channels

    def open(self, number: int, request: Frame) -> Channel:
        """Open a channel."""
        channel = self._channels[number] = Channel(self, number)
        self.send(request)
        return channel

    def close_channel(self, channel: Channel) -> None:
        """A channel is needed no more."""
        if self._channels.pop(channel.number, None) is not None:
            self.send(Close(channel.number))

    def send(self, frame: Frame) -> None:
        """Send a message."""
        transport = self._transport
        if transport is not None and not transport.is_closing() and not self._is_lost:
            transport.write(encode(frame))
            if not self._waits_for_answer and not isinstance(frame, Grant | Close):
                self._waits_for_answer = True
                self._watch_later()

    # ------------------------------------------------------------ is the machine there?

    def _watch_later(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        is_pinged = self._pinged_s > self._last_received_s
        wait_s = RIVAL_S if is_pinged else BUSY_PING_S if self._waits_for_answer else IDLE_PING_S
        self._watch = asyncio.get_running_loop().call_later(wait_s, self._check)

    def _check(self) -> None:
        """Ask whether the machine is there, or give it up."""
        now_s = asyncio.get_running_loop().time()
        if self._pinged_s > self._last_received_s:
            silent_s = now_s - self._pinged_s
            if silent_s >= SILENCE_S:
                self._fail(Unreachable(f"{self._entry.name} does not answer"))
                return
            if not self._is_silent:
                self._is_silent = True
                self._link.stream_is_silent(self, is_silent=True)
        elif self._waits_for_answer or now_s - self._last_received_s >= IDLE_PING_S:
            self.ask()
        self._watch_later()

    def ask(self) -> None:
        """Ask whether the machine is there, unless a question is under way."""
        if self._pinged_s <= self._last_received_s:
            self._pings += 1
            self._pinged_s = asyncio.get_running_loop().time()
            self.send(Ping(self._pings))
            self._watch_later()

    # ------------------------------------------------------------ asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket of ssh is connected."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Something came from the other machine."""
        self._last_received_s = asyncio.get_running_loop().time()
        if self._link.heard_at_s is None:
            self._link.heard_at_s = self._last_received_s
        self._waits_for_answer = False
        if self._is_silent:
            self._is_silent = False
            self._link.stream_is_silent(self, is_silent=False)
        if self._decoder is None:
            data = self._skip_noise(data)
            if self._decoder is None:
                return
        try:
            for frame in self._decoder.feed(data):
                self._receive(frame)
        except ProtocolViolation as error:
            self._fail(Unreachable(f"{self._entry.name}: what answers there is not Outlive ({error})"))

    def _skip_noise(self, data: bytes) -> bytes:
        """What follows the line that begins the stream; b"" before that."""
        mark = f"\n{MARK}{self._token}".encode()
        seen = max(0, len(self._noise) - len(mark) - MAX_MARK_BYTES)
        self._noise += data
        begin = self._noise.find(mark, seen)
        end = self._noise.find(b"\n", begin + len(mark)) if begin >= 0 else -1
        if end < 0 or begin > MAX_NOISE_BYTES:
            if len(self._noise) > MAX_NOISE_BYTES:
                self._fail(Unreachable(f"{self._entry.name}: its login shell prints too much; see its start files"))
            return b""
        words = self._noise[begin + len(mark) : end].decode(errors="replace").split()
        rest = bytes(self._noise[end + 1 :])
        self._noise.clear()
        if words:
            self._fail(NotInstalled(
                f"{self._entry.name} has no Outlive in its PATH, ~/.local/bin or /usr/local/bin; install it there"
            ))  # fmt: skip
            return b""
        self._decoder = Decoder(FromFar)
        return rest

    def _receive(self, frame: FromFar) -> None:
        match frame:
            case Ready(protocol, version, there_ms, home):
                has = f"{self._entry.name} has Outlive {plain(version, 20)}, which this version cannot talk to"
                if protocol < BRIDGE_PROTOCOL:
                    self._fail(OldVersion(f"{has}; run `outlive upgrade --on {self._entry.name}`"))
                elif protocol > BRIDGE_PROTOCOL:
                    self._fail(Unreachable(f"{has}; update Outlive here"))
                elif not self._ready.done():
                    self.version = plain(version, 40) or "?"
                    self.clock_ahead = clock_ahead(there_ms, now_ms())
                    is_path = home.startswith("/") and home == plain(home, MAX_HOME)
                    self.home = home if is_path else ""
                    self._ready.set_result(None)
            case Pong(number):
                if number == self._pings:
                    self._link.round_trip_s = self._last_received_s - self._pinged_s
            case Ended(number):
                if (channel := self._channels.pop(number, None)) is not None:
                    channel.receive(frame)
            case Opened(number) | Data(number) | Grant(number):
                if (channel := self._channels.get(number)) is not None:
                    channel.receive(frame)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The process of ssh has ended: its messages say why."""
        self._transport = None
        asyncio.get_running_loop().create_task(self._lost()).add_done_callback(lambda done: done.exception())

    async def _lost(self) -> None:
        await self._errors.ended()
        self._fail(ssh.error_of(self._entry, self._errors.text()))


class _Errors(asyncio.Protocol):
    """The end of what ssh and the other machine write to standard error."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._over = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        del self._data[:-MAX_ERROR_BYTES]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._over.set()

    async def ended(self) -> None:
        """Wait for the last message; a shared login's process keeps the other end open."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await self._over.wait()

    def text(self) -> str:
        """The text."""
        return self._data.decode(errors="replace")

    def close(self) -> None:
        """Read no more."""
        if self._transport is not None:
            self._transport.abort()


async def _end_attempts(first: asyncio.Task[_Stream], rivals: asyncio.Task[_Stream], used: _Stream | None) -> None:
    """End what still connects, and a stream that is ready and not used."""
    for each in (first, rivals):
        each.cancel()
    for result in await asyncio.gather(first, rivals, return_exceptions=True):
        if isinstance(result, _Stream) and result is not used:
            await result.close()


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def clock_ahead(there_ms: int, here_ms: int) -> timedelta:
    """How far the clock there is ahead; 0 if it only seems so, by the time that its message took, or is no clock's."""
    ahead_s = round((there_ms - here_ms) / 1000)
    return timedelta(seconds=ahead_s) if MIN_CLOCK_AHEAD_S <= abs(ahead_s) <= MAX_CLOCK_AHEAD_S else timedelta()


def bridge_command(token: str) -> str:
    """The command for the login shell there, of any kind: finds Outlive and starts its bridge, after a sign of life.

    It has no character that sh, bash, zsh, fish or tcsh treat differently: one line, in single quotes.
    """
    mark = f"{MARK}{token}"
    places = '"$HOME/.local/bin/outlive" outlive /usr/local/bin/outlive'
    script = (
        f"echo; for each in {places}; do "
        f'if command -v "$each" >/dev/null 2>&1; then exec "$each" bridge {token}; fi; done; '
        f'echo "{mark} missing"'
    )
    return f"exec sh -c '{script}'"
