"""Serves the page on a Unix socket, and on a port if the user wants one (uvicorn)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from session_host.errors import OutliveError
from session_host.paths import ensure_private, runtime_dir

from .app import application
from .gate import Address
from .places import page_socket

HEAD_S: Final = 10.0
"""How long a connection may take to send the head of its first request."""

MAX_CONNECTIONS: Final = 100


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
    """HTTP with the other end's process: ``scope["client"]`` is ("", PID) on a Unix socket; 0 if it is unknown."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note who connects, and how long that may take."""
        super().connection_made(transport)
        if (pid := _peer_of(transport.get_extra_info("socket"))) is not None:
            self.client = ("", pid)
        self.loop.call_later(HEAD_S, self._close_if_silent)

    def _close_if_silent(self) -> None:
        if getattr(self, "cycle", None) is None and not self.transport.is_closing():
            self.transport.abort()


def _peer_of(connection: Any) -> int | None:
    """The process at the other end of a Unix socket; 0 if it is unknown, None for another kind of connection."""
    if connection is None or connection.family != socket.AF_UNIX:
        return None
    name = getattr(socket, "SO_PEERCRED", None)  # Linux has it.
    if name is None:
        return 0
    pid, _uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, name, struct.calcsize("3i")))
    return int(pid)


async def serve(listening: Listening) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OutliveError: another process serves already, or the address cannot be used.
    """
    app = application(listening.addresses)
    common: dict[str, Any] = {
        "http": PeerProtocol,
        "ws": "none",
        "proxy_headers": False,
        "server_header": False,
        "log_config": None,
        "access_log": False,
        "limit_concurrency": MAX_CONNECTIONS,
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
        await asyncio.gather(*(uvicorn.Server(config).serve([each]) for config, each in servers))


@contextlib.contextmanager
def _unix_socket() -> Iterator[socket.socket]:
    ensure_private(runtime_dir())
    path = page_socket()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        raise OutliveError("the page is served already: `outlive web off` ends that")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(64)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


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
