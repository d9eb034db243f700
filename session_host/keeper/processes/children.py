"""The keeper's child processes, including orphans that it adopted as subreaper."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from session_host.keeper.kept_session import KeptSession
from session_host.system.processes import proc
from session_host.system.processes.process_end import wait_status


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
