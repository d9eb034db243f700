"""The connections of the page's server: accepted one by one, bounded for each network address and in all.

Neither asyncio nor uvicorn counts a connection before its handshake is done, and they leave a minute for that. So the
page accepts itself: whoever opens connections and says nothing takes the place of their own earlier ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from session_host.system.event_loop import Timer

from .peers import Peer

log = logging.getLogger(__name__)
T = TypeVar("T")

HEAD_S: Final = 10.0
"""How long a connection may take to send the head of a request, once it is open or has begun to send."""

STALLED_S: Final = 30.0
"""How long a connection may leave an answer unread, of which it has not taken some 64 KiB."""

MAX_CONNECTIONS: Final = 200
"""One more takes the place of one of the network that has most: of the one without a request for longest."""

HANDSHAKE_S: Final = 5.0
"""How long the first byte may take, and then the handshake."""

MAX_HANDSHAKES: Final = 64
MAX_HANDSHAKES_OF_NETWORK: Final = 16
"""One more ends the oldest one of its network; in all, the oldest one of the network that has most."""

CLOSING_S: Final = 5.0
"""How long the other end may take to agree to the end of a connection with HTTPS."""

RESERVED_DESCRIPTORS: Final = 128
"""Descriptors that are left for everything else: machines, chats, files."""

NO_ROOM_S: Final = 0.5
"""The pause after a connection for which there was no descriptor: the kernel does not say when one is free."""

AT_ONCE: Final = 16
"""How many connections are accepted before something else has its turn."""

_NO_ROOM: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_LOST: Final = {
    *(errno.ECONNABORTED, errno.ENETDOWN, errno.EPROTO, errno.ENOPROTOOPT, errno.EHOSTDOWN, errno.ENONET),
    *(errno.EHOSTUNREACH, errno.EOPNOTSUPP, errno.ENETUNREACH, errno.EPERM, errno.ETIMEDOUT),
}
"""What became of a connection before somebody took it, accept(2)."""


class PeerProtocol(H11Protocol):
    """HTTP within limits; ``scope["state"]["peer"]`` is the other end of the connection."""

    def __init__(self, peer: Peer, most: int, **more: Any) -> None:
        """Serve a connection.

        Args:
            peer: its other end.
            most: how many connections there may be.
            more: what uvicorn gives.
        """
        super().__init__(**more)
        self.peer, self._most = peer, most
        self.app_state = {**self.app_state, "peer": peer}
        self.is_cut = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note who connects, and how long that may take."""
        super().connection_made(transport)
        self._stalled, self._head = Timer(), Timer()
        # Not with a reset: a browser keeps a spare connection, and takes another one if it is closed.
        self._head.set(HEAD_S, transport.close)
        self.idle_since_s = self.loop.time()
        connected = [each for each in self.connections if isinstance(each, PeerProtocol) and not each.is_cut]
        if len(connected) > self._most:
            fullest = _fullest(each.peer.network for each in connected)
            min((each for each in connected if each.peer.network == fullest), key=PeerProtocol._worth).cut()

    def cut(self) -> None:
        """End the connection at once."""
        self.is_cut = True
        self.transport.abort()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        cycle = getattr(self, "cycle", None)  # None before the first request
        return cycle is None or bool(cycle.response_complete)

    def _worth(self) -> tuple[bool, bool, float]:
        return not self.transport.is_closing(), not self.is_idle, self.idle_since_s

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


class Limits:
    """How many connections and handshakes there may be: fewer if this process may open few files."""

    def __init__(self) -> None:
        wanted = MAX_CONNECTIONS + MAX_HANDSHAKES
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < wanted + RESERVED_DESCRIPTORS and soft != resource.RLIM_INFINITY:
            raised = wanted + RESERVED_DESCRIPTORS
            soft = raised if hard == resource.RLIM_INFINITY else min(raised, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        share = 1.0 if soft == resource.RLIM_INFINITY else min(1.0, max(0, soft - RESERVED_DESCRIPTORS) / wanted)
        self.connections = max(8, int(MAX_CONNECTIONS * share))
        self.handshakes = max(4, int(MAX_HANDSHAKES * share))


class _Opening:
    """A connection until its handshake is done."""

    def __init__(self, network: str, waiting: asyncio.TimerHandle) -> None:
        self.network, self.waiting, self.has_begun = network, waiting, False


class Accepting:
    """Accepts connections, until it is ended."""

    def __init__(self, protocol: Callable[[Peer], asyncio.Protocol], handshakes: int) -> None:
        """Make protocols.

        Args:
            protocol: makes the protocol of a connection.
            handshakes: how many there may be at once.
        """
        self._protocol, self._most = protocol, handshakes
        self._opening: dict[socket.socket, _Opening] = {}  # The oldest one first.

    async def run(self, listeners: Iterable[tuple[socket.socket, ssl.SSLContext | None]], ended: asyncio.Event) -> None:
        """Accept on sockets that listen, until ``ended``."""
        async with asyncio.TaskGroup() as group:
            accepting = [group.create_task(self._accept(*each, group)) for each in listeners]
            await ended.wait()
            for each in accepting:
                each.cancel()
            for opening in list(self._opening):
                self._end(opening)

    async def _accept(self, listener: socket.socket, context: ssl.SSLContext | None, group: asyncio.TaskGroup) -> None:
        listener.setblocking(False)
        accepted = 0
        while True:
            try:
                connection, _name = await asyncio.get_running_loop().sock_accept(listener)
            except OSError as error:
                if error.errno in _NO_ROOM:
                    await self._wait_for_room(error)
                elif error.errno not in _LOST:
                    raise
                continue
            try:
                peer = Peer(connection)
            except OSError as error:
                connection.close()
                await self._wait_for_room(error)
                continue
            if context is None:
                group.create_task(self._open(connection, peer, None))
            else:
                self._make_room(peer.network)
                self._wait_for_first_byte(connection, peer, context, group)
            accepted += 1
            if accepted % AT_ONCE == 0:
                await asyncio.sleep(0)  # Others are served meanwhile: there may be many more.

    def _wait_for_first_byte(
        self, connection: socket.socket, peer: Peer, context: ssl.SSLContext, group: asyncio.TaskGroup
    ) -> None:
        """Begin the handshake when the other end does: a connection that says nothing costs a tenth of one."""
        loop = asyncio.get_running_loop()

        def begin() -> None:
            loop.remove_reader(connection)
            opening.waiting.cancel()
            opening.has_begun = True
            group.create_task(self._open(connection, peer, context))

        loop.add_reader(connection, begin)
        opening = _Opening(peer.network, loop.call_later(HANDSHAKE_S, self._end, connection))
        self._opening[connection] = opening

    async def _wait_for_room(self, error: OSError) -> None:
        log.warning("no connection can be accepted: %s", error.strerror)
        if self._opening:
            self._end(next(iter(self._opening)))
        await asyncio.sleep(NO_ROOM_S)

    def _make_room(self, network: str) -> None:
        counted = Counter(each.network for each in self._opening.values())
        if counted[network] >= min(MAX_HANDSHAKES_OF_NETWORK, self._most):
            fullest = network
        elif len(self._opening) >= self._most:
            fullest = counted.most_common(1)[0][0]
        else:
            return
        self._end(next(each for each, opening in self._opening.items() if opening.network == fullest))

    def _end(self, connection: socket.socket) -> None:
        """End a handshake, or a connection that waits for its own."""
        opening = self._opening.pop(connection)
        if opening.has_begun:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # It fails, since nothing more comes.
        else:
            opening.waiting.cancel()
            asyncio.get_running_loop().remove_reader(connection)
            connection.close()

    async def _open(self, connection: socket.socket, peer: Peer, context: ssl.SSLContext | None) -> None:
        secured = {"ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": CLOSING_S} if context else {}
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._protocol(peer), connection, ssl=context, **secured
            )
        except OSError as error:  # ssl.SSLError and the timeout are two.
            log.info("no handshake with %s: %s", peer.shown, error)
            connection.close()
        finally:
            self._opening.pop(connection, None)


def _fullest(networks: Iterable[T]) -> T:
    """The one that is there most often."""
    return Counter(networks).most_common(1)[0][0]


class OnceAMinute(logging.Filter):
    """Lets through one line of a kind a minute: of each place in the code that writes some."""

    EACH_S: Final = 60.0

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a line; the first one after a minute says how many were left out."""
        kind = record.pathname, record.lineno
        written_s, left_out = self._last.get(kind, (float("-inf"), 0))
        if record.created - written_s < self.EACH_S:
            self._last[kind] = written_s, left_out + 1
            return False
        self._last[kind] = record.created, 0
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} more like this one)"
            record.args = ()
        return True
