"""Serves the page on a Unix socket, and on a port if the user wants one (uvicorn)."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from session_host.errors import OutliveError
from session_host.paths import ensure_private, runtime_dir
from session_host.system.event_loop import Timer
from session_host.system.unix_sockets import bind_private

from .app import application
from .gate import Address
from .peers import Peer
from .places import page_socket

HEAD_S: Final = 10.0
"""How long a connection may take to send the head of a request, once it is open or has begun to send."""

STALLED_S: Final = 30.0
"""How long a connection may leave an answer unread, of which it has not taken some 64 KiB."""

MAX_CONNECTIONS: Final = 100
"""One more takes the place of the one that has been without a request for longest."""


class Listening(NamedTuple):
    """Where the page is served.

    Attributes:
        addresses: how browsers reach it, the first one in codes that pair a device.
        host: the address to listen on, beside the socket; "" for none.
        port: its port.
        certificate, key: files, for HTTPS there; "" for none.
    """

    addresses: list[Address]
    host: str = ""
    port: int = 0
    certificate: str = ""
    key: str = ""


class PeerProtocol(H11Protocol):
    """HTTP within limits; ``scope["state"]["peer"]`` is the other end of the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note who connects, and how long that may take."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "peer": Peer(transport.get_extra_info("socket"))}
        self._stalled, self._head = Timer(), Timer()
        # Not with a reset: a browser keeps a spare connection, and takes another one if it is closed.
        self._head.set(HEAD_S, transport.close)
        self.idle_since_s = self.loop.time()
        connected = [each for each in self.connections if isinstance(each, PeerProtocol)]
        connected = [each for each in connected if not each.transport.is_closing()]
        if len(connected) > MAX_CONNECTIONS:
            idle = (each for each in connected if each.is_idle)
            min(idle, key=lambda each: each.idle_since_s, default=self).transport.abort()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        cycle = getattr(self, "cycle", None)  # None before the first request
        return cycle is None or bool(cycle.response_complete)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request; its head has to come soon, also if it is not the first one."""
        super().data_received(data)
        if not self.is_idle:
            self._head.cancel()
        elif not self._head.is_set and not self.transport.is_closing():
            self._head.set(HEAD_S, self.transport.close)

    def on_response_complete(self) -> None:
        """The connection is free for another request."""
        self.idle_since_s = self.loop.time()
        self._head.cancel()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The other end reads too slowly."""
        super().pause_writing()
        self._stalled.set(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads on."""
        super().resume_writing()
        self._stalled.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._head.cancel()
        self._stalled.cancel()
        super().connection_lost(exc)


async def serve(listening: Listening) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OutliveError: the address cannot be used.
    """
    app, end_streams = application(listening.addresses)
    ended = asyncio.Event()

    def end() -> None:
        end_streams()
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    common: dict[str, Any] = {
        "http": PeerProtocol,
        "ws": "none",
        "proxy_headers": False,
        "server_header": False,
        "log_config": None,
        "access_log": False,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 1,
    }
    with contextlib.ExitStack() as stack:
        servers = [(uvicorn.Config(app, lifespan="on", **common), stack.enter_context(_unix_socket()))]
        if listening.port:
            files = {"ssl_certfile": listening.certificate, "ssl_keyfile": listening.key or None}
            secured: dict[str, Any] = files if listening.certificate else {}
            config = uvicorn.Config(app, lifespan="off", **common, **secured)
            servers.append((config, stack.enter_context(_port(listening))))
        await asyncio.gather(*(_Server(config, ended).serve([each]) for config, each in servers))


class _Server(uvicorn.Server):
    """uvicorn's server looks ten times a second whether it should end; this one waits for that."""

    def __init__(self, config: uvicorn.Config, ended: asyncio.Event) -> None:
        super().__init__(config)
        self._ended = ended

    async def main_loop(self) -> None:
        """Wait for the end."""
        await self._ended.wait()

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """The signals are ``serve``'s."""
        return contextlib.nullcontext()


@contextlib.contextmanager
def only_server() -> Iterator[None]:
    """Be the only process that serves the page, until the end of the context.

    Raises:
        OutliveError: another one does.
    """
    ensure_private(runtime_dir())
    descriptor = os.open(page_socket().with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutliveError("the page is served already; `outlive web off`, or Ctrl+C there, ends that") from None
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _unix_socket() -> Iterator[socket.socket]:
    with bind_private(page_socket()) as listener:  # A killed server left its own.
        listener.listen(64)
        try:
            yield listener
        finally:
            page_socket().unlink(missing_ok=True)


def _port(listening: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((listening.host, listening.port))
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise OutliveError(f"cannot listen on {listening.host}:{listening.port} ({error.strerror})") from error
    return listener
