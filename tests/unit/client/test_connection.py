"""Closing a connection to a host."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import cast
from unittest.mock import Mock

import pytest

from session_host.client.connection import HostConnection
from session_host.protocol.codec import encode
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Paste


async def test_wait_closed_can_be_cancelled_at_the_moment_of_the_end() -> None:
    """Ctrl+C, say; asyncio's wait_for of Python 3.11 swallows that (cpython#86296)."""
    connection = HostConnection(ClientGreeting("id", "control"))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection.connection_made(cast("asyncio.Transport", Mock(get_extra_info=Mock(return_value=ours))))
    waiting = asyncio.create_task(connection.wait_closed())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    connection.connection_lost(None)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


async def test_what_a_hanging_host_does_not_read_before_the_connection_closes_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("session_host.client.connection.CLOSE_TIMEOUT_S", 0.01)
    connection = HostConnection(ClientGreeting("id", "viewer"))
    ours, theirs = socket.socketpair()
    with theirs:
        await asyncio.get_running_loop().create_unix_connection(lambda: connection, sock=ours)
        paste = Paste("attachment", 1, "x" * MAX_PASTE_CHARACTERS)
        for _ in range(8):
            connection.send_message(paste)
        connection.close()
        dropped = await connection.wait_closed()
        theirs.setblocking(False)
        read = 0
        with contextlib.suppress(BlockingIOError):
            while data := theirs.recv(1 << 20):
                read += len(data)
    assert 0 < dropped < 8 * len(encode(paste))
    greeting = len(ClientGreeting("id", "viewer").data_to_send())
    assert dropped + read == 8 * len(encode(paste)) + greeting
