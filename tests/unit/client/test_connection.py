"""Reading from a connection to a host, and closing it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, cast
from unittest.mock import Mock

import pytest

from session_host.client import connection
from session_host.client.connection import MAX_PIECE_BYTES, HostConnection
from session_host.protocol.codec import encode
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.messages import PROTOCOL_VERSION, Error, Output, Resized, Welcome
from session_host.protocol.untrusted_text import MAX_MESSAGE_CHARACTERS
from session_host.protocol.values import GridSize, State
from session_host.system import turns as shared_turns
from session_host.system.turns import TURN_S


async def test_wait_closed_can_be_cancelled_at_the_moment_of_the_end() -> None:
    """Ctrl+C, say; asyncio's wait_for of Python 3.11 swallows that (cpython#86296)."""
    host = HostConnection(ClientGreeting("id", "control"))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        host.connection_made(cast("asyncio.Transport", Mock(get_extra_info=Mock(return_value=ours))))
    waiting = asyncio.create_task(host.wait_closed())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    host.connection_lost(None)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


async def test_slow_output_is_passed_on_in_pieces_and_the_user_can_act_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """64 KiB of resets of the terminal kept the window from acting for a second."""
    now_s = 0.0
    output = bytes(range(256)) * 400
    passed: list[Any] = []
    turns: list[int] = []

    def take(message: Any) -> None:
        nonlocal now_s
        if isinstance(message, Output):
            now_s += len(message.data) * 1e-5  # a second for 100 KB
        passed.append(message)

    def turn() -> None:
        turns.append(sum(len(message.data) for message in passed if isinstance(message, Output)))
        if not done.is_set():
            loop.call_soon(turn)

    for module in (connection, shared_turns):
        monkeypatch.setattr(module, "perf_counter", lambda: now_s)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024)
        host = HostConnection(ClientGreeting("id", "control"))
        host.set_callbacks(take, done.set)
        await loop.create_connection(lambda: host, sock=ours)
        theirs.sendall(encode(Output(7, output)) + encode(Resized(7 + len(output), GridSize(80, 24))))
        theirs.close()
        turn()
        async with asyncio.timeout(60):
            await done.wait()
    *outputs, resized = passed
    assert isinstance(resized, Resized), "later messages stay behind the output"
    assert b"".join(message.data for message in outputs) == output
    offsets = [message.offset for message in outputs]
    assert offsets == [7 + sum(len(before.data) for before in outputs[:at]) for at in range(len(outputs))]
    assert max(len(message.data) for message in outputs) == MAX_PIECE_BYTES
    assert max(len(message.data) for message in outputs[1:]) == round(TURN_S / 1e-5), "as much as a turn takes"
    gained = [later - before for before, later in pairwise(turns)]
    assert max(gained[1:]) < MAX_PIECE_BYTES + 2 * TURN_S / 1e-5


@contextmanager
def two_outputs_received(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[HostConnection, Mock, list[Any]]]:
    """A connection that has received two outputs, and passes on one in each turn; its transport, and what it passes."""
    passed: list[Any] = []
    monkeypatch.setattr(shared_turns, "TURN_S", 1e-9)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        transport = Mock(get_extra_info=Mock(return_value=ours), is_closing=Mock(return_value=False))
        host = HostConnection(ClientGreeting("id", "control"))
        host.set_callbacks(passed.append, lambda: passed.append("lost"))
        host.connection_made(cast("asyncio.Transport", transport))
        host.data_received(encode(Output(0, b"one")) + encode(Output(3, b"two")))
        yield host, transport, passed


async def test_what_a_host_sent_before_its_end_is_passed_on_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with two_outputs_received(monkeypatch) as (host, transport, passed):
        assert passed == [Output(0, b"one")]
        transport.pause_reading.assert_called_once_with()
        host.connection_lost(None)
        assert passed == [Output(0, b"one"), Output(3, b"two"), "lost"]


@pytest.mark.parametrize("is_greeted", [False, True])
async def test_a_refusal_of_another_machines_host_is_one_harmless_line(is_greeted: bool) -> None:
    host = HostConnection(ClientGreeting("id", "control"))
    if is_greeted:
        host.data_received(encode(Welcome(PROTOCOL_VERSION, "9", "id", State.RUNNING)))
    host.data_received(encode(Error("violation", f"\x1b]0;owned\x07\u202eno\n{'x' * 9999}")))
    error = host.refusal.message if host.refusal is not None else str(host.greeted.exception())
    assert error.isprintable()
    assert len(error) <= MAX_MESSAGE_CHARACTERS


async def test_messages_wait_while_they_are_held_and_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with two_outputs_received(monkeypatch) as (host, transport, passed):
        host.hold(True)
        await asyncio.sleep(0)
        assert passed == [Output(0, b"one")]
        host.hold(False)
        assert passed == [Output(0, b"one"), Output(3, b"two")]
        transport.resume_reading.assert_called_once_with()
        host.hold(True)
        host.data_received(encode(Output(6, b"three")))
        assert transport.pause_reading.call_count == 2
        host.connection_lost(None)
        assert passed[2:] == [Output(6, b"three"), "lost"]


async def test_nothing_is_passed_on_after_a_connection_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with two_outputs_received(monkeypatch) as (host, _, passed):
        host.close()
        await asyncio.sleep(0)
        host.connection_lost(None)
        assert passed == [Output(0, b"one")]
