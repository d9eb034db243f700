"""The keeper's start: ``python -P -m session_host.keeper``, by ``keeper_client.discovery``.

``--check`` loads everything and exits; ``--continue FD`` continues with the state of an earlier version.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from session_host.keeper_client.channel import read_keeper_pids
from session_host.keeper_client.discovery import connect_to_keeper
from session_host.paths import ensure_private, keeper_socket, runtime_dir
from session_host.system.freed_memory import keep_freed_memory
from session_host.system.log_rotation import RotatingHandler
from session_host.system.processes.chat_mark import remove_limit
from session_host.system.systemd import enter
from session_host.system.unix_sockets import bind_private

from .event_loop import Loop
from .exec_upgrade import ARGUMENT, InheritedState, exec_new_version, read_inherited_state, restore_inherited_state
from .host_forks import become_subreaper, preload, raise_open_files, set_process_name
from .keeper import Keeper
from .sockets import open_lock, take_lock
from .standby import ActiveStandbyPair, dismiss

log = logging.getLogger(__name__)


EXIT_TIMEOUT_S = 5.0
"""How long to wait for a previous keeper that does not answer and may be exiting."""


def take_keeper_lock() -> int | None:
    """Take the keeper's lock.

    A process that has the lock and cannot be reached (its socket was removed, or it is exiting) gets SIGTERM; its
    hosts will then connect to us. Returns None if that process does not exit, or can be reached.
    """
    descriptor = open_lock()
    began_s = time.monotonic()
    is_signalled = False
    while True:
        if take_lock(descriptor):
            return descriptor
        waited_s = time.monotonic() - began_s
        if waited_s > EXIT_TIMEOUT_S or is_keeper_reachable():
            os.close(descriptor)
            return None
        if waited_s > EXIT_TIMEOUT_S / 5 and not is_signalled:
            is_signalled = True
            terminate_lock_holders(descriptor)
        time.sleep(0.01)


def is_keeper_reachable() -> bool:
    """Whether a keeper can be reached."""
    channel = connect_to_keeper()
    if channel is not None:
        channel.close()
    return channel is not None


def terminate_lock_holders(lock: int) -> None:
    """Send SIGTERM to the processes that have the lock."""
    for pid in read_keeper_pids(lock):
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
    """Redirect stdin and stdout to /dev/null; the starter sees the closed pipe, and knows that the keeper listens."""
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
        inherited: the state of an earlier version.
    """

    lock: int
    listener: socket.socket
    open_files: int
    inherited: InheritedState | None = None


def _start(arguments: list[str]) -> Start | None:
    """Take the lock and bind the socket; None if another keeper has it."""
    if arguments[:1] == [ARGUMENT]:
        inherited = read_inherited_state(int(arguments[1]))
        return Start(inherited.lock, socket.socket(fileno=inherited.listener), inherited.open_files, inherited)
    ensure_private(runtime_dir())
    detach()
    lock = take_keeper_lock()
    if lock is None:
        return None
    return Start(lock, bind_private(keeper_socket()), raise_open_files())


def main(arguments: list[str]) -> int:
    """Run the keeper; returns its exit status."""
    os.umask(0o077)
    remove_limit()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if arguments == ["--check"]:
        preload()
        return 0
    if arguments[:1] == ["--restore"]:
        return 0  # A service of an earlier version, which held the descriptors, starts this when its keeper leaves it.
    start = _start(arguments)
    if start is None:
        return 0
    # Log lines do not contain these values, so logging need not collect them.
    logging.logThreads = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - as the logging HOWTO has it
    level = logging.DEBUG if os.environ.get("OUTLIVE_LOG_LEVEL") == "debug" else logging.INFO
    logging.basicConfig(level=level, handlers=[RotatingHandler()])
    set_process_name("outlive-keeper")
    keep_freed_memory()
    if not become_subreaper():
        log.warning("no subreaper here: if a host is killed, its program may end unnoticed")
    inherited, lock = start.inherited, start.lock
    preload()
    loop = Loop(start.listener, keeper_socket())
    keeper = Keeper(loop, start.open_files, partial(exec_new_version, lock))
    if inherited is not None:
        restore_inherited_state(keeper, inherited)
        if inherited.standby >= 0:
            dismiss(inherited.standby)
    log.info("scope: %s", enter(f"outlive-keeper-{os.getpid()}.scope", "Outlive: keeper", [os.getpid()]))
    ActiveStandbyPair(keeper, lock, become_background).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
