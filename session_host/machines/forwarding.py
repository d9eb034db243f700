"""Forwards ports of another machine: listens on loopback here, and carries each connection as a channel of the link."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import cast

from session_host.errors import OutliveError

from .link import Link


class Forward:
    """A port of a machine that is forwarded.

    Attributes:
        port: the port there.
        local_port: the port here; 0 before ``start``.
    """

    def __init__(self, link: Link, port: int) -> None:
        self.port = port
        self.local_port = 0
        self._link = link
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on 127.0.0.1: on the same port if it is free, else on another one.

        Raises:
            OutliveError: that is impossible.
        """
        loop = asyncio.get_running_loop()
        for wanted in (self.port if self.port >= 1024 else 0, 0):
            try:
                self._server = await loop.create_server(lambda: _End(self._serve), "127.0.0.1", wanted)
            except OSError as error:
                if not wanted:
                    raise OutliveError(f"cannot listen on a port: {error.strerror}") from error
            else:
                self.local_port = self._server.sockets[0].getsockname()[1]
                return

    async def stop(self) -> None:
        """Stop listening, and end all connections."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _serve(self, near: _End) -> None:
        """Connect the port there to a new connection here."""
        task = asyncio.get_running_loop().create_task(self._connect(near))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        task.add_done_callback(lambda _done: near.transport.close())

    async def _connect(self, near: _End) -> None:
        near.transport.pause_reading()
        far = _End(near.join)
        far.other = near
        with contextlib.suppress(OutliveError):  # Nothing listens there now, or the link is down.
            await self._link.open_port(self.port, far)
            try:
                near.transport.resume_reading()
                await asyncio.wait({near.ended, far.ended}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                far.transport.close()


class _End(asyncio.Protocol):
    """One end of a forwarded connection: what comes in here goes out at the other end."""

    transport: asyncio.Transport

    def __init__(self, on_made: Callable[[_End], object]) -> None:
        """``on_made`` is called when this end is connected."""
        self.other: _End | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_made = on_made
        self._early = bytearray()
        """The bytes that came before ``other`` was connected: the loop reads once before it can be stopped."""
        self._has_finished = False

    def join(self, other: _End) -> None:
        """The other end is connected."""
        self.other = other
        if self._early:
            other.transport.write(bytes(self._early))
        if self._has_finished:
            other.transport.write_eof()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._on_made(self)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early += data
        else:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        self._has_finished = True
        if self.other is not None:
            self.other.transport.write_eof()
        return True  # The answer may still come.

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.ended.set_result(None)
