"""Active/standby pair: the active keeper does the work; the standby holds the same descriptors and waits.

The standby is the parent, and a subreaper: when the active keeper dies, its hosts and their programs become the
standby's children, and no exit status is lost. After each death, one fork restores the pair::

    the active keeper dies    the standby forks another; it knows every session (``replication``)
    the standby dies          the active keeper forks another active keeper, and becomes the standby itself

Hosts do not notice: the keeper's ends of their channels stay open in the other process, and a host's messages
stay in its channel until they are handled. When both die at once, a host starts another keeper
(``keeper_client.discovery``).
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from session_host.keeper_client.channel import write_keeper_pids
from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.system.inotify import make_inotify

from . import replication
from .child_processes import ended_children, reap_and_store_status
from .host_forks import become_subreaper, set_process_name
from .keeper import Keeper
from .kept_session import KeptSession, KeptSessionState, read_spec
from .replication import (
    ChildReaped,
    KeeperLeaving,
    ListenerRebound,
    LockReplaced,
    SessionAdded,
    SessionRebound,
    SessionRemoved,
    SessionUpdated,
    StatusSaved,
)
from .sockets import RuntimeDirectory

log = logging.getLogger(__name__)

RETRY_S = 1.0
"""If the second process cannot be forked, the first one tries again after this time."""

DISMISSAL_TIMEOUT_S = 1.0


class ActiveStandbyPair:
    """Runs the keeper as two processes; each has a copy of this object."""

    def __init__(self, keeper: Keeper, lock: int, on_ready: Callable[[], None]) -> None:
        """Make the pair from one process; ``run`` forks the second.

        Args:
            keeper: the sessions.
            lock: the descriptor of the lock file, which is locked.
            on_ready: called in each process once it has its role.
        """
        self._keeper = keeper
        self._loop = keeper.loop
        self._lock = lock
        self._on_ready = on_ready
        # Both processes have the file open, so the exit of one does not wait until the kernel has closed it.
        self._inotify = make_inotify()

    def run(self) -> None:
        """Run as the active keeper or the standby; returns when the keeper exits."""
        while True:
            try:
                used, child = _fork()
            except OSError as error:
                log.warning("no process for a standby: %s", error)
                if self._run_active(None):
                    return
                continue
            with used:
                if self._run_standby(used, child) if child else self._run_active(used):
                    return

    # ------------------------------------------------------------ the active keeper

    def _run_active(self, standby: socket.socket | None) -> bool:
        """Run as the active keeper. Returns True if the keeper exits, False if the standby has died."""
        keeper, loop = self._keeper, self._loop
        set_process_name("outlive-keeper")
        with suppress(PermissionError):  # It is a session leader already.
            os.setsid()
        become_subreaper()  # A fork does not inherit this.
        loop.renew()
        self._on_ready()
        keeper.replication.set_standby(standby)
        if standby is None:
            loop.call_later(RETRY_S, loop.pause)
        else:
            loop.watch(standby, lambda: self._on_standby_readable(standby))
        directory = RuntimeDirectory(loop, keeper.sockets, self._lock, keeper.replication, self._inotify)
        keeper.become_active()
        log.info("this process is the active keeper")
        over = loop.run(keeper)
        if over:
            keeper.replication.send_change(KeeperLeaving())
        directory.close()
        if standby is not None:
            loop.unwatch(standby)
        keeper.replication.set_standby(None)
        return over

    def _on_standby_readable(self, standby: socket.socket) -> None:
        try:
            while (received := replication.read(standby)) is not None:
                match received[0]:
                    case ChildReaped(pid=pid, status=status):
                        self._keeper.child_ended(pid, status)
                    case StatusSaved(session_id=session_id) if session_id in self._keeper.sessions:
                        self._keeper.program_ended(self._keeper.sessions[session_id])
        except EOFError:
            log.warning("the standby is gone; another process becomes the keeper, and this one the standby")
            self._loop.pause()

    # ------------------------------------------------------------ the standby

    def _run_standby(self, active: socket.socket, child: int) -> bool:
        """Run as the standby of ``child``. Returns True if the keeper exits, False if the active one has died."""
        set_process_name("outlive-standby")
        self._on_ready()
        self._keeper.stand_by()
        write_keeper_pids(self._lock, os.getpid(), child)
        poll = select.poll()
        poll.register(active, select.POLLIN)
        poll.register(self._loop.wake, select.POLLIN)
        if self._reap_children(active, child):  # Children that ended before.
            return False
        while True:
            events = poll.poll()
            if signal.SIGTERM in self._loop.take_pending_signals():
                os.kill(child, signal.SIGTERM)
            try:
                if self._read_changes(active):
                    return True
            except EOFError:
                if any(descriptor == active.fileno() for descriptor, _ in events):
                    poll.unregister(active)  # Its death is reported by SIGCHLD.
            if self._reap_children(active, child):
                return False

    def _read_changes(self, active: socket.socket) -> bool:
        """Apply the active keeper's changes; returns whether it exits.

        Raises:
            EOFError: its connection is closed.
        """
        while (received := replication.read(active)) is not None:
            change, descriptors = received
            if isinstance(change, KeeperLeaving):
                return True
            try:
                self._apply_change(change, descriptors)
            except Exception:
                log.exception("the standby failed to apply %s", type(change).__name__)
        return False

    def _apply_change(self, change: replication.Message, descriptors: list[int]) -> None:
        keeper = self._keeper
        match change:
            case SessionAdded():
                spec, *received = descriptors
                slave = received.pop() if change.slave else -1
                passed = SessionDescriptors(*received)
                session = KeptSession(read_spec(spec), passed, LogHeader(passed.input_log), slave)
                keeper.sessions[session.id] = session
            case SessionUpdated():
                self._apply_session_change(keeper.sessions[change.session_id], change, descriptors)
            case SessionRebound(session_id=session_id):
                session = keeper.sessions[session_id]
                session.is_rebound = True
                os.dup2(descriptors[0], session.descriptors.listener, inheritable=False)
                os.close(descriptors[0])
            case SessionRemoved(session_id=session_id):
                keeper.release_session(keeper.sessions[session_id])
            case ListenerRebound():
                self._loop.set_listener(socket.socket(fileno=descriptors[0]))
            case LockReplaced():
                os.dup2(descriptors[0], self._lock, inheritable=False)
                os.close(descriptors[0])

    def _apply_session_change(self, session: KeptSession, change: SessionUpdated, descriptors: list[int]) -> None:
        session.state = KeptSessionState[change.state]
        session.host_pid, session.child_pid = change.host_pid, change.child_pid
        session.version, session.protocol, session.report = change.version, change.protocol, change.report
        if session.state is not KeptSessionState.STARTING:
            session.close_slave()
        if descriptors or not session.host_pid:
            self._keeper.channels.drop(session, session.channel)
        if descriptors:
            self._keeper.add_channel(session, socket.socket(fileno=descriptors[0]))

    def _reap_children(self, active: socket.socket, child: int) -> bool:
        """Reap children and report their ends; returns whether the active keeper is among them."""
        has_active_ended = False
        for pid, status in ended_children():
            if pid == child:
                log.warning("the active keeper %d ended, status %s; another takes its place", child, status)
                os.waitpid(pid, 0)
                has_active_ended = True
            with suppress(EOFError):  # Apply its changes before the deaths of its hosts.
                self._read_changes(active)
            if pid != child:
                owner = reap_and_store_status(self._keeper.sessions.values(), pid, status)
                for session in self._keeper.sessions.values():
                    if session.host_pid == pid:
                        session.host_pid = 0
                        self._keeper.channels.drop(session, session.channel)
                self._send(active, StatusSaved(owner.id) if owner is not None else ChildReaped(pid, status))
        return has_active_ended

    def _send(self, active: socket.socket, change: replication.Change) -> None:
        with suppress(OSError):  # A dead active keeper needs no message; the next one finds out by itself.
            replication.send_change(active, change, wait_s=replication.SEND_TIMEOUT_S)


def dismiss(connection: int) -> None:
    """Ask the standby of an earlier version (our parent) to exit."""
    with socket.socket(fileno=connection) as standby:
        standby.settimeout(DISMISSAL_TIMEOUT_S)
        with suppress(OSError):
            replication.send_change(standby, KeeperLeaving(), wait_s=DISMISSAL_TIMEOUT_S)
        try:
            while standby.recv(65536):
                pass
        except TimeoutError:
            log.warning("the previous standby does not exit")
            replication.end_parent()
        except OSError:
            pass  # It is gone.


def _fork() -> tuple[socket.socket, int]:
    """Fork; returns the connection to the other process, and in the parent the child's PID, in the child 0.

    Raises:
        OSError: there are too many processes, or this one has too many open files.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        child = os.fork()
    except OSError:
        ours.close()
        theirs.close()
        raise
    used, other = (ours, theirs) if child else (theirs, ours)
    other.close()
    return used, child
