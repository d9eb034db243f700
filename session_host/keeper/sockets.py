"""Watch the socket files of the keeper and the chats, and bind them again if they are removed.

A script that cleans up, or a user, may remove a chat's socket, the keeper's, or the whole runtime directory. Inotify
(inotify(7)) reports that; without inotify, this module checks each minute. A removed socket
cannot be linked again, so a new one is bound. It replaces the previous socket in the session's descriptors, and is sent
to the host.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from typing import Any

from session_host.errors import OutliveError
from session_host.keeper_client.channel import lock_path, write_keeper_pids
from session_host.paths import ensure_private, keeper_socket, runtime_dir
from session_host.protocol.keeper import SocketRebound
from session_host.storage.descriptors import session_descriptors
from session_host.system.files import lock_open_file
from session_host.system.inotify import make_inotify

from .event_loop import REFRESH_S, Loop
from .kept_session import KeptSession, KeptSessionState
from .replication import ListenerRebound, LockReplaced, StandbyReplication

log = logging.getLogger(__name__)

CHECK_DELAY_S = 0.05
"""Delay between the first removal and the check, since removing a directory is many removals."""

POLL_S = 60.0
RETRY_S = 1.0


def listen() -> socket.socket:
    """Return the keeper's own listening socket, at its path.

    Raises:
        OSError: it cannot be made.
    """
    return socket.socket(fileno=session_descriptors.listen(keeper_socket()))


def open_lock() -> int:
    """Open the lock file that ensures there is only one keeper.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(lock_path(), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def take_lock(descriptor: int) -> bool:
    """Take the lock; False if another process has it."""
    try:
        lock_open_file(descriptor)
    except BlockingIOError:
        return False
    return True


class ChatSockets:
    """Binds the sockets of the chats again when they are missing."""

    def __init__(
        self,
        loop: Loop,
        sessions: Mapping[str, KeptSession],
        replication: StandbyReplication,
    ) -> None:
        self._replication = replication
        self._loop = loop
        self._sessions = sessions

    def rebind_missing(self, *, must_connect: bool = False) -> None:
        """Bind all missing sockets again; see ``rebind_if_missing``."""
        for session in tuple(self._sessions.values()):
            self.rebind_if_missing(session, must_connect=must_connect)

    def rebind_if_missing(self, session: KeptSession, *, must_connect: bool = False) -> None:
        """Bind one chat's socket again if its file is missing.

        Args:
            session: the chat.
            must_connect: also connect, since a file alone does not prove that a process listens.
        """
        if (
            session.state is not KeptSessionState.RUNNING
            or session.header.exit_saved
            or has_socket(session.spec.socket_path, must_connect=must_connect)
        ):
            return
        try:
            session.rebind_socket()
        except OSError as error:
            log.warning("%s: the socket is gone and cannot be bound again: %s", session.id, error)
            self._loop.call_later(POLL_S, lambda: self._retry(session))
            return
        log.warning("%s: the socket was gone, and is bound again", session.id)
        self._replication.send_listener(session)
        self.send_bound_socket(session)

    def send_bound_socket(self, session: KeptSession) -> None:
        """Send the session's host the socket that is bound now."""
        session.is_rebound = True
        session.send_to_replacement(SocketRebound(), (session.descriptors.listener,))
        session.send_to_host(SocketRebound(), (session.descriptors.listener,))

    def _retry(self, session: KeptSession) -> None:
        if self._sessions.get(session.id) is session:
            self.rebind_if_missing(session)


def has_socket(path: str, *, must_connect: bool) -> bool:
    """Whether there is a socket; with ``must_connect``, whether a process listens at it."""
    if not must_connect:
        return os.path.lexists(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            connection.connect(path)
        except BlockingIOError:
            return True  # It listens; its backlog is full.
        except OSError:
            return False
    return True


class RuntimeDirectory:
    """Watches the runtime directory, and restores the keeper's files in it."""

    def __init__(
        self,
        loop: Loop,
        sockets: ChatSockets,
        lock: int,
        replication: StandbyReplication | None = None,
        inotify: Any = None,
    ) -> None:
        """Start watching.

        Args:
            loop: the keeper's, which listens at the keeper's socket.
            sockets: the chats' sockets.
            lock: the descriptor of the lock file, which is locked.
            replication: sends a new socket or lock file to the standby.
            inotify: an instance of ``make_inotify`` that the caller closes; None to make one.
        """
        self._replication = replication or StandbyReplication()
        self._loop = loop
        self._sockets = sockets
        self._lock = lock
        self._owns_inotify = inotify is None
        self._inotify = make_inotify() if inotify is None else inotify
        self._watch = -1
        self._directory: os.stat_result | None = None
        self._is_check_scheduled = False
        if self._inotify is not None:
            loop.watch(self._inotify.fileno(), self._on_inotify)
        loop.on_socket_lost = self._schedule_check
        self._check_repeatedly()

    def close(self) -> None:
        """Stop watching."""
        self._loop.on_socket_lost = lambda: None
        if self._inotify is not None:
            self._loop.unwatch(self._inotify.fileno())
            if self._owns_inotify:
                self._inotify.close()

    def _check_repeatedly(self) -> None:
        self.check_paths()
        self._loop.call_later(POLL_S if self._inotify is None else REFRESH_S, self._check_repeatedly)

    def _on_inotify(self) -> None:
        assert self._inotify is not None
        self._inotify.read(timeout=0)
        self._schedule_check()

    def _schedule_check(self, wait_s: float = CHECK_DELAY_S) -> None:
        if not self._is_check_scheduled:
            self._is_check_scheduled = True
            self._loop.call_later(wait_s, self.check_paths)

    def check_paths(self) -> None:
        """Restore missing files; exit if another keeper has replaced this one."""
        self._is_check_scheduled = False
        try:
            directory = ensure_private(runtime_dir()).stat()
            # In one that was moved away and back, the sockets are those of before.
            is_another = self._directory is not None and not os.path.samestat(self._directory, directory)
            self._watch_directory()
            if not self._has_lock():
                log.warning("another keeper began while the runtime directory was gone; the chats go to it")
                self._loop.leave()
                return
            if not self._loop.is_bound_at_path():
                self._loop.set_listener(listen())
                self._replication.send_change(ListenerRebound(), (self._loop.listener.fileno(),))
                log.warning("the keeper's socket was gone, and is bound again")
        except (OutliveError, OSError) as error:
            log.warning("the runtime directory: %s", error)
            self._schedule_check(RETRY_S)
            return
        self._directory = directory
        self._sockets.rebind_missing(must_connect=is_another)

    def _has_lock(self) -> bool:
        """Whether this keeper has the lock; if the lock file was removed, lock a new one."""
        try:
            if os.path.samestat(lock_path().lstat(), os.fstat(self._lock)):
                return True
        except FileNotFoundError:
            pass
        lock = open_lock()
        os.dup2(lock, self._lock, inheritable=False)
        os.close(lock)
        if not take_lock(self._lock):
            return False
        write_keeper_pids(self._lock, os.getppid(), os.getpid())
        self._replication.send_change(LockReplaced(), (self._lock,))
        return True

    def _watch_directory(self) -> None:
        """Watch the present runtime directory for removals."""
        if self._inotify is None:
            return
        from inotify_simple import flags

        previous = self._watch
        what = flags.DELETE | flags.MOVED_FROM | flags.DELETE_SELF | flags.MOVE_SELF
        self._watch = self._inotify.add_watch(runtime_dir(), what)
        if previous not in {-1, self._watch}:
            try:
                self._inotify.rm_watch(previous)
            except OSError:
                pass  # The kernel removed it with the directory.
