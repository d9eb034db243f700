"""``outlive bridge``: the far end of the stream between two machines; ssh starts it, and it ends with that connection.

It serves the one client that has logged in by ssh, and so may do what the user may. It has no socket of its own. An
agent that starts it itself gets no more rights by it: this process, and each that it starts or connects to, finds the
agent among its ancestors.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import stat
from asyncio.subprocess import PIPE, Process
from typing import cast

from session_host.agents.environment import COLORS_VARIABLE
from session_host.client.connection import connect_socket
from session_host.errors import OutliveError, ProtocolViolation, UsageError, unexpected, why_not_started
from session_host.git import Stop, stopped_by
from session_host.paths import home_dir, keeper_log
from session_host.protocol.bridge import (
    ANSWERED_ELSEWHERE,
    BRIDGE_PROTOCOL,
    Call,
    Close,
    Data,
    Ended,
    Finish,
    Frame,
    FromNear,
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
from session_host.system.clock import now_ms
from session_host.system.installation import own_python
from session_host.system.log_rotation import FORMAT, open_appended
from session_host.version import VERSION

from .calls import call, kind_of
from .login_path import LoginPath

MARK = "outlive-bridge "
"""The line before the stream begins with this, and ends with the client's token: what a shell's start files print comes
before it."""

READ_BYTES = 64 * 1024

log = logging.getLogger(__name__)


class Bridge(asyncio.Protocol):
    """One client's stream.

    Attributes:
        ended: set when the client is gone.
        login_path: the PATH for what the client starts.
    """

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.login_path = LoginPath()
        self._output: asyncio.WriteTransport | None = None
        self._decoder = Decoder(FromNear)
        self._channels: dict[int, _Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, output: asyncio.WriteTransport, token: str) -> None:
        """Begin the stream to the client."""
        self._output = output
        output.write(f"\n{MARK}{token}\n".encode())
        self.send(Ready(BRIDGE_PROTOCOL, VERSION, now_ms(), str(home_dir())))

    def send(self, frame: Frame) -> None:
        """Send a message to the client."""
        if self._output is not None:
            self._output.write(encode(frame))

    def ended_channel(self, number: int, error: OutliveError | None = None, code: int = 0) -> None:
        """A channel has ended; report it, unless the client closed it."""
        if self._channels.pop(number, None) is not None:
            kind = kind_of(error) if error is not None else ""
            self.send(Ended(number, kind, str(error or ""), code))

    async def close(self) -> None:
        """End all channels."""
        for channel in list(self._channels.values()):
            channel.close()
        self._channels.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, self.login_path.close(), return_exceptions=True)

    # ------------------------------------------------------------ asyncio's callbacks

    def data_received(self, data: bytes) -> None:
        """The client sent messages."""
        try:
            for frame in self._decoder.feed(data):
                self._receive(frame)
        except ProtocolViolation:
            self.ended.set()  # The stream is unreadable.

    def eof_received(self) -> None:
        """The client is gone."""
        self.ended.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The client is gone."""
        self.ended.set()

    def _receive(self, frame: FromNear) -> None:
        match frame:
            case Ping(asked_ms):
                self.send(Pong(asked_ms, now_ms()))
            case OpenSession(number, session_id):
                self._open(_SessionChannel(self, number, session_id))
            case OpenPort(number, port):
                self._open(_PortChannel(self, number, port))
            case Call(number, function, arguments):
                self._open(_CallChannel(self, number, function, arguments))
            case Run():
                self._open(_CommandChannel(self, frame))
            case Data(number, data):
                if (channel := self._channels.get(number)) is not None:
                    channel.receive(data)
            case Grant(number, length):
                if (channel := self._channels.get(number)) is not None:
                    channel.granted(length)
            case Finish(number):
                if (channel := self._channels.get(number)) is not None:
                    channel.finish()
            case Close(number):
                if (channel := self._channels.pop(number, None)) is not None:
                    channel.close()

    def _open(self, channel: _Channel) -> None:
        if channel.number in self._channels:
            raise ProtocolViolation("this channel is open")
        self._channels[channel.number] = channel
        task = asyncio.get_running_loop().create_task(self._run(channel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        channel.task = task

    async def _run(self, channel: _Channel) -> None:
        """Serve a channel; the client is answered whatever happens."""
        try:
            await channel.run()
        except OutliveError as error:
            self.ended_channel(channel.number, error)
        except OSError as error:
            self.ended_channel(channel.number, OutliveError(why_not_started(error)))
        except Exception as error:
            log.exception("%s failed", type(channel).__name__)
            self.ended_channel(channel.number, OutliveError(unexpected(error, "outlive logs")))


class _Channel:
    """A channel; a subclass says what it does with what it receives."""

    def __init__(self, bridge: Bridge, number: int) -> None:
        self.number = number
        self.task: asyncio.Task[None] | None = None
        self._bridge = bridge
        self._send_window = SendWindow()
        self._receive_window = ReceiveWindow()
        self._drained = asyncio.Event()
        self._drained.set()

    async def run(self) -> None:
        """Serve the channel until its end.

        Raises:
            OutliveError, OSError: it ends with this error, which the client gets.
        """

    def receive(self, data: bytes) -> None:
        """The client sent bytes."""

    def finish(self) -> None:
        """The client sends no more bytes."""

    def close(self) -> None:
        """The client needs the channel no more."""

    def granted(self, length: int) -> None:
        """The client accepts so many more bytes."""
        self._send_pieces(self._send_window.grant(length))

    def _send_data(self, data: bytes) -> None:
        self._send_pieces(self._send_window.add(data))

    def _send_pieces(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._bridge.send(Data(self.number, piece))
        if self._send_window.waiting:
            self._drained.clear()
        else:
            self._drained.set()
        self._set_reading(not self._send_window.waiting)

    def _set_reading(self, is_reading: bool) -> None:
        """Read on, or stop, from what the channel's bytes come from."""

    def _note_used(self, length: int) -> None:
        if granted := self._receive_window.used(length):
            self._bridge.send(Grant(self.number, granted))


class _SocketChannel(_Channel, asyncio.Protocol):
    """A connection to a socket of this machine; ``run`` connects it."""

    def __init__(self, bridge: Bridge, number: int) -> None:
        super().__init__(bridge, number)
        self._transport: asyncio.Transport | None = None
        self._is_reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._bridge.send(Opened(self.number))

    def data_received(self, data: bytes) -> None:
        self._send_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._bridge.ended_channel(self.number)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _set_reading(self, is_reading: bool) -> None:
        transport = self._transport
        if is_reading != self._is_reading and transport is not None and not transport.is_closing():
            self._is_reading = is_reading
            (transport.resume_reading if is_reading else transport.pause_reading)()


class _SessionChannel(_SocketChannel):
    """A connection to a session's host."""

    def __init__(self, bridge: Bridge, number: int, session_id: str) -> None:
        super().__init__(bridge, number)
        self._session_id = session_id

    async def run(self) -> None:
        await connect_socket(lambda: self, self._session_id)

    def receive(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
        self._note_used(len(data))


class _PortChannel(_SocketChannel):
    """A connection to a port of this machine's loopback."""

    def __init__(self, bridge: Bridge, number: int, port: int) -> None:
        super().__init__(bridge, number)
        self._port = port
        self._is_full = False
        self._unnoted = 0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for host in ("127.0.0.1", "::1"):
            with contextlib.suppress(OSError, OverflowError):
                await loop.create_connection(lambda: self, host, self._port)
                return
        raise OutliveError(f"nothing listens on port {self._port} there")

    def receive(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
        if self._is_full:
            self._unnoted += len(data)
        else:
            self._note_used(len(data))

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._note_used(self._unnoted)
        self._unnoted = 0

    def finish(self) -> None:
        if self._transport is not None:
            self._transport.write_eof()


class _CallChannel(_Channel):
    """The call of a function."""

    def __init__(self, bridge: Bridge, number: int, function: str, arguments: bytes) -> None:
        super().__init__(bridge, number)
        self._function = function
        self._arguments = arguments
        self._stop = Stop()

    async def run(self) -> None:
        with stopped_by(self._stop):
            result = await call(self._function, self._arguments, self._bridge.login_path)
        self._send_data(result)
        await self._drained.wait()
        self._bridge.ended_channel(self.number)

    def close(self) -> None:
        self._stop.set()
        if self.task is not None:
            self.task.cancel()  # A coroutine function ends; a blocking one ends if it asks for the ``Stop``.


class _CommandChannel(_Channel):
    """An ``outlive`` command, in a process of its own."""

    def __init__(self, bridge: Bridge, wanted: Run) -> None:
        super().__init__(bridge, wanted.channel)
        self._wanted = wanted
        self._process: Process | None = None
        self._input: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def run(self) -> None:
        arguments = self._wanted.arguments
        if arguments[:1] in (["new"], ["resume"], ["doctor"]):
            await self._bridge.login_path.read()
        environment = dict(os.environ)
        if self._wanted.columns:
            environment["COLUMNS"] = str(self._wanted.columns)
        if self._wanted.colors:
            environment[COLORS_VARIABLE] = self._wanted.colors
        if self._wanted.can_ask:
            environment[ANSWERED_ELSEWHERE] = "1"
        argv = [*own_python(), "-m", "session_host.cli", *arguments]
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, limit=READ_BYTES
            )
        except (OSError, ValueError) as error:
            raise UsageError(why_not_started(error) if isinstance(error, OSError) else str(error)) from error
        self._process = process
        assert process.stdout is not None
        assert process.stderr is not None
        feeding = asyncio.get_running_loop().create_task(self._feed(process))
        try:
            await asyncio.gather(self._pump(process.stdout), self._pump(process.stderr, is_error=True))
            code = await process.wait()
        finally:
            feeding.cancel()
        self._bridge.ended_channel(self.number, code=code if code >= 0 else 128 - code)

    async def _pump(self, stream: asyncio.StreamReader, *, is_error: bool = False) -> None:
        while data := await stream.read(READ_BYTES):
            await self._drained.wait()
            if is_error:
                self._bridge.send(Data(self.number, data, is_error=True))
            else:
                self._send_data(data)
        if not is_error:
            await self._drained.wait()

    async def _feed(self, process: Process) -> None:
        """Write to the process what the client sends."""
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while (data := await self._input.get()) is not None:
                process.stdin.write(data)
                await process.stdin.drain()
                self._note_used(len(data))
        process.stdin.close()

    def receive(self, data: bytes) -> None:
        self._input.put_nowait(data)

    def finish(self) -> None:
        self._input.put_nowait(None)

    def close(self) -> None:
        """Interrupt the command, as Ctrl+C does."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)


async def serve(token: str) -> None:
    """Serve the client at standard input and output until it is gone.

    Raises:
        UsageError: no client is there.
    """
    if not (_carries_a_stream(0) and _carries_a_stream(1)):  # The loop would abort the process.
        raise UsageError("only another machine's Outlive runs this command, over ssh")
    with contextlib.suppress(OSError):  # Without a disk that takes it, there is no log.
        logging.basicConfig(level=logging.WARNING, format=FORMAT, stream=open_appended(keeper_log()))
    loop = asyncio.get_running_loop()
    bridge = Bridge()
    output, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(os.dup(1), "wb", buffering=0))
    # What a library prints goes to standard error, not into the stream.
    os.dup2(2, 1)
    bridge.start(output, token)
    await loop.connect_read_pipe(lambda: bridge, os.fdopen(os.dup(0), "rb", buffering=0))
    await bridge.ended.wait()
    await bridge.close()
    output.abort()


def _carries_a_stream(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
