"""The names of the keeper's services, and its two processes in the lock file.

The kernel does not tell which processes have the lock (fcntl(2), F_OFD_GETLK), and a listening socket names the process
that called listen(2), maybe a dead one.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from session_host.paths import runtime_dir
from session_host.system.processes import proc
from session_host.system.processes.identity import start_time


def lock_path() -> Path:
    """The lock file."""
    return runtime_dir() / "keeper.lock"


def service_prefix() -> str:
    """The prefix of the names of the keeper's services; each runtime directory has its own."""
    import hashlib  # most commands do not need it

    return f"outlive-keeper-{hashlib.sha256(os.fsencode(runtime_dir())).hexdigest()[:8]}"


def write_keeper_pids(descriptor: int, standby: int, active: int) -> None:
    """Write into the lock file which processes have the lock."""
    with contextlib.suppress(OSError):  # A full disk; the file only helps to find a keeper that cannot be reached.
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{standby} {active}".encode(), 0)


def read_keeper_pids(descriptor: int) -> list[int]:
    """Read the processes that ``write_keeper_pids`` wrote and that still exist, the standby first."""
    try:
        pids = [int(word) for word in os.pread(descriptor, 100, 0).split()]
    except (OSError, ValueError):
        return []
    return [pid for pid in pids if is_ours(pid)]


def find_keeper(known_pid: int) -> int:
    """The keeper's PID: ``known_pid`` if alive, else from the lock file; 0 for none."""
    if is_ours(known_pid):
        return known_pid
    try:
        descriptor = os.open(lock_path(), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return known_pid  # No keeper of this version.
    try:
        pids = read_keeper_pids(descriptor)
    finally:
        os.close(descriptor)
    return pids[-1] if pids else 0


def is_ours(pid: int) -> bool:
    """Whether the process runs (is no zombie) and is one of the product's."""
    try:
        return proc.name(pid).startswith("outlive-") and start_time(pid) is not None
    except OSError:
        return False
