"""A TCP relay with the faults of a bad line, in a process of its own: ``python -m tests.support.ssh_relay PORT``.

It listens on a free port of loopback, and passes on to PORT. Its commands come as lines on standard input, and each is
answered by a line: the numbers of connections and bytes so far.
"""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

RETRANSMIT_S = 0.2
"""TCP sends lost data again after this time and two round trips; each further loss doubles the wait."""

BUFFER_BYTES = 64 * 1024
"""A line's buffers hold no more."""


class Counts(NamedTuple):
    """What a relay has seen: connections, and bytes in both directions."""

    connections: int
    bytes: int


class Relay:
    """A running relay.

    Attributes:
        port: the port that it listens on.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    def delay(self, by_s: float, jitter_s: float = 0.0) -> None:
        """Pass bytes on after this time, and up to ``jitter_s`` more, in their order."""
        self._do(f"delay {by_s} {jitter_s}")

    def loss(self, chance: float) -> None:
        """Lose a part of the packets: what was lost, and all after it, comes later."""
        self._do(f"loss {chance}")

    def rate(self, bytes_per_s: int) -> None:
        """Pass on so many bytes a second in each direction, and read no more than that; 0 for all."""
        self._do(f"rate {bytes_per_s}")

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Keep all bytes during the context, and pass them on at its end."""
        self._do("hold")
        try:
            yield
        finally:
            self._do("release")

    def stall(self) -> None:
        """Swallow all bytes, as a network that is gone. Connections that lost some never pass bytes again."""
        self._do("stall")

    def refuse(self) -> None:
        """Refuse new connections."""
        self._do("refuse")

    def flow(self) -> None:
        """Serve new connections again."""
        self._do("flow")

    def cut(self) -> None:
        """Break all connections."""
        self._do("cut")

    def counts(self) -> Counts:
        """What it has seen so far."""
        return self._do("counts")

    def _do(self, command: str) -> Counts:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(command, file=self._process.stdin, flush=True)
        return Counts(*map(int, self._process.stdout.readline().split()))


@contextmanager
def ssh_relay(port: int) -> Iterator[Relay]:
    """A relay to a port of this machine."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.ssh_relay", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        try:
            yield Relay(process)
        finally:
            process.kill()


class _Line:
    """The faults of the line."""

    def __init__(self) -> None:
        self.delay_s = self.jitter_s = self.loss = 0.0
        self.bytes_per_s = 0
        self.is_stalled = self.is_refusing = self.is_held = False
        self.connections = self.bytes = 0
        self.ends: set[_End] = set()


class _End(asyncio.Protocol):
    """One end of a relayed connection; ``peer`` is the other one."""

    def __init__(self, line: _Line, port: int = 0) -> None:
        self._line = line
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._is_dead = False
        self._due_s = 0.0
        self._early: list[bytes] = []
        self._delayed: deque[bytes] = deque()
        self._due = 0
        self._task: asyncio.Task[None] | None = None
        self.peer: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._line.ends.add(self)
        if self._port and self._line.is_refusing:
            transport.abort()
        elif self._port:
            self._line.connections += 1
            self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        peer = _End(self._line)
        peer.peer = self
        with suppress(OSError):
            loop, ours = asyncio.get_running_loop(), socket.socket()
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            ours.setblocking(False)
            await loop.sock_connect(ours, ("127.0.0.1", self._port))
            await loop.create_connection(lambda: peer, sock=ours)
            self.peer = peer
            for data in self._early:
                self.data_received(data)
            return
        self.cut()

    def data_received(self, data: bytes) -> None:
        line = self._line
        if line.is_stalled:
            line.bytes += len(data)
            self._is_dead = True
            if self.peer is not None:
                self.peer._is_dead = True
        if self._is_dead:
            return
        if self.peer is None:
            self._early.append(data)
            return
        line.bytes += len(data)
        loop = asyncio.get_running_loop()
        again_s, lost_s = RETRANSMIT_S + 4 * line.delay_s, 0.0
        while random.random() < line.loss:
            lost_s += again_s
            again_s *= 2
        self._due_s = max(self._due_s, loop.time() + line.delay_s + random.uniform(0, line.jitter_s) + lost_s)
        if line.bytes_per_s:
            self._due_s += len(data) / line.bytes_per_s
            self._pause(is_paused=True)
        self._delayed.append(data)
        loop.call_at(self._due_s, self._pass_on)  # Calls for the same time may come in any order.

    def _pause(self, *, is_paused: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            (self._transport.pause_reading if is_paused else self._transport.resume_reading)()

    def _pass_on(self) -> None:
        self._due += 1
        self.pass_due()

    def pass_due(self) -> None:
        """Pass on what is due, unless the line is held."""
        while self._due and not self._line.is_held:
            assert self.peer is not None
            self._due -= 1
            self.peer.write(self._delayed.popleft())
        if self._line.bytes_per_s and not self._delayed:
            self._pause(is_paused=False)

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._is_dead:
            self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._line.ends.discard(self)
        if self.peer is not None and not self._is_dead:
            self.peer.cut()

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    line = _Line()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    server = await loop.create_server(lambda: _End(line, port), sock=listening)
    _print(server.sockets[0].getsockname()[1])
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while words := (await commands.readline()).decode().split():
        match words:
            case ["delay", by_s, jitter_s]:
                line.delay_s, line.jitter_s = float(by_s), float(jitter_s)
            case ["loss", chance]:
                line.loss = float(chance)
            case ["rate", bytes_per_s]:
                line.bytes_per_s = int(bytes_per_s)
            case ["hold"]:
                line.is_held = True
            case ["release"]:
                line.is_held = False
                for end in list(line.ends):
                    end.pass_due()
            case ["stall"]:
                line.is_stalled = True
            case ["refuse"]:
                line.is_refusing = True
            case ["flow"]:
                line.is_stalled = line.is_refusing = False
            case ["cut"]:
                for end in list(line.ends):
                    end.cut()
        _print(line.connections, line.bytes)


def _print(*values: int) -> None:
    sys.stdout.write(" ".join(map(str, values)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
