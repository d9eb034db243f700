"""Ports of another machine on this one: a listener on loopback, whose connections are channels of the link."""

from __future__ import annotations

import asyncio
import contextlib
from typing import cast

from session_host.errors import OutliveError

from .channel import Channel
from .link import Link

_READ_BYTES = 64 * 1024
_BUFFER_BYTES = 256 * 1024
_POLL_S = 0.02


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
        for wanted in (self.port if self.port >= 1024 else 0, 0):
            try:
                self._server = await asyncio.start_server(self._serve, "127.0.0.1", wanted)
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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        end = _FarEnd(writer)
        try:
            await self._link.open_port(self.port, end)
            assert end.channel is not None
            sending = asyncio.ensure_future(_send(reader, end.channel))
            ended = asyncio.ensure_future(end.ended.wait())
            try:
                await asyncio.wait({sending, ended}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sending.cancel()
                ended.cancel()
                end.channel.close()
        except OutliveError:
            pass  # Nothing listens there now, or the link is down: the connection ends.
        finally:
            self._connections.discard(task)
            with contextlib.suppress(OSError):
                writer.close()


async def _send(reader: asyncio.StreamReader, channel: Channel) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_READ_BYTES):
            channel.write(data)
            while channel.get_write_buffer_size() > _BUFFER_BYTES and not channel.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)  # the channel tells nobody when it has sent


class _FarEnd(asyncio.Protocol):
    """Writes what comes from the other machine to a connection here."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.channel: Channel | None = None
        self.ended = asyncio.Event()
        self._writer = writer
        self._draining: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.channel = cast("Channel", transport)

    def data_received(self, data: bytes) -> None:
        self._writer.write(data)
        is_full = self._writer.transport.get_write_buffer_size() > _BUFFER_BYTES
        if is_full and self.channel is not None and self._draining is None:
            self.channel.pause_reading()
            self._draining = asyncio.ensure_future(self._drain(self.channel))

    async def _drain(self, channel: Channel) -> None:
        with contextlib.suppress(OSError):
            await self._writer.drain()
        self._draining = None
        channel.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.ended.set()
