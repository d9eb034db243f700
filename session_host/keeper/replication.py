"""Replicate the keeper's state to its standby, so that a fork of the standby can take over.

One packet a message, some with descriptors. The active keeper sends ``SessionAdded`` before a host is forked,
``SessionUpdated`` after each change of a session, ``SessionRebound``, ``SessionRemoved``, ``ListenerRebound``,
``LockReplaced`` and ``KeeperLeaving``. The standby, which may be the parent of hosts and programs, sends
``ChildReaped`` and ``StatusSaved``.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from session_host.keeper_client.channel import receive
from session_host.protocol.launch import LaunchReport
from session_host.readiness import is_writable

from .kept_session import KeptSession, spec_file

log = logging.getLogger(__name__)

SEND_TIMEOUT_S = 1.0
"""A standby that reads nothing for this long is killed and replaced."""


class Change(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all messages."""


class SessionAdded(Change, frozen=True):
    """A session was added. Comes with its spec (in a file), its descriptors and, if ``slave``, the PTY's slave."""

    slave: bool


class SessionUpdated(Change, frozen=True):
    """A session's state; if ``channel``, comes with the channel to its host."""

    session_id: str
    state: str
    host_pid: int
    child_pid: int
    version: str
    protocol: int
    channel: bool
    report: LaunchReport | None


class SessionRebound(Change, frozen=True):
    """A session's socket was bound again; comes with the new socket."""

    session_id: str


class SessionRemoved(Change, frozen=True):
    """A session was removed."""

    session_id: str


class ListenerRebound(Change, frozen=True):
    """The keeper's socket was bound again; comes with the new socket."""


class LockReplaced(Change, frozen=True):
    """The lock file was made again; comes with the new file."""


class KeeperLeaving(Change, frozen=True, tag="Leaving"):
    """The keeper exits, or stops using this standby. Sent to standbys of old versions, too: keep the tag."""


class ChildReaped(Change, frozen=True):
    """A child of the standby has exited and was reaped: a host, or a fork that would have become one."""

    pid: int
    status: int


class StatusSaved(Change, frozen=True):
    """The standby, as its parent, saved the status of a session's program in the input log."""

    session_id: str


Message = (
    SessionAdded
    | SessionUpdated
    | SessionRebound
    | SessionRemoved
    | ListenerRebound
    | LockReplaced
    | KeeperLeaving
    | ChildReaped
    | StatusSaved
)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class StandbyReplication:
    """Sends each change to the standby, if there is one.

    A standby that does not take a change is killed. The next one is a fork of this process, with the same state.
    """

    def __init__(self) -> None:
        self.connection: socket.socket | None = None

    def set_standby(self, connection: socket.socket | None) -> None:
        """Send changes to this standby from now on; None if there is no standby."""
        self.connection = connection

    def add_session(self, session: KeptSession) -> None:
        """Send a new session and its descriptors."""
        if self.connection is None:
            return
        try:
            spec = spec_file(session.spec)
        except OSError as error:
            self._end_standby(error)
            return
        slave = () if session.slave < 0 else (session.slave,)
        self.send_change(SessionAdded(bool(slave)), (spec, *session.descriptors.present, *slave))
        os.close(spec)

    def send_listener(self, session: KeptSession) -> None:
        """Send a session's new socket."""
        self.send_change(SessionRebound(session.id), (session.descriptors.listener,))

    def remove_session(self, session: KeptSession) -> None:
        """Report that a session was removed."""
        self.send_change(SessionRemoved(session.id))

    def update_session(self, session: KeptSession, *, channel: bool = False) -> None:
        """Send a session's state; with ``channel``, also the new channel to its host."""
        if self.connection is None:
            return
        passed: tuple[int, ...] = ()
        if channel and session.channel is not None and session.channel.is_packets:
            passed = (session.channel.socket.fileno(),)
        state, version, report = session.state.name, session.version, session.report
        self.send_change(
            SessionUpdated(
                session.id, state, session.host_pid, session.child_pid, version, session.protocol, bool(passed), report
            ),
            passed,
        )

    def send_change(self, change: Change, descriptors: Sequence[int] = ()) -> None:
        """Send a change to the standby; kill a standby that does not take it."""
        if self.connection is None:
            return
        try:
            send_change(self.connection, change, descriptors, wait_s=SEND_TIMEOUT_S)
        except (BrokenPipeError, ConnectionResetError):
            pass  # It is dead; the end of the connection reports that.
        except OSError as error:
            self._end_standby(error)

    def _end_standby(self, error: OSError) -> None:
        log.warning("the standby does not receive (%s); another takes its place", error)
        if self.connection is not None:
            end_parent()
            self.connection = None


def end_parent() -> None:
    """Kill the standby, which is the parent of the active keeper."""
    parent = os.getppid()
    if parent > 1:
        with suppress(OSError):
            os.kill(parent, signal.SIGKILL)


def send_change(connection: socket.socket, change: Change, descriptors: Sequence[int] = (), *, wait_s: float) -> None:
    """Send a message and its descriptors, waiting at most ``wait_s``.

    Raises:
        OSError: the other process has ended, or does not read.
    """
    data = _encode(change)
    try:
        socket.send_fds(connection, [data], descriptors, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
    except BlockingIOError:
        if not is_writable(connection.fileno(), wait_s):
            raise
        socket.send_fds(connection, [data], descriptors, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)


def read(connection: socket.socket) -> tuple[Any, list[int]] | None:
    """Read the next message and its descriptors; None if none is waiting.

    Raises:
        EOFError: the other process has ended.
    """
    try:
        data, descriptors = receive(connection, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError as error:
        raise EOFError from error
    if not data:
        raise EOFError
    return _decode(data), descriptors
