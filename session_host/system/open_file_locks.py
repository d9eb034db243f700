"""Open file description locks (fcntl(2), F_OFD_SETLK): inherited by fork, released with the last descriptor."""

from __future__ import annotations

import fcntl
import os
import struct
import sys

_FORM = "hhqqi4x"
"""A ``struct flock``."""

_WHOLE_FILE = struct.pack(_FORM, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0) if sys.platform == "linux" else b""


def is_locked(descriptor: int) -> bool:
    """Whether another open file or process has locked the file; False if the system cannot tell."""
    if sys.platform != "linux":
        return False
    found: int = struct.unpack(_FORM, fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE))[0]
    return found != fcntl.F_UNLCK


def lock_open_file(descriptor: int) -> None:
    """Lock the whole file exclusively (fcntl(2), F_OFD_SETLK).

    Raises:
        BlockingIOError: another open file has the lock.
        OSError: the file does not support such locks.
    """
    if sys.platform == "linux":
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_byte(descriptor: int, byte: int) -> None:
    """Lock one byte of the file exclusively; it need not exist. On other systems than Linux, the whole file.

    Raises:
        BlockingIOError: another open file has the lock.
        OSError: the file does not support such locks.
    """
    if sys.platform == "linux":
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FORM, fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0))
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def unlock_byte(descriptor: int, byte: int) -> None:
    """Release the lock of ``lock_byte``.

    Raises:
        OSError: the file does not support such locks.
    """
    if sys.platform == "linux":
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FORM, fcntl.F_UNLCK, os.SEEK_SET, byte, 1, 0))
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
