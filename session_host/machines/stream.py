"""A stream to another machine: a process of ssh, the bridge at its far end, and the channels between them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import subprocess
from asyncio import TimerHandle
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from session_host.errors import (
    NotInstalled,
    OldVersion,
    OutliveError,
    ProtocolViolation,
    Unreachable,
    why_not_started,
)
from session_host.protocol.bridge import (
    BRIDGE_PROTOCOL,
    Close,
    Data,
    Ended,
    Frame,
    FromFar,
    Grant,
    Opened,
    Ping,
    Pong,
    Ready,
)
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.untrusted_text import plain
from session_host.system import turns
from session_host.system.clock import now_ms
from session_host.system.event_loop import to_its_end

from . import ssh
from .bridge import MARK
from .channel import Channel
from .names import MachineEntry

IDLE_PING_S = 30.0
"""After this time without a message, a ping asks whether the machine is there."""

SHOWN_PING_S = 2.0
"""The same, while the user sees something of the machine, or after data has come."""

BUSY_PING_S = 0.5
"""The same, while an answer is expected."""

ANSWER_S = 1.2
"""A stream is silent if it does not answer a ping in this time, or in a quarter of ``Watch.patience_s`` if longer."""

SILENCE_S = 6.0
"""A stream is dead if it stays silent for this time after a ping, or for ``Watch.patience_s`` if that is longer."""

MIN_CLOCK_AHEAD_S = 5
MAX_CLOCK_AHEAD_S = 2 * 24 * 3600
"""Clocks differ by a wrong time zone or date; what is further away is not corrected."""

QUICK_MS = 1000
"""Only an answer within this time says what the clock there shows."""

MAX_NOISE_BYTES = 256 * 1024
"""A login shell may print this much before the stream begins."""

MAX_MARK_BYTES = 64
"""The line that begins the stream has at most this much after the token."""

MAX_ERROR_BYTES = 16 * 1024

MAX_HOME = 1024
"""The longest path of a home directory that is believed."""


class LoginLost(Unreachable):
    """ssh ended without a word before the stream was ready: the login that it rode on has ended."""


class Stream(asyncio.Protocol):
    """One stream.

    Attributes:
        machine: the name of the other machine.
        version: the version of its Outlive.
        clock_ahead: how far its clock is ahead of the one here.
        home: the user's home directory there; "" if it tells none.
        watch: finds out whether the machine is there.
        error: why it failed after it was ready; None if it did not.
        on_heard: called when bytes come, also of the login shell there.
        on_failed: called when it fails after it was ready, before its channels end.
    """

    def __init__(self, entry: MachineEntry) -> None:
        self.machine = entry.name
        self.version = self.home = ""
        self.clock_ahead = timedelta()
        self.watch = Watch(self.send, lambda: self.fail(Unreachable(f"{self.machine}: no answer")))
        self.error: Unreachable | None = None
        self.on_heard: Callable[[], None] = lambda: None
        self.on_failed: Callable[[Unreachable], None] = lambda _error: None
        self._entry = entry
        self._beginning = _Beginning(entry.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._errors = _Errors()
        self._decoder: Decoder | None = None
        self._frames: deque[FromFar] = deque()
        """Messages that are not handled yet; reading pauses while they wait for a later turn of the loop."""
        self._is_served = False
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
        self._losing: asyncio.Task[None] | None = None
        self._is_over = False
        self._channels: dict[int, Channel] = {}
        self._next_channel = 1

    # ------------------------------------------------------------ beginning and end

    async def start(self, *, shared: bool) -> None:
        """Start ssh, and wait until the bridge there is ready; ``shared``: ride on a login, if there is one.

        Raises:
            Unreachable: that failed.
        """
        command = bridge_command(self._beginning.token)
        try:
            argv = await asyncio.to_thread(ssh.argv, self._entry, command, shared=shared)
        except OutliveError as error:
            raise Unreachable(str(error)) from error
        ours, theirs = socket.socketpair()
        errors, errors_of_ssh = socket.socketpair()
        try:
            with theirs, errors_of_ssh:
                self._process = subprocess.Popen(  # noqa: ASYNC220 - fork and exec, no waiting
                    argv,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=errors_of_ssh.fileno(),
                    start_new_session=True,
                    cwd="/",
                )
            loop = asyncio.get_running_loop()
            await loop.create_unix_connection(lambda: self._errors, sock=errors)
            await loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException as error:
            ours.close()
            errors.close()
            if isinstance(error, OSError):
                raise Unreachable(f"cannot start ssh: {why_not_started(error)}") from error
            raise
        await self._ready
        self.watch.start()

    async def close(self) -> None:
        """End the stream and its ssh."""
        self._is_over = True
        self.watch.stop()
        self._end_channels(Unreachable(f"{self.machine}: the connection was closed"))
        if self._transport is not None:
            self._transport.abort()
        self._errors.close()
        await to_its_end(self._ended())

    async def _ended(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(_wait_for_end, self._process)
        if self._losing is not None:
            await self._losing

    def fail(self, error: Unreachable) -> None:
        """The stream is of no use, or over."""
        if self._is_over:
            return
        self._is_over = True
        if not self._ready.done():
            self._ready.set_exception(error)
            return
        self.error = error
        self.on_failed(error)
        self._end_channels(error)

    def _end_channels(self, error: Unreachable) -> None:
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.end(error)

    # ------------------------------------------------------------ channels

    def open(self, request: Callable[[int], Frame]) -> Channel:
        """Open a channel; ``request`` makes the message for its number."""
        number = self._next_channel
        self._next_channel += 1
        channel = self._channels[number] = Channel(self.machine, number, self.send)
        self.send(request(number))
        return channel

    def send(self, frame: Frame) -> None:
        """Send a message."""
        if isinstance(frame, Close) and self._channels.pop(frame.channel, None) is None:
            return  # The other end, or the stream, has ended it.
        transport = self._transport
        if transport is not None and not transport.is_closing() and not self._is_over:
            transport.write(encode(frame))
            if not isinstance(frame, Grant | Close):
                self.watch.expect_answer()

    # ------------------------------------------------------------ asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket of ssh is connected."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Something came from the other machine."""
        self.watch.heard()
        self.on_heard()
        try:
            if self._decoder is None:
                rest = self._beginning.feed(data)
                if rest is None:
                    return
                self._decoder, data = Decoder(FromFar), rest
            self._frames.extend(self._decoder.feed(data))
        except Unreachable as error:
            self.fail(error)
        except ProtocolViolation as error:
            self._fail_unreadable(error)
        else:
            self._serve()

    def _serve(self) -> None:
        if not self._frames or self._is_served:
            return
        self._is_served = True
        turns.serve(self)
        if self._is_served and self._transport is not None:
            self._transport.pause_reading()

    def pass_next(self) -> bool:
        """Handle one message, as a ``turns.Source``."""
        if self._frames:
            self.watch.heard()
            try:
                self._receive(self._frames.popleft())
            except ProtocolViolation as error:
                self._fail_unreadable(error)
        self._is_served = bool(self._frames)
        transport = self._transport
        if not self._is_served and transport is not None and not transport.is_closing():
            transport.resume_reading()
        return self._is_served

    def _fail_unreadable(self, error: ProtocolViolation) -> None:
        self._frames.clear()
        self.fail(Unreachable(f"{self.machine}: what answers there is not Outlive ({error})"))

    def _receive(self, frame: FromFar) -> None:
        match frame:
            case Ready():
                if not self._ready.done():
                    self._be_ready(frame)
            case Pong(asked_ms, there_ms):
                self._check_clock(asked_ms, there_ms)
            case Ended(number):
                if (channel := self._channels.pop(number, None)) is not None:
                    channel.receive(frame)
            case Opened(number) | Data(number) | Grant(number):
                if isinstance(frame, Data):
                    self.watch.note_flow()
                if (channel := self._channels.get(number)) is not None:
                    channel.receive(frame)

    def _be_ready(self, ready: Ready) -> None:
        has = f"{self.machine}: it has Outlive {plain(ready.version, 20)}, which this version cannot talk to"
        if ready.protocol < BRIDGE_PROTOCOL:
            self.fail(OldVersion(f"{has}; run `outlive upgrade --on {self.machine}`"))
        elif ready.protocol > BRIDGE_PROTOCOL:
            self.fail(Unreachable(f"{has}; install a newer Outlive here"))
        else:
            self.version = plain(ready.version, 40) or "?"
            self.clock_ahead = clock_ahead(ready.now_ms, now_ms())
            is_path = ready.home.startswith("/") and ready.home == plain(ready.home, MAX_HOME)
            self.home = ready.home if is_path else ""
            self._ready.set_result(None)

    def _check_clock(self, asked_ms: int, there_ms: int) -> None:
        """Fail if one of the clocks was set meanwhile: with the next stream, the times of all chats are right again."""
        here_ms = now_ms()
        moved_s = (clock_ahead(there_ms, here_ms) - self.clock_ahead).total_seconds()
        if 0 <= here_ms - asked_ms <= QUICK_MS and abs(moved_s) >= MIN_CLOCK_AHEAD_S:
            self.fail(Unreachable(f"{self.machine}: a clock was set"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The process of ssh has ended: its messages say why."""
        self._transport = None
        while self._frames:
            self.pass_next()
        self._losing = asyncio.get_running_loop().create_task(self._lost())

    async def _lost(self) -> None:
        await self._errors.ended()
        text = self._errors.text()
        if text.strip() or self._ready.done():
            self.fail(ssh.error_of(self._entry, text))
        elif await self._has_shell_ended():
            self.fail(Unreachable(f"{self.machine}: its login shell ended at once; see its start files there"))
        else:
            self.fail(LoginLost(str(ssh.error_of(self._entry, text))))

    async def _has_shell_ended(self) -> bool:
        """Whether the process of ssh has an exit code that is not its own."""
        assert self._process is not None
        await asyncio.to_thread(_wait_for_end, self._process)
        return self._process.returncode >= 0 and self._process.returncode != ssh.FAILED


class Watch:
    """Asks a machine whether it is there, when an answer is due, or nothing has come for long.

    Attributes:
        patience_s: how long an answer may take on this line.
        on_silence: called with True when a question has no answer in time, and with False when something comes then.
        readers: called like it, with True when the silence lasts: those who show something of the machine. Call
            ``hurry`` after another one is added.
    """

    def __init__(self, send: Callable[[Ping], None], on_death: Callable[[], None]) -> None:
        """``on_death`` is called when the machine stays silent."""
        self.patience_s = 0.0
        self.on_silence: Callable[[bool], None] = lambda _is_silent: None
        self.readers: set[Callable[[bool], None]] = set()
        self._send, self._on_death = send, on_death
        self._timer: TimerHandle | None = None
        self._heard_s = self._asked_s = 0.0
        self._expects_answer = self._is_flowing = self._is_silent = False

    def start(self) -> None:
        """Begin."""
        self._heard_s = _now_s()
        self._wait()

    def stop(self) -> None:
        """Ask no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def heard(self) -> None:
        """Something came from the machine."""
        self._heard_s = _now_s()
        self._expects_answer = False
        if self._is_silent:
            self._is_silent = False
            for call in (self.on_silence, *self.readers):
                call(False)

    def note_flow(self) -> None:
        """Data came, and more of it may be missed."""
        if not self._is_flowing:
            self._is_flowing = True
            self.hurry()

    def hurry(self) -> None:
        """The rest before the next question may be shorter now."""
        if self._timer is not None and not self._is_asking and not self._expects_answer:
            self._wait()

    def expect_answer(self) -> None:
        """Something was sent that the machine answers."""
        if not self._expects_answer:
            self._expects_answer = True
            self._wait()

    def ask(self) -> None:
        """Ask, unless a question is under way."""
        if not self._is_asking:
            self._asked_s = _now_s()
            self._is_flowing = False
            self._send(Ping(now_ms()))
            self._wait()

    @property
    def _is_asking(self) -> bool:
        return self._asked_s >= self._heard_s

    @property
    def _rest_s(self) -> float:
        """How long nothing may come before a question."""
        return SHOWN_PING_S if self.readers or self._is_flowing else IDLE_PING_S

    def _wait(self) -> None:
        self.stop()
        due_s = self._heard_s + self._rest_s
        if self._is_asking:
            due_s = _now_s() + max(ANSWER_S, self.patience_s / 4)
        elif self._expects_answer:
            due_s = _now_s() + BUSY_PING_S
        self._timer = asyncio.get_running_loop().call_at(due_s, self._check)

    def _check(self) -> None:
        if not self._is_asking:
            if self._expects_answer or _now_s() - self._heard_s >= self._rest_s:
                self.ask()
        elif _now_s() - self._asked_s >= max(SILENCE_S, self.patience_s):
            self._on_death()
            return
        elif not self._is_silent:
            self._is_silent = True
            self.on_silence(True)
        else:  # A short silence is none that the user need know of.
            for call in tuple(self.readers):
                call(True)
        self._wait()


def _now_s() -> float:
    return asyncio.get_running_loop().time()


class _Beginning:
    """The bytes before the stream: what the login shell prints, and a line with our token.

    Attributes:
        token: the random word of that line.
    """

    def __init__(self, machine: str) -> None:
        self.token = secrets.token_hex(8)
        self._machine = machine
        self._mark = f"\n{MARK}{self.token}".encode()
        self._noise = bytearray()

    def feed(self, data: bytes) -> bytes | None:
        """Take some bytes; returns what follows the line, None before its end.

        Raises:
            NotInstalled: the line says that Outlive was not found.
            Unreachable: the shell prints too much.
        """
        seen = max(0, len(self._noise) - len(self._mark) - MAX_MARK_BYTES)
        self._noise += data
        begin = self._noise.find(self._mark, seen)
        end = self._noise.find(b"\n", begin + len(self._mark)) if begin >= 0 else -1
        if end < 0 or begin > MAX_NOISE_BYTES:
            if len(self._noise) > MAX_NOISE_BYTES:
                raise Unreachable(f"{self._machine}: its login shell prints too much; see its start files")
            return None
        if self._noise[begin + len(self._mark) : end].strip():
            raise NotInstalled(
                f"{self._machine}: no Outlive in its PATH, ~/.local/bin or /usr/local/bin; "
                f"run `outlive upgrade --on {self._machine}` to install it"
            )
        return bytes(self._noise[end + 1 :])


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


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def clock_ahead(there_ms: int, here_ms: int) -> timedelta:
    """How far the clock there is ahead; 0 if its message may have taken that long, or clocks do not differ so much."""
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
