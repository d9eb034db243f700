"""Watch hosts and programs that are not our children, by pidfd."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

from session_host.keeper.event_loop import Loop
from session_host.keeper.kept_session import KeptSession
from session_host.keeper.standby.replication import StandbyReplication
from session_host.protocol.keeper import ChildEnded
from session_host.system.processes import exit_status, proc

from .children import is_alive, parent_of, pidfd_of

GREETING_S = 0.1
"""Delay before a keeper that takes over greets the hosts, so that urgent work comes first."""


class UnrelatedProcesses:
    """Watches hosts and programs that are no children of the active keeper."""

    def __init__(
        self, loop: Loop, replication: StandbyReplication, host_ended: Callable[[KeptSession, int | None], None]
    ) -> None:
        self._loop = loop
        self._replication = replication
        self._host_ended = host_ended

    def watch(self, session: KeptSession) -> bool:
        """Watch those of a session's processes that are unrelated; False if its host is gone."""
        kin = self._kin()
        host_is_kin = session.pidfd < 0 and parent_of(session.host_pid) in kin
        is_there = host_is_kin or self.watch_host(session)
        self._watch_child(session, {*kin, session.host_pid} if host_is_kin else kin)
        return is_there

    def watch_host(self, session: KeptSession) -> bool:
        """Watch an unrelated host; False if it is gone."""
        if session.pidfd < 0:
            session.pidfd = pidfd_of(session.host_pid)
        self._watch(session.pidfd, lambda: self._host_is_gone(session))
        return session.pidfd >= 0 or is_alive(session.host_pid)

    def _kin(self) -> set[int]:
        """The processes that see their children's ends for us: this one, and the standby, which is its parent."""
        return {os.getpid(), os.getppid()} if self._replication.connection is not None else {os.getpid()}

    def children_of_kin(self) -> set[int]:
        """The children of this process and of the standby."""
        return {child for pid in self._kin() for child in proc.children(pid)}

    def watch_program(self, session: KeptSession) -> None:
        """Watch the program of a session that has no host, if the program is unrelated."""
        self._watch_child(session, self._kin())

    def _watch_child(self, session: KeptSession, kin: Collection[int]) -> None:
        if session.child_pidfd < 0:
            if not session.child_pid or session.header.exit_status is not None or parent_of(session.child_pid) in kin:
                return
            session.child_pidfd = pidfd_of(session.child_pid)
        self._watch(session.child_pidfd, lambda: self._child_is_gone(session))

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

    def _child_is_gone(self, session: KeptSession) -> None:
        """Handle the end of a program; if its host is dead too, no other process would."""
        pidfd, session.child_pidfd = session.child_pidfd, -1
        self._loop.unwatch(pidfd)
        status = exit_status.of_zombie(session.child_pid, None)
        if status is None:
            status = exit_status.of_reaped(pidfd)
        os.close(pidfd)
        if status is not None and session.header.exit_status is None:
            session.header.exit_status = status
        session.send_to_host(ChildEnded())

    def _host_is_gone(self, session: KeptSession) -> None:
        self.forget_host(session)
        self._host_ended(session, None)
