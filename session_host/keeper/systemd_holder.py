"""Back up the sessions' descriptors in systemd's file descriptor store (FDSTORE), if available.

The pair of keepers moves into a transient service. The service's main process is a shell that waits with flock(1) until
both keepers are dead. Then systemd restarts the service with the descriptors it holds; it becomes the next keeper::

    both keepers die ──▶ flock ends, the service fails ──▶ systemd starts ``--restore`` with the descriptors
    all of our processes die ──▶ the service fails ──▶ the same

So no session is lost if all of Outlive's processes are killed at once. If a host or command starts another keeper in
the meantime, that one exits (``is_restoring``): only the restored keeper knows the sessions with dead hosts.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from session_host.errors import OutliveError
from session_host.keeper_client.channel import service_prefix
from session_host.keeper_client.discovery import connect_to_keeper, keeper_argv, keeper_environment, request_keeper
from session_host.paths import runtime_dir
from session_host.protocol.keeper import KeeperStatus, Status
from session_host.protocol.launch import LaunchReport
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.input_log import LogHeader
from session_host.system.dbus.addresses import session_bus
from session_host.system.systemd import enter_service, held_by_services
from session_host.system.systemd.descriptor_store import DescriptorStore
from session_host.version import VERSION

from .kept_session import KeptSession, KeptSessionState, is_spec, read_spec

log = logging.getLogger(__name__)

ARGUMENT = "--restore"
RESTORE_TIMEOUT_S = 15.0
"""systemd starts the service after 0.05 s, and its Python takes 0.3 s; on a busy machine more. A caller waits 20 s."""

RETRY_INTERVAL_S = 0.02
STATUS_TIMEOUT_S = 1.0
ALIVE_LOCK_TIMEOUT_S = 2.0

_WAITING = """\
mkdir -p -m 700 "$(dirname "$0")"
if flock -n "$0" true; then [ -n "$LISTEN_FDS" ] && exec "$@"; exit 0; fi
flock "$0" true || sleep 5
exit 1
"""
"""The service's main process. While a keeper runs, it waits, and then fails, so that systemd restarts it. If no keeper
runs, it becomes the keeper; without stored descriptors it ends.
"""


class SystemdHolder:
    """Stores the sessions' descriptors in systemd's descriptor store; without a store, does nothing."""

    def __init__(self) -> None:
        self._store: DescriptorStore | None = None
        self._alive_lock = -1

    def start_service(self, open_files: int) -> str:
        """Start the service and enter it; returns its name, or a reason after "no service: ".

        Args:
            open_files: the programs' soft limit of open files, for the next keeper; the service's is higher.
        """
        if session_bus() is None:
            return "no service: no session bus"
        if shutil.which("flock") is None:
            return "no service: there is no flock(1)"
        if not self._take_alive_lock():
            return "no service: the keeper before is still ending"
        # Not an earlier version's name, since the command is another.
        unit = f"{service_prefix()}-{os.getpid()}-{time.monotonic_ns()}.service"
        argv = ["/bin/sh", "-c", _WAITING, str(_alive_path()), *keeper_argv(), ARGUMENT, str(open_files)]
        result = enter_service(unit, argv, keeper_environment(), [os.getpid()])
        if not result.entered:
            return f"no service: {result.reason}"
        self.set_service()
        return unit

    def set_service(self) -> None:
        """Store descriptors in the service that this process is in."""
        self._take_alive_lock()
        try:
            self._store = DescriptorStore()
        except OSError as error:
            log.warning("systemd takes no descriptors: %s", error)

    def check(self) -> None:
        """Take the lock again if its file was removed, since a restarted service waits for the lock."""
        try:
            if self._alive_lock < 0 or os.path.samestat(Path(_alive_path()).lstat(), os.fstat(self._alive_lock)):
                return
        except FileNotFoundError:
            pass
        previous, self._alive_lock = self._alive_lock, -1
        try:
            self._take_alive_lock()
        finally:
            if self._alive_lock < 0:
                self._alive_lock = previous
            else:
                os.close(previous)

    def _take_alive_lock(self) -> bool:
        """Take the lock that the service waits for; forks of this process share it."""
        if self._alive_lock >= 0:
            return True
        descriptor = os.open(_alive_path(), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        deadline_s = time.monotonic() + ALIVE_LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # A process that waited for it has it for a moment.
                if time.monotonic() > deadline_s:
                    os.close(descriptor)
                    return False
                time.sleep(RETRY_INTERVAL_S)
            else:
                self._alive_lock = descriptor
                return True

    def store_session(self, session_id: str, descriptors: Sequence[int]) -> None:
        """Store a session's descriptors; systemd stores each file once."""
        if self._store is not None:
            try:
                self._store.store_descriptors(session_id, descriptors)
            except OSError as error:
                log.warning("%s: systemd does not store it: %s", session_id, error)

    def remove_session(self, session_id: str) -> None:
        """Remove a session's descriptors from the store."""
        if self._store is not None:
            try:
                self._store.remove(session_id)
            except OSError as error:
                log.warning("%s: systemd does not remove it: %s", session_id, error)


def leave_previous_service(session_ids: Collection[str]) -> None:
    """Remove our descriptors from the earlier version's service."""
    previous = SystemdHolder()
    with suppress(OSError):
        previous._store = DescriptorStore()  # noqa: SLF001 - without its lock, which the earlier version has
    for session_id in session_ids:
        previous.remove_session(session_id)


def is_restoring() -> bool:
    """Wait for the keeper that systemd is about to start, if it has sessions; returns whether it started."""
    if not held_by_services(f"{service_prefix()}-*.service"):
        return False
    deadline_s = time.monotonic() + RESTORE_TIMEOUT_S
    while (channel := connect_to_keeper()) is None:
        if time.monotonic() > deadline_s:
            log.warning("systemd holds sessions, and starts no keeper")
            return False
        time.sleep(RETRY_INTERVAL_S)
    channel.close()
    return True


def has_all_sessions(session_ids: Collection[str]) -> bool:
    """Whether a keeper that can be reached has all of these sessions."""
    with suppress(OutliveError):
        answer = request_keeper(Status(), STATUS_TIMEOUT_S, find=connect_to_keeper)
        return isinstance(answer, KeeperStatus) and {each.session_id for each in answer.sessions} >= {*session_ids}
    return False


def restore_sessions(received: Mapping[str, Sequence[int]], holder: SystemdHolder) -> list[KeptSession]:
    """Rebuild sessions from descriptors that systemd handed back; hosts that still run will connect."""
    sessions = []
    for session_id, stored in received.items():
        try:
            sessions.append(_session_of(stored))
        except (OutliveError, OSError, ValueError, StopIteration) as error:
            log.warning("%s: cannot be restored: %s", session_id, error)
            holder.remove_session(session_id)
            for descriptor in stored:
                with suppress(OSError):
                    os.close(descriptor)
    return sessions


def _session_of(stored: Sequence[int]) -> KeptSession:
    spec = next(each for each in stored if is_spec(each))
    descriptors = session_descriptors.classify_descriptors(each for each in stored if each != spec)
    session = KeptSession(
        read_spec(spec), descriptors, LogHeader(descriptors.input_log), state=KeptSessionState.RUNNING, version=VERSION
    )
    session.child_pid = session.header.child
    if not session.child_pid or session.header.exit_saved:
        session.state = KeptSessionState.OVER
    session.report = LaunchReport(ok=True, child_pid=session.child_pid)
    return session


def _alive_path() -> str:
    return str(runtime_dir() / "keeper.alive")
