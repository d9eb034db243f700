"""Closing a connection to a host."""

from __future__ import annotations

import asyncio
import socket
from typing import cast
from unittest.mock import Mock

from session_host.client.connection import HostConnection
from session_host.protocol.greeting import ClientGreeting


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
