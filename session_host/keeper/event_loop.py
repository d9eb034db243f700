"""The keeper's event loop: one thread, woken by sockets, child exits and timers."""

from __future__ import annotations

import errno
import heapq
import itertools
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from session_host.errors import ProtocolViolation
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import Decoder
from session_host.protocol.keeper import KeeperMessage, ToKeeper
from session_host.system.unix_sockets import is_foreign

log = logging.getLogger(__name__)

IDLE_S = 600.0
"""The keeper exits after this long without a session; the next command starts another."""

REFRESH_S = 6 * 3600.0
"""How often the socket is touched: systemd-tmpfiles removes files untouched for days (tmpfiles.d(5))."""

Callback = Callable[[], None]


class LoopOwner(Protocol):
    """Callbacks of the loop."""

    def is_busy(self) -> bool:
        """Whether the keeper has a session."""

    def children_ended(self) -> None:
        """Called on SIGCHLD: some children may have ended."""

    def on_connection(self, client: MessageChannel, message: Any) -> None:
        """Called when a command, or a host without a keeper, sends a message."""


class Loop:
    """Waits for sockets, signals and timers, and calls back.

    Attributes:
        listener: the socket that hosts and commands connect to.
        on_socket_lost: called when the listener's file is missing.
    """

    def __init__(self, listener: socket.socket, path: Path) -> None:
        self.listener = listener
        self._path = path
        self._inode = path.stat().st_ino if path.exists() else 0
        self.on_socket_lost: Callback = lambda: None
        self._owner: LoopOwner | None = None
        self._selector = selectors.DefaultSelector()
        self._clients: set[MessageChannel] = set()
        self._timers: list[tuple[float, int, Callback]] = []
        self._numbers = itertools.count()
        self._leaving = False
        self._reserve = os.open(os.devnull, os.O_RDONLY)
        listener.setblocking(False)
        self.watch(listener, self._accept)
        self._paused = False
        self._await_signals()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: None)

    def _await_signals(self) -> None:
        # The signal handler only wakes the loop; the loop handles the signal.
        self._wake, self._wake_write = socket.socketpair()
        self._wake.setblocking(False)
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        self.watch(self._wake, self._on_signal)

    def renew(self) -> None:
        """After a fork, watch the same descriptors with an epoll instance of this process (forks share epoll(7))."""
        self.unwatch(self._wake)
        self._wake.close()
        self._wake_write.close()
        watched = list(self._selector.get_map().values())
        self._selector.close()
        self._selector = selectors.DefaultSelector()
        for key in watched:
            self.watch(key.fileobj, key.data)  # type: ignore[arg-type]
        self._await_signals()
        # After listen(2), SO_PEERCRED gives clients the PID of this process.
        self.listener.listen(socket.SOMAXCONN)

    def drop_clients_and_timers(self) -> None:
        """Close all clients and cancel all timers, since another process continues with them."""
        for client in tuple(self._clients):
            self.drop(client)
        self._timers.clear()

    def run(self, owner: LoopOwner) -> bool:
        """Run until SIGTERM, or until there was no session for ``IDLE_S``; after SIGTERM, hosts start another keeper.

        Returns:
            False if ``pause`` was called: the caller runs it again.
        """
        self._owner = owner
        self._paused = False
        owner.children_ended()
        idle_since_s = time.monotonic()
        while not self._leaving:
            if self._paused:
                return False
            now_s = time.monotonic()
            if owner.is_busy() or self._clients:
                idle_since_s = now_s
            elif now_s - idle_since_s >= IDLE_S:
                log.info("nothing to keep")
                break
            wait_s = REFRESH_S if owner.is_busy() else IDLE_S
            if self._timers:
                wait_s = max(0.0, min(wait_s, self._timers[0][0] - now_s))
            for key, _ in self._selector.select(wait_s):
                self._call_logged(key.data)
            while self._timers and self._timers[0][0] <= time.monotonic():
                self._call_logged(heapq.heappop(self._timers)[2])
            try:
                os.utime(self._path)
            except FileNotFoundError:
                self.on_socket_lost()
        self._unlink()
        return True

    def _unlink(self) -> None:
        """Remove our socket's file, unless the file at its path is another keeper's."""
        if self.is_bound_at_path():
            self._path.unlink(missing_ok=True)

    def is_bound_at_path(self) -> bool:
        """Whether the file at the socket's path is our socket's."""
        try:
            return self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def set_listener(self, listener: socket.socket) -> None:
        """Replace the listening socket by another one at the same path."""
        self.unwatch(self.listener)
        self.listener.close()
        self.listener, self._inode = listener, self._path.stat().st_ino
        listener.setblocking(False)
        self.watch(listener, self._accept)

    def leave(self) -> None:
        """End ``run`` for good; hosts then look for another keeper, or start one."""
        self._leaving = True

    def pause(self) -> None:
        """Return from ``run``, to be run again."""
        self._paused = True

    @staticmethod
    def _call_logged(what: Callback) -> None:
        try:
            what()
        except Exception:
            # An error in one session must not end the others.
            log.exception("failed")

    def call_later(self, wait_s: float, action: Callback) -> None:
        """Call ``action`` after this many seconds."""
        heapq.heappush(self._timers, (time.monotonic() + wait_s, next(self._numbers), action))

    def watch(self, readable: socket.socket | int, action: Callback) -> None:
        """Call ``action`` whenever a socket or descriptor is readable."""
        self._selector.register(readable, selectors.EVENT_READ, action)

    def is_watched(self, descriptor: int) -> bool:
        """Whether a descriptor is watched."""
        return descriptor in self._selector.get_map()

    def unwatch(self, readable: socket.socket | int) -> None:
        """Stop watching a socket or descriptor."""
        self._selector.unregister(readable)

    def _on_signal(self) -> None:
        if signal.SIGTERM in self.take_pending_signals():
            log.info("SIGTERM: exiting; the hosts will start another keeper")
            self._leaving = True
        assert self._owner is not None
        self._owner.children_ended()

    @property
    def wake(self) -> socket.socket:
        """A socket that is readable after a signal."""
        return self._wake

    def take_pending_signals(self) -> bytes:
        """Return the numbers of the signals received since the last call."""
        with suppress(BlockingIOError):
            return self._wake.recv(4096)
        return b""

    # ------------------------------------------------------------ clients

    def _accept(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE}:
                raise
            self._reject_connection()
            return
        if is_foreign(connection):
            log.warning("refused a connection of another user")
            connection.close()
            return
        self.add_client(connection)

    def _reject_connection(self) -> None:
        """On EMFILE, accept with the reserved descriptor and close, so that no client waits.

        An unaccepted connection would wake the loop again and again.
        """
        log.warning("rejected a connection: too many open files")
        os.close(self._reserve)
        try:
            connection, _ = self.listener.accept()
            connection.close()
        except OSError:
            pass  # The client has gone, or another process accepted it.
        finally:
            self._reserve = os.open(os.devnull, os.O_RDONLY)

    def add_client(self, connection: socket.socket) -> MessageChannel:
        """Handle messages of a connected command, or of a host without a keeper."""
        connection.setblocking(False)
        client = MessageChannel(connection, Decoder(ToKeeper))
        self._clients.add(client)
        self.watch(connection, lambda: self._on_client_readable(client))
        return client

    @staticmethod
    def receive(channel: MessageChannel, *, keep: bool = False) -> list[Any] | None:
        """Return the received messages; None if the peer is gone or broke the protocol.

        ``keep``: see ``MessageChannel``.
        """
        try:
            return channel.receive(keep=keep)
        except BlockingIOError:
            return []
        except (OSError, ProtocolViolation) as error:
            log.warning("dropped a connection: %s", error)
            return None

    def _on_client_readable(self, client: MessageChannel) -> None:
        messages = self.receive(client)
        if messages is None:
            self.drop(client)
            return
        assert self._owner is not None
        for message in messages:
            if client.socket.fileno() < 0:
                break  # An earlier message in this batch ended the connection.
            try:
                self._owner.on_connection(client, message)
            except Exception:
                log.exception("a message of a client failed")
                self.drop(client)  # It waits for no answer then.
        if messages and client in self._clients:
            client.drop_descriptors()  # No message used them.

    def drop(self, client: MessageChannel) -> None:
        """Close a client's connection."""
        if client in self._clients:
            self.release(client)
            client.close()

    def release(self, client: MessageChannel) -> None:
        """Stop handling this client without closing it, since another object handles it from now on."""
        self._clients.discard(client)
        self.unwatch(client.socket)

    def reply(self, client: MessageChannel | None, message: KeeperMessage) -> None:
        """Answer the client, if it is still connected."""
        if client in self._clients:
            assert client is not None
            try:
                client.send_message(message, wait_s=0)
            except OSError:
                self.drop(client)
