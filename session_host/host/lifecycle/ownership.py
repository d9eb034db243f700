"""The session lock: one host per session at a time."""

from __future__ import annotations

import fcntl
import os
import sys

from session_host.system.files import lock_open_file
from session_host.system.processes import proc

_owned: dict[tuple[int, int], int] = {}
"""The open files that have the lock, by the device and inode of the input log; open until ``unlock_session``."""


def try_lock_session(input_log: int) -> bool:
    """Take the session's lock; returns whether this process is the session's one host now.

    The lock belongs to an open file that only this process has: the input log is opened again for it. The kernel
    releases it when the process ends. A record lock would be released when any descriptor of the file is closed.
    """
    key = _key(input_log)
    if key in _owned:
        return True
    try:
        own = os.open(proc.descriptor_path(input_log), os.O_RDWR | os.O_CLOEXEC) if sys.platform == "linux" else -1
    except FileNotFoundError:  # No /proc here.
        own = -1
    try:
        if own >= 0:
            lock_open_file(own)
            _owned[key] = own
        else:
            fcntl.lockf(input_log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if own >= 0:
            os.close(own)
        return False
    return True


def unlock_session(input_log: int) -> None:
    """Release the session's lock."""
    own = _owned.pop(_key(input_log), -1)
    if own >= 0:
        os.close(own)


def _key(input_log: int) -> tuple[int, int]:
    status = os.fstat(input_log)
    return status.st_dev, status.st_ino
