"""One kept session: its descriptors, its host and its state.

States::

    STARTING ──Running──▶ RUNNING ──ExitSaved, host ends──▶ (removed)
        └─────Refused, host ends──▶ (removed)
    STARTING, RUNNING ──host dies──▶ the same state, with a new host
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Self

import msgspec
from msgspec.structs import replace

from session_host.host.main import HostParameters
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.keeper import KeeperMessage, SessionSummary
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.input_log import InputLog, LogHeader
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.storage.descriptors.splice import Splicer

log = logging.getLogger(__name__)

RESTART_DELAYS_S = (0.0, 0.0, 0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Delays in seconds before restarting a host that died soon after its start."""

STABLE_AFTER_S = 1.0
"""A host that lives this long resets the restart delay."""

SUSPICIOUS_DEATHS = 3
"""After this many crashes while interpreting the same output, the other engine is used."""

CRASHES_WITHIN_S = 60.0


class KeptSessionState(Enum):
    """The states of a kept session; see the module."""

    STARTING = auto()
    RUNNING = auto()
    OVER = auto()


@dataclass(eq=False)
class ReplacementHost:
    """A host that will replace a running one.

    Attributes:
        is_ready: its rehearsal succeeded.
        is_leaving: the previous host was asked to leave.
        client: the client that gets the result.
    """

    client: MessageChannel | None
    pid: int = 0
    channel: MessageChannel | None = None
    is_ready: bool = False
    is_leaving: bool = False

    def set_process(self, pid: int, channel: MessageChannel) -> None:
        """Note the forked process and the channel to it."""
        self.pid, self.channel = pid, channel


@dataclass(eq=False)
class KeptSession:
    """One session in the keeper.

    Attributes:
        spec: the launch spec.
        descriptors: the keeper's duplicates of the session's descriptors.
        header: the input log's first page, with the fields that are overwritten in place.
        slave: the PTY's slave side until the program has opened it, then -1.
        host_pid: the host's PID; 0 between two hosts.
        pidfd: reports the end of a host that is no child of ours; else -1.
        child_pidfd: reports the end of a program that will never be a child of ours; else -1.
        channel: the connection to the host.
        child_pid: the program.
        version: the version of the host's code.
        is_rebound: the socket was removed and bound again since the session's start.
        protocol: the host's version of the protocol, see ``KEEPER_PROTOCOL_VERSION``.
        launchers: the clients that wait for the report.
        report: the result of the launch, once known.
        failed_hosts: the number of successive hosts that died soon.
        running_since_s: the time when the host took over, by the monotonic clock.
    """

    spec: LaunchSpec
    descriptors: SessionDescriptors
    header: LogHeader
    slave: int = -1
    state: KeptSessionState = KeptSessionState.STARTING
    host_pid: int = 0
    pidfd: int = -1
    child_pidfd: int = -1
    channel: MessageChannel | None = None
    child_pid: int = 0
    version: str = ""
    is_rebound: bool = False
    protocol: int = 1
    launchers: list[MessageChannel] = field(default_factory=list)
    report: LaunchReport | None = None
    failed_hosts: int = 0
    running_since_s: float = 0.0
    replacement: ReplacementHost | None = None
    crashes: deque[float] = field(default_factory=lambda: deque(maxlen=SUSPICIOUS_DEATHS))

    @classmethod
    def create(cls, spec: LaunchSpec) -> Self:
        """Create the descriptors of a new session; it has no host yet.

        Raises:
            OSError: no descriptor, PTY or memory is left, or the socket cannot be made.
        """
        descriptors, slave = session_descriptors.create_descriptors(
            Path(spec.socket_path), spec.facts.program.size, structured=spec.structured is not None
        )
        try:
            InputLog(descriptors.input_log, descriptors.master, Splicer()).close()
            return cls(spec, descriptors, LogHeader(descriptors.input_log), slave)
        except OSError:
            os.close(slave)
            descriptors.close()
            Path(spec.socket_path).unlink(missing_ok=True)
            raise

    @classmethod
    def adopt(cls, spec: LaunchSpec, passed: Sequence[int]) -> tuple[Self, socket.socket | None]:
        """Make a session from the descriptors that its host sent; returns it, and the channel if the host sent one.

        Raises:
            ValueError: these are not the descriptors of a session.
            OutliveError: its input log is of another version.
            OSError: there is no memory.
        """
        count = len(SessionDescriptors._fields) - (spec.structured is None)
        if len(passed) not in {count, count + 1}:
            raise ValueError(f"it came with {len(passed)} descriptors")
        descriptors = SessionDescriptors(*passed[:count])
        session = cls(spec, descriptors, LogHeader(descriptors.input_log))
        return session, socket.socket(fileno=passed[count]) if passed[count:] else None

    def host_parameters(self, open_files: int, *, rehearsal: bool) -> HostParameters:
        """The parameters for a new host of this session.

        Args:
            open_files: the program's soft limit of open files.
            rehearsal: the new host replaces a living one.
        """
        return HostParameters(
            spec=self.spec,
            descriptors=self.descriptors,
            slave=self.slave,
            open_files=open_files,
            other_engine=self.header.engine_suspected,
            rehearsal=rehearsal,
        )

    def summary(self) -> SessionSummary:
        """The summary that commands get."""
        facts = self.spec.facts
        program = replace(facts.program, host_pid=self.host_pid, child_pid=self.child_pid)
        return SessionSummary(replace(facts, origin=facts.origin.without_secrets(), program=program), self.version)

    @property
    def id(self) -> str:
        """The session's id."""
        return self.spec.facts.id

    def send_to_host(self, message: KeeperMessage, passed: Sequence[int] = ()) -> None:
        """Send the host a message, with descriptors; skipped if the host is gone."""
        self._send(self.channel, message, passed)

    def send_to_replacement(self, message: KeeperMessage, passed: Sequence[int] = ()) -> None:
        """Send the replacement host a message, as ``send_to_host``; skipped if there is none."""
        if self.replacement is not None:
            self._send(self.replacement.channel, message, passed)

    def _send(self, channel: MessageChannel | None, message: KeeperMessage, passed: Sequence[int]) -> None:
        if channel is not None:
            try:
                channel.send_message(message, passed)
            except OSError as error:
                log.info("%s: the host does not receive: %s", self.id, error)

    def rebind_socket(self) -> None:
        """Make a new socket at the session's path; it replaces the previous socket in the session descriptors.

        Raises:
            OSError: it cannot be made.
        """
        listener = session_descriptors.listen(Path(self.spec.socket_path))
        os.dup2(listener, self.descriptors.listener, inheritable=False)
        os.close(listener)

    def count_death(self, status: int | None) -> float:
        """Count an unexpected death of the host, and choose the engine of the next host.

        Args:
            status: the host's wait status; None if unknown.

        Returns:
            The delay before the next host is forked, in seconds.
        """
        was_suspected, crashes = self.header.engine_suspected, self.header.count_engine_crash()
        if crashes >= SUSPICIOUS_DEATHS:
            self.header.engine_suspected = True
        is_crash = status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) in _CRASHES
        # A host that was killed did not fail. With another engine, the next ones may not fail, either.
        has_failed = is_crash or (status is not None and os.WIFEXITED(status) and os.WEXITSTATUS(status) > 0)
        has_other_engine = (is_crash or crashes > 0) and not was_suspected
        if has_failed and not has_other_engine and self.state is KeptSessionState.RUNNING:
            self.header.count_failed_end()
        if is_crash:
            self.crashes.append(time.monotonic())
            if len(self.crashes) == SUSPICIOUS_DEATHS and self.crashes[-1] - self.crashes[0] < CRASHES_WITHIN_S:
                self.header.engine_suspected = True
        if self.running_since_s and time.monotonic() - self.running_since_s > STABLE_AFTER_S:
            self.failed_hosts = 0
        self.running_since_s = 0.0
        wait_s = RESTART_DELAYS_S[min(self.failed_hosts, len(RESTART_DELAYS_S) - 1)]
        self.failed_hosts += 1
        return wait_s

    def close_slave(self) -> None:
        """Close our side of the slave: the program has its own, and ours would hide the end of file."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def close(self) -> None:
        """Close all descriptors; the PTY hangs up unless another process holds it."""
        self.close_slave()
        for pidfd in (self.pidfd, self.child_pidfd):
            if pidfd >= 0:
                os.close(pidfd)
        self.pidfd = self.child_pidfd = -1
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        self.header.close()
        self.descriptors.close()


_CRASHES = frozenset({4, 6, 7, 8, 11})
"""SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: signals of a crash in the engine. SIGKILL is sent on purpose."""


def spec_file(spec: LaunchSpec) -> int:
    """Write a spec into a file in memory, since its environment may be longer than a packet."""
    file = os.memfd_create("outlive-spec")
    data = memoryview(msgspec.msgpack.encode(spec))
    while data:
        data = data[os.write(file, data) :]
    return file


def read_spec(file: int) -> LaunchSpec:
    """Read the spec in a file made by ``spec_file``, and close the file."""
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb") as opened:
        return msgspec.msgpack.decode(opened.read(), type=LaunchSpec)
