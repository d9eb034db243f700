"""Forks a host from the keeper, within a millisecond and with the engine loaded."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from functools import cache

from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.system.files import open_log

log = logging.getLogger(__name__)

_PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 15, 36
"""prctl(2)."""

FAILED = 70
PACKETS = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM
"""One message per packet, so that a new reader never starts inside a message. macOS has no such sockets."""

_NO_DESCRIPTOR = 2**31 - 2
"""Higher than any descriptor of a process."""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def set_process_name(name: str) -> None:
    """Set the name that ``ps -o comm`` shows; at most 15 bytes."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def become_subreaper() -> bool:
    """Become a subreaper for orphaned descendants; False if the system has none."""
    return sys.platform == "linux" and bool(_libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def raise_open_files() -> int:
    """Raise this process's limit of open files; returns the previous limit, which programs get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.warning("no more than %d descriptors: %s", soft, error)
    return soft


def fork_host(
    descriptors: SessionDescriptors,
    slave: int,
    log_path: str,
    run: Callable[[socket.socket], int],
    *,
    on_fork: Callable[[int, socket.socket], None] = lambda *_: None,
) -> tuple[int, socket.socket]:
    """Fork a process that has this session's descriptors, a channel to us, and nothing else of ours.

    It begins once ``on_fork`` has returned. If we are killed before that, it exits, so that no unknown host is left.

    Args:
        descriptors: the session's; they stay open in both processes.
        slave: the PTY's other side, or -1.
        log_path: where the host's standard error goes.
        run: the host; returns its exit status. It never returns to our code.
        on_fork: called with the values that this function returns.

    Returns:
        The host's PID and our end of the channel.

    Raises:
        OSError: the system has no process or no descriptors left.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, PACKETS)
    try:
        gate, gate_write = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(gate)
            os.close(gate_write)
            raise
    except OSError:
        ours.close()
        theirs.close()
        raise
    if pid:
        theirs.close()
        os.close(gate)
        try:
            on_fork(pid, ours)
        finally:
            os.write(gate_write, b"\0")
            os.close(gate_write)
        return pid, ours
    status = FAILED
    try:
        os.close(gate_write)
        if not os.read(gate, 1):
            os._exit(status)
        _forget_parent({*descriptors.present, slave, theirs.fileno()}, log_path)
        status = run(theirs)
    except BaseException:
        log.exception("the host failed")
    finally:
        logging.shutdown()
        # Not the finalizers of the parent's objects.
        os._exit(status)


def _forget_parent(inherited: set[int], log_path: str) -> None:
    """Close the parent's descriptors, leave its process group, and log to a file of our own."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    _close_others(inherited)
    log_to(log_path)
    set_process_name("outlive-host")


@cache
def _closes_ranges() -> bool:
    """Whether the C library and the kernel have close_range(2): then ``os.closerange`` is fast."""
    close_range = getattr(_libc(), "close_range", None)
    return close_range is not None and close_range(_NO_DESCRIPTOR, _NO_DESCRIPTOR, 0) == 0


def _close_others(inherited: set[int]) -> None:
    """Close all descriptors except the standard ones and these; the keeper has some thirteen a session."""
    # Listing the descriptors takes long, and costs each host memory.
    last = _NO_DESCRIPTOR if _closes_ranges() else max(map(int, os.listdir("/dev/fd")))  # noqa: PTH208
    first = 3
    for descriptor in sorted(each for each in inherited if each > 2):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, last + 1)


def log_to(path: str) -> None:
    """Write standard error to the end of a file from now on."""
    try:
        descriptor = open_log(path)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)  # A full disk is no reason not to start.
    os.dup2(descriptor, 2)
    os.close(descriptor)
