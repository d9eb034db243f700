"""The keeper's start: ``python -P -m session_host.keeper``, by ``link.finding``.

``--check`` loads everything and ends; ``--continue FD`` goes on with what a former version kept.
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
from contextlib import suppress
from functools import partial

from session_host.estate.descriptors import bind
from session_host.link.finding import find_keeper
from session_host.paths import ensure_private, keeper_socket, runtime_dir
from session_host.rotation import RotatingHandler
from session_host.scopes import enter

from .forking import become_subreaper, raise_open_files, set_process_name
from .keeper import Keeper
from .loop import Loop
from .pair import Pair, dismiss
from .reaching import noted_keepers, open_lock, take_lock
from .replacing import ARGUMENT, read_kept, replace_itself, take_up
from .warming import warm

log = logging.getLogger(__name__)


LEAVING_S = 5.0
"""A former keeper that takes no calls any more may be leaving; so long it is waited for."""


def alone() -> int | None:
    """Take the lock that there is one keeper under.

    Who has it already and takes no calls (its socket was removed, or it is leaving) is asked to leave: the
    hosts will come to us. None if it does not, or takes calls.
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
    """Whether there is a keeper that can be reached."""
    pipe = find_keeper()
    if pipe is not None:
        pipe.close()
    return pipe is not None


def ask_to_leave(lock: int) -> None:
    """Signal the processes that have the lock."""
    pids = noted_keepers(lock)
    if sys.platform == "linux":  # Elsewhere, another layout of struct flock.
        flock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        # A keeper of a former version has a record lock, of which the kernel tells the process.
        pids.append(struct.unpack("hhqqi4x", fcntl.fcntl(lock, fcntl.F_GETLK, flock))[4])
    for pid in pids:
        if pid > 0:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def detach() -> None:
    """Become a process that nobody's end can end: nobody's child, no terminal, no directory."""
    if os.fork() > 0:
        os._exit(0)
    os.setsid()
    os.chdir("/")


def become_background() -> None:
    """Point standard input and output at nothing; whoever waits for the output's end knows that we listen."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)


def main(arguments: list[str]) -> int:
    """Run the keeper; returns its exit status."""
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if arguments == ["--check"]:
        warm()
        return 0
    if arguments[:1] == [ARGUMENT]:
        kept = read_kept(int(arguments[1]))
        lock: int | None = kept.lock
        listener = socket.socket(fileno=kept.listener)
        open_files = kept.open_files
    else:
        kept = None
        detach()
        ensure_private(runtime_dir())
        lock = alone()
        if lock is None:
            return 0
        listener = bind(keeper_socket())
        open_files = raise_open_files()
    # What a line does not tell need not be looked for.
    logging.logThreads = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - as the logging HOWTO has it
    logging.basicConfig(level=logging.INFO, handlers=[RotatingHandler()])
    set_process_name("outlive-keeper")
    if not become_subreaper():
        log.warning("no subreaper here: a program whose host is killed may end unnoticed")
    assert lock is not None
    log.info("scope: %s", enter(f"outlive-keeper-{os.getpid()}.scope", "Outlive: keeper", [os.getpid()]))
    warm()
    loop = Loop(listener, keeper_socket())
    keeper = Keeper(loop, open_files, partial(replace_itself, lock))
    if kept is not None:
        take_up(keeper, kept)
        if not take_lock(lock):  # A former version's was of another kind.
            log.warning("the lock is another process's")
        if kept.standby >= 0:
            dismiss(kept.standby)
    Pair(keeper, lock, become_background).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
