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
"""A keeper that takes the place of another does first what is urgent; then it greets the hosts."""


class UnrelatedProcesses:
    """Watches them, in the active keeper."""

    def __init__(
        self, loop: Loop, replication: StandbyReplication, host_ended: Callable[[KeptSession, int | None], None]
    ) -> None:
        self._loop = loop
        self._replication = replication
        self._host_ended = host_ended

    def watch(self, session: KeptSession) -> bool:
        """Watch what is a stranger of a session; False if its host is gone."""
        kin = self._kin()
        host_is_kin = session.pidfd < 0 and parent_of(session.host_pid) in kin
        is_there = host_is_kin or self.watch_host(session)
        self._watch_child(session, {*kin, session.host_pid} if host_is_kin else kin)
        return is_there

    def watch_host(self, session: KeptSession) -> bool:
        """Watch a host that is a stranger; False if it is gone."""
        if session.pidfd < 0:
            session.pidfd = pidfd_of(session.host_pid)
        self._watch(session.pidfd, lambda: self._host_is_gone(session))
        return session.pidfd >= 0 or is_alive(session.host_pid)

    def _kin(self) -> set[int]:
        """Each of these learns the ends of its children: this process, and the standby, which is its parent."""
        return {os.getpid(), os.getppid()} if self._replication.connection is not None else {os.getpid()}

    def children_of_kin(self) -> set[int]:
        """Their children."""
        return {child for pid in self._kin() for child in proc.children(pid)}

    def watch_program(self, session: KeptSession) -> None:
        """Watch the program of a session that has no host, if it is a stranger."""
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
        """Watch a session no more."""
        self.forget_host(session)
        self._close(session.child_pidfd)
        session.child_pidfd = -1

    def forget_host(self, session: KeptSession) -> None:
        """Watch a session's host no more."""
        self._close(session.pidfd)
        session.pidfd = -1

    def _close(self, pidfd: int) -> None:
        if pidfd >= 0:
            if self._loop.is_watched(pidfd):
                self._loop.unwatch(pidfd)
            os.close(pidfd)

    def _child_is_gone(self, session: KeptSession) -> None:
        """A program has ended; should its host be dead too, nobody else looks."""
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
