"""Replicate the keeper's state to its standby, so that a fork of the standby can take over.

One packet a message, some with descriptors. From the active keeper: ``Held`` before a host is forked, ``Now`` whenever
something of a session changed, ``Bound``, ``Forgotten``, ``Listening``, ``Locked``, ``Leaving``. From the standby,
which may be the parent of hosts and programs: ``Ended`` and ``Noted``.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from session_host.keeper.kept_session import KeptSession
from session_host.keeper_client.channel import receive
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.system.processes import proc

log = logging.getLogger(__name__)

PATIENCE_S = 1.0
"""A standby that reads nothing for so long is killed, and another takes its place."""


class Change(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base."""


class Held(Change, frozen=True):
    """A session is kept. Its spec (in a file) and its descriptors come along; if ``slave``, the PTY's slave, too."""

    slave: bool


class Now(Change, frozen=True):
    """How a session stands; the channel to its host comes along if ``channel``."""

    session_id: str
    state: str
    host_pid: int
    child_pid: int
    version: str
    protocol: int
    channel: bool
    report: LaunchReport | None


class Bound(Change, frozen=True):
    """A session's socket is a new one, which comes along."""

    session_id: str


class Forgotten(Change, frozen=True):
    """A session is over."""

    session_id: str


class Listening(Change, frozen=True):
    """The keeper's socket is a new one, which comes along."""


class Locked(Change, frozen=True):
    """The lock file is a new one, which comes along."""


class Leaving(Change, frozen=True):
    """The keeper leaves for good, or does without this standby from now on."""


class Ended(Change, frozen=True):
    """A child of the standby has exited: a host, or a process about to become one."""

    pid: int
    status: int


class Noted(Change, frozen=True):
    """The status of a session's program stands in its input log: the standby was its parent."""

    session_id: str


Message = Held | Now | Bound | Forgotten | Listening | Locked | Leaving | Ended | Noted
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class DescriptorHolder(Protocol):
    """Holds sessions' descriptors beside the two keepers (``systemd_holder``)."""

    def store_session(self, session_id: str, held: Sequence[int]) -> None:
        """Hold a session's descriptors."""

    def remove_session(self, session_id: str) -> None:
        """Hold a session no more."""

    def check(self) -> None:
        """Put back what is gone in the runtime directory."""


class StandbyReplication:
    """Sends each change to the standby and to the descriptor backup; a missing one is skipped.

    A standby that cannot be told is killed: what is forked next has all that this process has.
    """

    def __init__(self, descriptor_holder: DescriptorHolder | None = None) -> None:
        self.connection: socket.socket | None = None
        self._descriptor_holder = descriptor_holder

    def set_standby(self, connection: socket.socket | None) -> None:
        """There is another standby, or none."""
        self.connection = connection

    def add_session(self, session: KeptSession) -> None:
        """Tell that a session is kept."""
        if self.connection is None and self._descriptor_holder is None:
            return
        try:
            spec = _spec_file(session.spec)
        except OSError as error:
            self._end_standby(error)
            return
        slave = () if session.slave < 0 else (session.slave,)
        self.send_change(Held(bool(slave)), (spec, *session.descriptors, *slave))
        if self._descriptor_holder is not None:
            self._descriptor_holder.store_session(session.id, (spec, *session.descriptors))
        os.close(spec)

    def bound(self, session: KeptSession) -> None:
        """Tell that a session's socket is a new one."""
        self.send_change(Bound(session.id), (session.descriptors.listener,))
        if self._descriptor_holder is not None:
            with suppress(OSError):
                spec = _spec_file(session.spec)
                self._descriptor_holder.remove_session(session.id)
                self._descriptor_holder.store_session(session.id, (spec, *session.descriptors))
                os.close(spec)

    def forgotten(self, session: KeptSession) -> None:
        """Tell that a session is over."""
        self.send_change(Forgotten(session.id))
        if self._descriptor_holder is not None:
            self._descriptor_holder.remove_session(session.id)

    def check_backup(self) -> None:
        """Let systemd's descriptor store put back what is gone in the runtime directory."""
        if self._descriptor_holder is not None:
            self._descriptor_holder.check()

    def update_session(self, session: KeptSession, *, channel: bool = False) -> None:
        """Tell how a session stands; ``channel``: the way to its host is a new one."""
        if self.connection is None:
            return
        passed: tuple[int, ...] = ()
        if channel and session.channel is not None and session.channel.is_packets:
            passed = (session.channel.socket.fileno(),)
        state, version, report = session.state.name, session.version, session.report
        self.send_change(
            Now(
                session.id, state, session.host_pid, session.child_pid, version, session.protocol, bool(passed), report
            ),
            passed,
        )

    def send_change(self, change: Change, descriptors: Sequence[int] = ()) -> None:
        """Tell the standby something."""
        if self.connection is None:
            return
        try:
            send_change(self.connection, change, descriptors, wait_s=PATIENCE_S)
        except (BrokenPipeError, ConnectionResetError):
            pass  # It is dead, and that is noticed by the connection's end.
        except OSError as error:
            self._end_standby(error)

    def _end_standby(self, error: OSError) -> None:
        log.warning("the standby does not hear (%s); another takes its place", error)
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
    """Send a message.

    Raises:
        OSError: the other process is gone, or reads nothing for so many seconds.
    """
    data = _encode(change)
    try:
        socket.send_fds(connection, [data], descriptors, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
    except BlockingIOError:
        if not select.select([], [connection], [], wait_s)[1]:
            raise
        socket.send_fds(connection, [data], descriptors, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)


def read(connection: socket.socket) -> tuple[Any, list[int]] | None:
    """The next message and its descriptors; None if there is none at this moment.

    Raises:
        EOFError: the other process is gone.
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


def _spec_file(spec: LaunchSpec) -> int:
    """A spec as a file in memory: its environment may be longer than a packet."""
    file = os.memfd_create("outlive-spec")
    data = memoryview(msgspec.msgpack.encode(spec))
    while data:
        data = data[os.write(file, data) :]
    return file


def is_spec(file: int) -> bool:
    """Whether a descriptor is that of a spec's file."""
    return proc.descriptor_target(file).startswith("/memfd:outlive-spec")


def read_spec(file: int) -> LaunchSpec:
    """The spec in that file, which is closed."""
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb") as opened:
        return msgspec.msgpack.decode(opened.read(), type=LaunchSpec)
