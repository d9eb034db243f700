"""The processes around the keeper: its children, with orphans that it adopted as subreaper, and others of its chats."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress

from session_host.system.processes import proc
from session_host.system.processes.process_end import status_of_reaped, status_of_zombie, wait_status

from .event_loop import Loop
from .kept_session import KeptSession
from .replication import StandbyReplication


def pidfd_of(pid: int) -> int:
    """Open a pidfd, which becomes readable when the process exits; -1 if the system has none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def parent_of(pid: int) -> int:
    """The parent's PID of a running process or zombie; 0 if there is no such process, or it is unknown."""
    try:
        return int(proc.stat_fields(pid)[1])
    except OSError:
        return 0


def is_alive(pid: int) -> bool:
    """Whether the process exists and we may signal it; a zombie exists."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


REAPING_S = 1.0


def kill_half_started(session: KeptSession, sessions: Collection[KeptSession]) -> None:
    """Kill a fork that had not reached exec when its host died."""
    known = {pid for each in sessions for pid in (each.host_pid, each.child_pid, each.header.child)}
    known |= {each.replacement.pid for each in sessions if each.replacement is not None}
    for pid in orphan_forks(known):
        _kill_stray(pid)
        if session.header.child == pid:
            session.header.forget_child()


def _kill_stray(pid: int) -> None:
    """Kill a process, and wait until its parent, this process or the standby, has reaped it."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        deadline_s = time.monotonic() + REAPING_S
        while is_alive(pid) and time.monotonic() < deadline_s:
            time.sleep(0.001)


def orphan_forks(known: Collection[int]) -> list[int]:
    """Unknown children of either keeper that still run this program: forks that never reached exec.

    A program's own descendants become our children too when their parents end; those have other command
    lines, and are left alone.
    """
    ours = proc.command_line(os.getpid())
    standby = os.getppid()
    found = proc.children(os.getpid())
    if proc.command_line(standby) == ours:
        found += proc.children(standby)
    known = {*known, os.getpid(), standby}
    return [pid for pid in found if pid not in known and proc.command_line(pid) == ours]


def ended_children() -> Iterator[tuple[int, int]]:
    """Yield exited children with their statuses; reap each before asking for the next."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None:
            return
        yield found.si_pid, wait_status(found.si_code, found.si_status)


def reap_and_store_status(sessions: Iterable[KeptSession], pid: int, status: int) -> KeptSession | None:
    """Store a child's exit status if it is a session's program, then reap it; return the session."""
    for session in sessions:
        if pid in {session.child_pid, session.header.child} and session.header.exit_status is None:
            # Before the reaping, which removes the kernel's own record.
            session.header.exit_status = status
            os.waitpid(pid, 0)
            return session
    os.waitpid(pid, 0)
    return None


ANNOUNCEMENT_DELAY_S = 0.1
"""Delay before a new active keeper sends messages to all hosts, so that urgent work is done first."""


class UnrelatedProcesses:
    """Watches hosts and programs that are no children of the active keeper."""

    def __init__(
        self,
        loop: Loop,
        replication: StandbyReplication,
        on_host_exit: Callable[[KeptSession, int | None], None],
        on_program_exit: Callable[[KeptSession], None],
    ) -> None:
        self._loop = loop
        self._replication = replication
        self._report_host_exit, self._report_program_exit = on_host_exit, on_program_exit

    def watch(self, session: KeptSession) -> bool:
        """Watch the unrelated processes of a session; False if its host is gone."""
        keeper_pids = self._keeper_pids()
        is_keepers_child = session.pidfd < 0 and parent_of(session.host_pid) in keeper_pids
        is_there = is_keepers_child or self.watch_host(session)
        self._watch_child(session, {*keeper_pids, session.host_pid} if is_keepers_child else keeper_pids)
        return is_there

    def watch_host(self, session: KeptSession) -> bool:
        """Watch an unrelated host; False if it has ended."""
        if session.pidfd < 0:
            session.pidfd = pidfd_of(session.host_pid)
        self._watch(session.pidfd, lambda: self._on_host_exit(session))
        return session.pidfd >= 0 or is_alive(session.host_pid)

    def _keeper_pids(self) -> set[int]:
        """The processes that get SIGCHLD for the keeper: this one, and the standby, which is its parent."""
        return {os.getpid(), os.getppid()} if self._replication.connection is not None else {os.getpid()}

    def children_of_keepers(self) -> set[int]:
        """The children of this process and of the standby."""
        return {child for pid in self._keeper_pids() for child in proc.children(pid)}

    def watch_program(self, session: KeptSession) -> None:
        """Watch the program of a session that has no host, if the program is unrelated."""
        self._watch_child(session, self._keeper_pids())

    def _watch_child(self, session: KeptSession, keeper_pids: Collection[int]) -> None:
        if session.child_pidfd < 0:
            if (
                not session.child_pid
                or session.header.exit_status is not None
                or parent_of(session.child_pid) in keeper_pids
            ):
                return
            session.child_pidfd = pidfd_of(session.child_pid)
        self._watch(session.child_pidfd, lambda: self._on_program_exit(session))

    def _watch(self, pidfd: int, gone: Callable[[], None]) -> None:
        if pidfd >= 0 and not self._loop.is_watched(pidfd):
            self._loop.watch(pidfd, gone)

    def forget(self, session: KeptSession) -> None:
        """Stop watching a session's processes."""
        self.forget_host(session)
        self._close(session.child_pidfd)
        session.child_pidfd = -1

    def forget_host(self, session: KeptSession) -> None:
        """Stop watching a session's host."""
        self._close(session.pidfd)
        session.pidfd = -1

    def _close(self, pidfd: int) -> None:
        if pidfd >= 0:
            if self._loop.is_watched(pidfd):
                self._loop.unwatch(pidfd)
            os.close(pidfd)

    def _on_program_exit(self, session: KeptSession) -> None:
        """Save the exit status of a program; if its host is dead, no other process would do so."""
        pidfd, session.child_pidfd = session.child_pidfd, -1
        self._loop.unwatch(pidfd)
        status = status_of_zombie(session.child_pid, None)
        if status is None:
            status = status_of_reaped(pidfd)
        os.close(pidfd)
        if status is not None and session.header.exit_status is None:
            session.header.exit_status = status
        self._report_program_exit(session)

    def _on_host_exit(self, session: KeptSession) -> None:
        self.forget_host(session)
        self._report_host_exit(session, None)
