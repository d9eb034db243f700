"""The host's end of a client's socket: what is sent arrives, whatever the other side does."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from random import Random

import pytest

from session_host.host.clients import socket_transport
from session_host.host.clients.socket_transport import (
    ABORT_BYTES,
    HIGH_BYTES,
    LOW_BYTES,
    READ_BYTES,
    READS_AT_ONCE,
    SocketTransport,
)


class Book:
    """Whoever talks over the wire: writes down what it is told."""

    def __init__(self) -> None:
        self.came = b""
        self.told: list[str] = []
        self.something = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.came += data
        self.something.set()

    def pause_writing(self) -> None:
        self.told.append("full")

    def resume_writing(self) -> None:
        self.told.append("drained")
        self.something.set()

    def connection_lost(self) -> None:
        self.told.append("gone")
        self.something.set()

    async def next(self) -> None:
        """Wait until it was told something more."""
        await asyncio.wait_for(self.something.wait(), 60)
        self.something.clear()


class Line:
    """A wire, its owner, and the client's socket."""

    def __init__(self) -> None:
        ours, self.client = socket.socketpair()
        self.client.setblocking(False)
        self.book = Book()
        self.wire = SocketTransport(ours, self.book)

    async def read(self, count: int) -> bytes:
        """So many bytes, as the client gets them."""
        data = b""
        while len(data) < count:
            piece = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.client, 1 << 16), 60)
            assert piece, f"it ended after {len(data)} bytes"
            data += piece
        return data


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    own = Line()
    yield own
    own.wire.abort()
    own.client.close()
    await asyncio.sleep(0)


async def test_what_is_sent_is_there_at_once(line: Line) -> None:
    line.wire.write(b"echo")
    assert line.client.recv(100) == b"echo"
    assert line.wire.queued_bytes == 0


async def test_what_the_client_sends_is_handed_on(line: Line) -> None:
    line.client.send(b"a key")
    await line.book.next()
    assert line.book.came == b"a key"
    assert line.wire.peer_pid == os.getpid()


async def test_a_client_that_does_not_read_gets_everything_later_in_order(line: Line) -> None:
    random = Random(3)
    pieces = [random.randbytes(random.choice([1, 100, 70_000, 300_000])) for _ in range(100)]
    whole = b"".join(pieces)
    assert len(whole) > 2 * HIGH_BYTES
    for piece in pieces:
        line.wire.write(piece)
    assert line.wire.queued_bytes > HIGH_BYTES
    assert line.book.told == ["full"]
    assert await line.read(len(whole)) == whole
    await line.book.next()
    assert line.book.told == ["full", "drained"]
    assert line.wire.queued_bytes == 0
    line.wire.write(b"on")
    assert await line.read(2) == b"on"


async def test_it_is_drained_when_little_is_left_and_may_be_filled_again_in_that_very_moment(line: Line) -> None:
    left: list[int] = []

    def drained() -> None:
        left.append(line.wire.queued_bytes)
        if len(left) == 1:
            line.wire.write(bytes(HIGH_BYTES + 1))

    line.book.resume_writing = drained  # type: ignore[method-assign]
    line.wire.write(bytes(2 * HIGH_BYTES))
    queued = line.wire.queued_bytes
    await line.read(2 * HIGH_BYTES + HIGH_BYTES + 1)
    assert queued > HIGH_BYTES
    assert len(left) == 2
    assert all(each <= LOW_BYTES for each in left)


async def test_a_client_that_reads_nothing_at_all_is_dropped(line: Line) -> None:
    for _ in range(2):
        assert line.book.told in ([], ["full"])
        line.wire.write(bytes(ABORT_BYTES // 2 + (1 << 20)))
    await line.book.next()
    assert line.book.told == ["full", "gone"]


async def test_closing_lets_the_queue_go_out_and_hears_no_more(line: Line) -> None:
    line.wire.write(bytes(HIGH_BYTES))
    line.wire.close()
    line.wire.write(b"too late")
    line.client.send(b"unheard")
    assert await line.read(HIGH_BYTES) == bytes(HIGH_BYTES)
    await line.book.next()
    assert line.book.told == ["gone"]
    assert line.book.came == b""


async def test_a_client_that_has_gone_is_told_of_once(line: Line) -> None:
    line.client.close()
    await line.book.next()
    line.wire.write(b"nobody")
    line.wire.close()
    line.wire.abort()
    await asyncio.sleep(0)
    assert line.book.told == ["gone"]


async def test_sending_to_one_that_has_gone_ends_it_after_the_call(line: Line) -> None:
    line.client.close()
    line.wire.write(b"nobody")
    assert line.book.told == []
    await line.book.next()
    assert line.book.told == ["gone"]


async def test_what_one_said_before_it_went_is_heard_by_who_sends_to_it_first(line: Line) -> None:
    line.client.send(b"the last word")
    line.client.close()
    line.wire.write(b"an echo")
    assert line.book.told == []
    while "gone" not in line.book.told:
        await line.book.next()
    assert line.book.came == b"the last word"
    assert line.book.told == ["gone"]


async def test_one_that_goes_while_much_waits_for_it_is_gone(line: Line) -> None:
    line.wire.write(bytes(2 * HIGH_BYTES))
    line.client.close()
    while "gone" not in line.book.told:
        await line.book.next()
    assert line.wire.queued_bytes == 0


async def test_one_that_ends_its_side_gets_what_waits_for_it(line: Line) -> None:
    line.wire.write(bytes(HIGH_BYTES))
    line.client.shutdown(socket.SHUT_WR)
    assert await line.read(HIGH_BYTES) == bytes(HIGH_BYTES)
    await line.book.next()
    assert line.book.told == ["gone"]


@pytest.mark.parametrize("sent", [b"the last word", bytes(5 * READ_BYTES)])
async def test_one_that_goes_with_something_unread_is_heard_to_the_end_and_is_gone(
    line: Line, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_transport, "READS_AT_ONCE", 2)
    line.wire.write(b"nobody reads this")
    assert line.client.send(sent) == len(sent)
    line.client.close()
    while "gone" not in line.book.told:
        await line.book.next()
    assert line.book.came == sent
    assert line.book.told == ["gone"]


async def test_one_that_sends_without_end_does_not_keep_the_loop(line: Line) -> None:
    came, first_turn = 0, asyncio.Event()

    def received(data: bytes) -> None:
        nonlocal came
        came += 1
        if came < 4 * READS_AT_ONCE:
            line.client.send(b"more")
        else:
            line.client.close()
        first_turn.set()

    line.book.data_received = received  # type: ignore[method-assign]
    line.client.send(b"more")
    await first_turn.wait()
    assert came < 4 * READS_AT_ONCE
    await line.book.next()
    assert line.book.told == ["gone"]
