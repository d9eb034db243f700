"""Watch hosts and programs that are not our children, by pidfd."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

from session_host.keeper.event_loop import Loop
from session_host.keeper.kept_session import KeptSession
from session_host.keeper.standby.replication import StandbyReplication
from session_host.protocol.keeper import ChildEnded
from session_host.system.processes import proc
from session_host.system.processes.process_end import status_of_reaped, status_of_zombie

from .children import is_alive, parent_of, pidfd_of

ANNOUNCEMENT_DELAY_S = 0.1
"""Delay before a new active keeper sends messages to all hosts, so that urgent work is done first."""


class UnrelatedProcesses:
    """Watches hosts and programs that are no children of the active keeper."""

    def __init__(
        self, loop: Loop, replication: StandbyReplication, on_host_exit: Callable[[KeptSession, int | None], None]
    ) -> None:
        self._loop = loop
        self._replication = replication
        self._report_host_exit = on_host_exit

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
        session.send_to_host(ChildEnded())

    def _on_host_exit(self, session: KeptSession) -> None:
        self.forget_host(session)
        self._report_host_exit(session, None)
