"""Open file description locks (fcntl(2), F_OFD_SETLK): inherited by fork, released with the last descriptor."""

from __future__ import annotations

import fcntl
import os
import struct
import sys

_WHOLE_FILE = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0) if sys.platform == "linux" else b""


def is_locked(descriptor: int) -> bool:
    """Whether another open file or process has locked the file; False if the system cannot tell."""
    if sys.platform != "linux":
        return False
    found: int = struct.unpack("hhqqi4x", fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE))[0]
    return found != fcntl.F_UNLCK


def lock_open_file(descriptor: int) -> None:
    """Lock the whole file exclusively (fcntl(2), F_OFD_SETLK).

    The lock conflicts with record locks (F_SETLK), which earlier versions used.

    Raises:
        BlockingIOError: another open file has the lock.
        OSError: the file does not support such locks.
    """
    if sys.platform == "linux":
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
