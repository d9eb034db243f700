"""Typists: they type keys into a program and time the echoes, through our host, our viewer, or another program.

Each is a context manager that yields a ``Typist`` once the program paints nothing more.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.paths import session_socket
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.messages import (
    PROTOCOL_VERSION,
    Attach,
    Attached,
    Event,
    FromHost,
    Hello,
    InputRefused,
    Key,
    Message,
    Output,
    SnapshotPart,
    Welcome,
)
from session_host.protocol.values import GridSize
from session_host.system import event_loop
from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.support.terminals import Terminal
from tests.support.waiting import wait_until
from tests.support.windows import outlive

Typist = Callable[[Sequence[str]], list[float]]
"""Types keys one by one; returns each key's round-trip time in seconds."""

ECHO_BYTES = 3
"""Size of the part of a frame that has the echo of one key: type (bytes), length, letter."""

TIMEOUT_S = 20.0
SETTLE_S = 0.2
"""After an attach, programs still paint for this time."""


def typist_of(press: Callable[[str], float]) -> Typist:
    """Make a typist of ``press``, which types one key, waits for the echo and returns the seconds that took."""
    return lambda keys: [press(key) for key in keys]


class Reader:
    """Reads as terminals do: polls the descriptor, then reads.

    A blocking read is different: on a socket it is also woken when the other side has read.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        self._wait = poll.poll

    def read(self) -> bytes:
        """Return the available bytes; block until there are some."""
        self._wait()
        return os.read(self._descriptor, 65536)


# ------------------------------------------------------------ ours


def new_session(bench: BenchmarkEnvironment, argv: list[str]) -> str:
    """Start a session and wait until its program reads; return the session's id."""
    session_id: str = bench.new_session(argv, "echo")["id"]
    wait_until(lambda: "ready" in outlive("peek", session_id), TIMEOUT_S, "the program to read")
    return session_id


class Client:
    """A viewer's connection without an event loop.

    Attributes:
        descriptor: the socket's.
        read: returns the available bytes from the host, see ``Reader``.
    """

    def __init__(self, connection: socket.socket, session_id: str) -> None:
        connection.connect(str(session_socket(session_id)))
        self.descriptor = connection.fileno()
        self.read = Reader(self.descriptor).read
        self._decoder = Decoder(FromHost)
        self._sequences = itertools.count(1)
        os.write(self.descriptor, encode(Hello(PROTOCOL_VERSION, "viewer")))
        self.messages_until(Welcome)
        os.write(self.descriptor, encode(Attach(GridSize(peers.COLUMNS, peers.ROWS))))
        [attached] = [each for each in self.messages_until(SnapshotPart) if isinstance(each, Attached)]
        self._attachment = attached.attachment

    def messages_until(self, kind: type[Message]) -> list[Message]:
        """Read messages until one is of this kind; also return those of the same read after it."""
        messages: list[Message] = []
        while not any(isinstance(message, kind) for message in messages):
            messages += self.messages(self.read())
        return messages

    def messages(self, data: bytes) -> list[Message]:
        """Decode the messages in these bytes."""
        return list(self._decoder.feed(data))

    def frame(self, key: str) -> bytes:
        """Encode the message of a pressed key."""
        return encode(Key(self._attachment, next(self._sequences), key, key))


@contextmanager
def attached_client(bench: BenchmarkEnvironment, argv: list[str]) -> Iterator[Client]:
    """Attach a client to a new session; yield it once the program paints nothing more."""
    session_id = new_session(bench, argv)
    with socket.socket(socket.AF_UNIX) as connection:
        client = Client(connection, session_id)
        select.select([], [], [], SETTLE_S)
        yield client


@contextmanager
def through_host(bench: BenchmarkEnvironment, argv: list[str]) -> Iterator[Typist]:
    """A typist for our host: times bytes from a client's socket and back."""
    with attached_client(bench, argv) as client:

        def press(key: str) -> float:
            frame, tail = client.frame(key), encode(Output(0, key.encode()))[-ECHO_BYTES:]
            data = b""
            began_s = time.perf_counter()
            os.write(client.descriptor, frame)
            while tail not in data:
                data += client.read()
            took_s = time.perf_counter() - began_s
            assert_echo(key, client.messages(data))
            return took_s

        yield typist_of(press)


@contextmanager
def to_client(bench: BenchmarkEnvironment, argv: list[str]) -> Iterator[Typist]:
    """A typist for our host: times messages, including their encoding and decoding."""
    with attached_client(bench, argv) as client:

        def press(key: str) -> float:
            began_s = time.perf_counter()
            os.write(client.descriptor, client.frame(key))
            messages = client.messages_until(Output)
            took_s = time.perf_counter() - began_s
            assert_echo(key, messages)
            return took_s

        yield typist_of(press)


def assert_echo(key: str, messages: Sequence[Message]) -> None:
    """Assert that the echo of this key, and no other output, came back."""
    assert [each.data for each in messages if isinstance(each, Output)] == [key.encode()]


class RoundTripTimer:
    """A viewer's delegate that types each key as soon as the replica shows the previous one, and times the keys."""

    def __init__(self, session_id: str) -> None:
        self._ready = asyncio.Event()
        self._done = asyncio.Event()
        self._taken: list[float] = []
        self._keys: Iterator[str] = iter(())
        self._began_s = 0.0
        self._viewer = Viewer(session_id, self, size=GridSize(peers.COLUMNS, peers.ROWS))

    async def begin(self) -> None:
        """Start the viewer and wait until it is live."""
        self._viewer.start()
        async with asyncio.timeout(TIMEOUT_S):
            await self._ready.wait()
        await asyncio.sleep(SETTLE_S)

    async def type_all(self, keys: Sequence[str]) -> list[float]:
        """Type the keys; return their round-trip times in seconds."""
        self._keys, self._taken = iter(keys), []
        self._done.clear()
        self._type_next()
        async with asyncio.timeout(TIMEOUT_S):
            await self._done.wait()
        return self._taken

    async def end(self) -> None:
        """Close the viewer."""
        self._viewer.close()
        await self._viewer.delivery.wait()

    def _type_next(self) -> None:
        if key := next(self._keys, ""):
            self._began_s = time.perf_counter()
            self._viewer.key(key, key)
        else:
            self._began_s = 0.0
            self._done.set()

    def viewer_damaged(self) -> None:
        if self._began_s:
            self._taken.append(time.perf_counter() - self._began_s)
            self._type_next()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        if state is ViewerState.LIVE:
            self._ready.set()

    def viewer_replaced(self) -> None:
        pass

    def viewer_event(self, event: Event) -> None:
        pass

    def viewer_refused(self, refusal: InputRefused) -> None:
        raise AssertionError(f"a key was refused: {refusal.message}")


@contextmanager
def through_viewer(bench: BenchmarkEnvironment, argv: list[str]) -> Iterator[Typist]:
    """A typist for our host and a viewer's replica."""
    session_id = new_session(bench, argv)
    with asyncio.Runner(loop_factory=event_loop.loop_factory()) as runner:

        async def new_timer() -> RoundTripTimer:
            return RoundTripTimer(session_id)

        timer = runner.run(new_timer())
        runner.run(timer.begin())
        try:
            yield lambda keys: runner.run(timer.type_all(keys))
        finally:
            runner.run(timer.end())


# ------------------------------------------------------------ the peers


@contextmanager
def through_tmux(bench: BenchmarkEnvironment, argv: list[str]) -> Iterator[Typist]:
    """A typist for tmux, with a client attached in a PTY."""
    tmux = peers.Tmux(bench.cache)
    tmux.new(argv)
    tmux.run("set-option", "-g", "status", "off")
    try:
        with in_pty(tmux.argv("attach")) as typist:
            yield typist
    finally:
        tmux.kill()


@contextmanager
def in_pty(argv: list[str]) -> Iterator[Typist]:
    """A typist for a program in a PTY of this process."""
    with Terminal(argv, size=GridSize(peers.COLUMNS, peers.ROWS)) as terminal:
        master, read = terminal.master, Reader(terminal.master).read

        def press(key: str) -> float:
            byte, data = key.encode(), b""
            began_s = time.perf_counter()
            os.write(master, byte)
            while byte not in data:
                data += read()
            return time.perf_counter() - began_s

        terminal.until(b"ready")
        while terminal.read(SETTLE_S):  # Discard what the program still paints.
            pass
        yield typist_of(press)
        terminal.type(b"\x04")
        terminal.until(b"bye")
