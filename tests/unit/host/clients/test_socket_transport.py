"""The transport of a client's socket: all bytes arrive in order, and each loss is reported once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from random import Random

import pytest

from session_host.host.clients import socket_transport
from session_host.host.clients.socket_transport import (
    ABORT_BYTES,
    HIGH_WATER_BYTES,
    LOW_WATER_BYTES,
    READ_BYTES,
    READS_AT_ONCE,
    SocketTransport,
)


class Owner:
    """Owns the transport, and records its callbacks."""

    def __init__(self) -> None:
        self.received = b""
        self.callbacks: list[str] = []
        self.something = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.something.set()

    def pause_writing(self) -> None:
        self.callbacks.append("full")

    def resume_writing(self) -> None:
        self.callbacks.append("drained")
        self.something.set()

    def connection_lost(self) -> None:
        self.callbacks.append("gone")
        self.something.set()

    async def next(self) -> None:
        """Wait for the next callback."""
        await asyncio.wait_for(self.something.wait(), 60)
        self.something.clear()


class Line:
    """A transport, its owner, and the client's socket."""

    def __init__(self) -> None:
        ours, self.client = socket.socketpair()
        self.client.setblocking(False)
        self.owner = Owner()
        self.wire = SocketTransport(ours, self.owner)

    async def read(self, count: int) -> bytes:
        """Read ``count`` bytes at the client."""
        data = b""
        while len(data) < count:
            piece = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.client, 1 << 16), 60)
            assert piece, f"it ended after {len(data)} bytes"
            data += piece
        return data


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line()
    yield line
    line.wire.abort()
    line.client.close()
    await asyncio.sleep(0)


async def test_a_slow_client_gets_everything_later_and_in_order(line: Line) -> None:
    random = Random(3)
    pieces = [random.randbytes(random.choice([1, 100, 70_000, 300_000])) for _ in range(100)]
    whole = b"".join(pieces)
    assert len(whole) > 2 * HIGH_WATER_BYTES
    for piece in pieces:
        line.wire.write(piece)
    assert line.wire.queued_bytes > HIGH_WATER_BYTES
    assert line.owner.callbacks == ["full"]
    assert await line.read(len(whole)) == whole
    await line.owner.next()
    assert line.owner.callbacks == ["full", "drained"]
    assert line.wire.queued_bytes == 0
    line.wire.write(b"on")
    assert await line.read(2) == b"on"


async def test_resume_writing_is_called_at_the_low_mark_and_may_fill_the_queue_again(line: Line) -> None:
    left: list[int] = []

    def drained() -> None:
        left.append(line.wire.queued_bytes)
        if len(left) == 1:
            line.wire.write(bytes(HIGH_WATER_BYTES + 1))

    line.owner.resume_writing = drained  # type: ignore[method-assign]
    line.wire.write(bytes(2 * HIGH_WATER_BYTES))
    queued = line.wire.queued_bytes
    await line.read(2 * HIGH_WATER_BYTES + HIGH_WATER_BYTES + 1)
    assert queued > HIGH_WATER_BYTES
    assert len(left) == 2
    assert all(each <= LOW_WATER_BYTES for each in left)


async def test_a_client_that_reads_nothing_at_all_is_dropped(line: Line) -> None:
    for _ in range(2):
        assert line.owner.callbacks in ([], ["full"])
        line.wire.write(bytes(ABORT_BYTES // 2 + (1 << 20)))
    await line.owner.next()
    assert line.owner.callbacks == ["full", "gone"]


async def test_close_sends_the_queue_and_reads_no_more(line: Line) -> None:
    line.wire.write(bytes(HIGH_WATER_BYTES))
    line.wire.close()
    line.wire.write(b"too late")
    line.client.send(b"unheard")
    assert await line.read(HIGH_WATER_BYTES) == bytes(HIGH_WATER_BYTES)
    await line.owner.next()
    assert line.owner.callbacks == ["gone"]
    assert line.owner.received == b""


async def test_a_lost_connection_is_reported_once(line: Line) -> None:
    line.client.close()
    await line.owner.next()
    line.wire.write(b"nobody")
    line.wire.close()
    line.wire.abort()
    await asyncio.sleep(0)
    assert line.owner.callbacks == ["gone"]


async def test_bytes_sent_before_the_connection_was_lost_are_read_after_a_write_error(line: Line) -> None:
    line.client.send(b"the last word")
    line.client.close()
    line.wire.write(b"an echo")
    assert line.owner.callbacks == []
    while "gone" not in line.owner.callbacks:
        await line.owner.next()
    assert line.owner.received == b"the last word"
    assert line.owner.callbacks == ["gone"]


@pytest.mark.parametrize("sent", [b"the last word", bytes(5 * READ_BYTES)])
async def test_unread_bytes_of_a_disconnected_client_are_read_before_the_loss_is_reported(
    line: Line, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_transport, "READS_AT_ONCE", 2)
    line.wire.write(b"nobody reads this")
    assert line.client.send(sent) == len(sent)
    line.client.close()
    while "gone" not in line.owner.callbacks:
        await line.owner.next()
    assert line.owner.received == sent
    assert line.owner.callbacks == ["gone"]


async def test_a_client_that_sends_endlessly_does_not_block_the_loop(line: Line) -> None:
    came, first_turn = 0, asyncio.Event()

    def received(data: bytes) -> None:
        nonlocal came
        came += 1
        if came < 4 * READS_AT_ONCE:
            line.client.send(b"more")
        else:
            line.client.close()
        first_turn.set()

    line.owner.data_received = received  # type: ignore[method-assign]
    line.client.send(b"more")
    await first_turn.wait()
    assert came < 4 * READS_AT_ONCE
    await line.owner.next()
    assert line.owner.callbacks == ["gone"]
