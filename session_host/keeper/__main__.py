"""The keeper's start: ``python -P -m session_host.keeper``, by ``keeper_client.discovery``.

``--check`` loads everything and exits; ``--continue FD`` continues with the state of a former version;
``--restore LIMIT`` continues with descriptors from the user's systemd (``standby.systemd_holder``).
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from session_host.keeper_client.discovery import connect_to_keeper
from session_host.keeper_client.names import noted_keepers
from session_host.paths import ensure_private, keeper_log, keeper_socket, runtime_dir
from session_host.storage.descriptors.session_descriptors import bind
from session_host.system.log_rotation import RotatingHandler
from session_host.system.systemd import enter
from session_host.system.systemd.descriptor_store import take_received

from .event_loop import Loop
from .exec_upgrade import ARGUMENT, InheritedState, exec_new_version, read_inherited_state, restore_inherited_state
from .keeper import Keeper
from .pair import ActiveStandbyPair, dismiss
from .processes.forking import become_subreaper, log_to, raise_open_files, return_large_blocks, set_process_name
from .processes.prefork import preload
from .sockets import open_lock, take_lock
from .standby import systemd_holder
from .standby.systemd_holder import SystemdHolder, leave_former_service, restored

log = logging.getLogger(__name__)


LEAVING_S = 5.0
"""How long to wait for a former keeper that does not answer and may be leaving."""


def alone() -> int | None:
    """Take the keeper's lock.

    A process that has the lock and cannot be reached (its socket was removed, or it is leaving) is asked to leave; its
    hosts will then connect to us. Returns None if that process does not leave, or can be reached.
    """
    descriptor = open_lock()
    began_s = time.monotonic()
    asked = False
    while True:
        if take_lock(descriptor):
            return descriptor
        waited_s = time.monotonic() - began_s
        if waited_s > LEAVING_S or takes_calls():
            os.close(descriptor)
            return None
        if waited_s > LEAVING_S / 5 and not asked:
            asked = True
            ask_to_leave(descriptor)
        time.sleep(0.01)


def takes_calls() -> bool:
    """Whether a keeper can be reached."""
    pipe = connect_to_keeper()
    if pipe is not None:
        pipe.close()
    return pipe is not None


def ask_to_leave(lock: int) -> None:
    """Signal the processes that have the lock."""
    pids = noted_keepers(lock)
    if sys.platform == "linux":  # Elsewhere, another layout of struct flock.
        flock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        # A keeper of a former version has a record lock; the kernel returns its owner.
        pids.append(struct.unpack("hhqqi4x", fcntl.fcntl(lock, fcntl.F_GETLK, flock))[4])
    for pid in pids:
        if pid > 0:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def detach() -> None:
    """Daemonize: fork, setsid and change to /."""
    if os.fork() > 0:
        os._exit(0)
    os.setsid()
    os.chdir("/")


def become_background() -> None:
    """Redirect stdin and stdout to /dev/null; the closed pipe tells the starter that the keeper listens."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)


class Start(NamedTuple):
    """The state that a keeper starts with.

    Attributes:
        lock: the descriptor of the lock file, which is locked.
        listener: the keeper's socket.
        open_files: the programs' soft limit of open files.
        kept: the state of a former version.
        received: descriptors from the user's systemd, by session id.
    """

    lock: int
    listener: socket.socket
    open_files: int
    kept: InheritedState | None = None
    received: Mapping[str, Sequence[int]] = {}


def _start(arguments: list[str]) -> Start | None:
    """Take the lock and bind the socket; None if another keeper has it."""
    received = take_received(os.environ)
    if arguments[:1] == [ARGUMENT]:
        kept = read_inherited_state(int(arguments[1]))
        return Start(kept.lock, socket.socket(fileno=kept.listener), kept.open_files, kept)
    ensure_private(runtime_dir())
    restores = arguments[:1] == [systemd_holder.ARGUMENT]
    if restores:
        if not received:
            return None
        os.chdir("/")
        log_to(str(keeper_log()))
    else:
        detach()
        if systemd_holder.is_restoring():
            return None
    while (lock := alone()) is None:
        if not received or systemd_holder.are_kept(received):
            return None
        # Without this process systemd would drop the descriptors. Another keeper started at the same time.
        log.warning("another keeper lives, which does not have what systemd held")
        time.sleep(systemd_holder.LOOK_AGAIN_S)
    open_files = raise_open_files()
    if restores and arguments[1:]:
        open_files = int(arguments[1])
    return Start(lock, bind(keeper_socket()), open_files, None, received)


def main(arguments: list[str]) -> int:
    """Run the keeper; returns its exit status."""
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if arguments == ["--check"]:
        preload()
        return 0
    start = _start(arguments)
    if start is None:
        return 0
    # Log lines do not show these, so logging need not look for them.
    logging.logThreads = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - as the logging HOWTO has it
    level = logging.DEBUG if os.environ.get("OUTLIVE_LOG_LEVEL") == "debug" else logging.INFO
    logging.basicConfig(level=level, handlers=[RotatingHandler()])
    set_process_name("outlive-keeper")
    return_large_blocks()
    if not become_subreaper():
        log.warning("no subreaper here: if a host is killed, its program may end unnoticed")
    kept, lock = start.kept, start.lock
    holder = SystemdHolder()
    if kept is not None:
        leave_former_service([each.spec.session_id for each in kept.sessions])
    preload()
    loop = Loop(start.listener, keeper_socket())
    keeper = Keeper(loop, start.open_files, partial(exec_new_version, lock), holder)
    if kept is not None:
        restore_inherited_state(keeper, kept)
        if not take_lock(lock):  # A former version's was of another kind.
            log.warning("the lock is another process's")
        if kept.standby >= 0:
            dismiss(kept.standby)
    if start.received:
        holder.set_service()
        for session in restored(start.received, holder):
            keeper.sessions[session.id] = session
    else:
        _enter_unit(holder, start.open_files)
        for session in tuple(keeper.sessions.values()):
            keeper.replication.add_session(session)
    ActiveStandbyPair(keeper, lock, become_background).run()
    return 0


def _enter_unit(holder: SystemdHolder, open_files: int) -> None:
    """Enter a unit of the user's systemd: a service with a descriptor store, else a scope."""
    service = holder.begin(open_files)
    log.info("%s", service)
    if service.startswith("no service"):
        log.info("scope: %s", enter(f"outlive-keeper-{os.getpid()}.scope", "Outlive: keeper", [os.getpid()]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
