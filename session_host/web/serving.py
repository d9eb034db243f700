"""Serves the page on a Unix socket, and on a port if the user wants one (uvicorn)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import uvicorn

from session_host.errors import OutliveError
from session_host.paths import ensure_private, runtime_dir
from session_host.system.unix_sockets import bind_private

from .app import application
from .connections import Accepting, Limits, OnceAMinute, PeerProtocol
from .gate import Address
from .peers import Peer
from .places import page_socket

BACKLOG: Final = 4096
"""How many connections the kernel keeps until they are accepted; of more, it drops some, and they try again in 1 s."""


class Listening(NamedTuple):
    """Where the page is served.

    Attributes:
        addresses: how browsers reach it, the first one in codes that pair a device.
        hosts: the addresses to listen on, beside the socket; () for none.
        port: their port.
        secured: the certificate, for HTTPS there; None for none.
    """

    addresses: list[Address]
    hosts: tuple[str, ...] = ()
    port: int = 0
    secured: ssl.SSLContext | None = None


LOOPBACK: Final = ("127.0.0.1", "::1")
"""Whoever listens on the other one of them is ``http://localhost:PORT``, too."""


async def serve(
    listening: Listening, on_bound: Callable[[], object], on_listening: Callable[[], object], ended: asyncio.Event
) -> None:
    """Serve until ``ended``.

    Args:
        listening: where.
        on_bound: called once the ports listen, and nobody can see yet that the page is served.
        on_listening: called once all sockets listen.
        ended: the end.

    Raises:
        OutliveError: an address cannot be used.
    """
    app, end_streams = application(listening.addresses)
    handler = logging.StreamHandler()
    handler.addFilter(OnceAMinute())
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler])
    config = uvicorn.Config(
        app,
        http="h11",
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
        log_config=None,
        access_log=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    with contextlib.ExitStack() as stack:
        listeners: list[tuple[socket.socket, ssl.SSLContext | None]] = []
        listeners += [(stack.enter_context(each), listening.secured) for each in _ports(listening)]
        on_bound()
        listeners.append((stack.enter_context(_unix_socket()), None))
        on_listening()
        await _Server(config, listeners, ended, end_streams).serve()


class _Server(uvicorn.Server):
    """uvicorn's server, but it accepts as ``Accepting`` does, and does not look ten times a second for its end."""

    def __init__(
        self,
        config: uvicorn.Config,
        listeners: list[tuple[socket.socket, ssl.SSLContext | None]],
        ended: asyncio.Event,
        end_streams: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._listeners, self._ended, self._end_streams = listeners, ended, end_streams
        self._limits = Limits()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Nothing is accepted yet."""
        del sockets
        self.servers = []
        await self.lifespan.startup()
        self.started = True

    async def main_loop(self) -> None:
        """Accept until the end."""
        await Accepting(self._protocol, self._limits.handshakes).run(self._listeners, self._ended)
        self._end_streams()

    def _protocol(self, peer: Peer) -> PeerProtocol:
        return PeerProtocol(
            peer,
            self._limits.connections,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )

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
        listener.listen(BACKLOG)
        try:
            yield listener
        finally:
            page_socket().unlink(missing_ok=True)


def _ports(listening: Listening) -> list[socket.socket]:
    """The sockets that listen on the port, at each of the addresses that this computer has."""
    found: list[socket.socket] = []
    try:
        for host in listening.hosts:
            try:
                found.append(listener(host, listening.port))
            except OSError as error:
                if host in LOOPBACK and error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    continue
                shown = f"[{host}]" if ":" in host else host
                raise OutliveError(f"cannot listen on {shown}:{listening.port} ({error.strerror})") from error
    except BaseException:
        for each in found:
            each.close()
        raise
    return found


def listener(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        OSError: the address is not this computer's, or another program has the port.
    """
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made
