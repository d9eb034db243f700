"""Watch hosts and programs that are not our children, by pidfd."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

from session_host.keeper.event_loop import Loop
from session_host.keeper.kept_session import KeptSession
from session_host.keeper.standby.replication import StandbyReplication
from session_host.protocol.keeper import ChildEnded
from session_host.system.processes import exit_status

from .children import children_of, is_alive, parent_of, pidfd_of

GREETING_S = 0.1
"""A keeper that takes the place of another does first what is urgent; then it greets the hosts."""


class UnrelatedProcesses:
    """Watches them, in the active keeper."""

    def __init__(
        self, loop: Loop, mirror: StandbyReplication, host_ended: Callable[[KeptSession, int | None], None]
    ) -> None:
        self._loop = loop
        self._mirror = mirror
        self._host_ended = host_ended

    def watch(self, ward: KeptSession) -> bool:
        """Watch what is a stranger of a session; False if its host is gone."""
        kin = self._kin()
        host_is_kin = ward.pidfd < 0 and parent_of(ward.host_pid) in kin
        is_there = host_is_kin or self.watch_host(ward)
        self._watch_child(ward, {*kin, ward.host_pid} if host_is_kin else kin)
        return is_there

    def watch_host(self, ward: KeptSession) -> bool:
        """Watch a host that is a stranger; False if it is gone."""
        if ward.pidfd < 0:
            ward.pidfd = pidfd_of(ward.host_pid)
        self._watch(ward.pidfd, lambda: self._host_is_gone(ward))
        return ward.pidfd >= 0 or is_alive(ward.host_pid)

    def _kin(self) -> set[int]:
        """Each of these learns the ends of its children: this process, and the standby, which is its parent."""
        return {os.getpid(), os.getppid()} if self._mirror.connection is not None else {os.getpid()}

    def children_of_kin(self) -> set[int]:
        """Their children."""
        return {child for pid in self._kin() for child in children_of(pid)}

    def watch_program(self, ward: KeptSession) -> None:
        """Watch the program of a session that has no host, if it is a stranger."""
        self._watch_child(ward, self._kin())

    def _watch_child(self, ward: KeptSession, kin: Collection[int]) -> None:
        if ward.child_pidfd < 0:
            if not ward.child_pid or ward.page.exit_status is not None or parent_of(ward.child_pid) in kin:
                return
            ward.child_pidfd = pidfd_of(ward.child_pid)
        self._watch(ward.child_pidfd, lambda: self._child_is_gone(ward))

    def _watch(self, pidfd: int, gone: Callable[[], None]) -> None:
        if pidfd >= 0 and not self._loop.is_watched(pidfd):
            self._loop.watch(pidfd, gone)

    def forget(self, ward: KeptSession) -> None:
        """Watch a session no more."""
        self.forget_host(ward)
        self._close(ward.child_pidfd)
        ward.child_pidfd = -1

    def forget_host(self, ward: KeptSession) -> None:
        """Watch a session's host no more."""
        self._close(ward.pidfd)
        ward.pidfd = -1

    def _close(self, pidfd: int) -> None:
        if pidfd >= 0:
            if self._loop.is_watched(pidfd):
                self._loop.unwatch(pidfd)
            os.close(pidfd)

    def _child_is_gone(self, ward: KeptSession) -> None:
        """A program has ended; should its host be dead too, nobody else looks."""
        pidfd, ward.child_pidfd = ward.child_pidfd, -1
        self._loop.unwatch(pidfd)
        status = exit_status.of_zombie(ward.child_pid, None)
        if status is None:
            status = exit_status.of_reaped(pidfd)
        os.close(pidfd)
        if status is not None and ward.page.exit_status is None:
            ward.page.exit_status = status
        ward.send_to_host(ChildEnded())

    def _host_is_gone(self, ward: KeptSession) -> None:
        self.forget_host(ward)
        self._host_ended(ward, None)
