"""Reading from a connection to a host, and closing it."""

from __future__ import annotations

import asyncio
import socket
from typing import cast
from unittest.mock import Mock

from session_host.client.connection import HostConnection
from session_host.protocol.codec import encode
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.messages import Output

COUNT = 12


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


async def test_much_output_is_read_in_parts_and_the_user_can_act_in_between() -> None:
    """Output that is slow to interpret, such as thousands of prompts, kept the window from acting for seconds."""
    reads: list[int] = []
    offsets: list[int] = []

    class Connection(HostConnection):
        def buffer_updated(self, nbytes: int) -> None:
            reads.append(nbytes)
            super().buffer_updated(nbytes)

        def _message(self, message: object) -> None:
            assert isinstance(message, Output)
            offsets.append(message.offset)
            if len(offsets) == COUNT:
                done.set()

    done = asyncio.Event()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024)
        theirs.sendall(b"".join(encode(Output(number, b"x" * 16_000)) for number in range(COUNT)))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: Connection(ClientGreeting("id", "control")), sock=ours)
        async with asyncio.timeout(10):
            await done.wait()
        transport.close()
    assert offsets == list(range(COUNT))
    assert max(reads) <= 64 * 1024
