"""Open file description locks (fcntl(2), F_OFD_SETLK): inherited by fork, released with the last descriptor.

Also finds file systems that refuse locks of any kind.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys
from pathlib import Path

_WHOLE_FILE = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0) if sys.platform == "linux" else b""
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


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


def lock_refusal(directory: Path, variable: str) -> str:
    """One line if the file system of a directory refuses file locks, as Lustre and NFS may; else "".

    Args:
        directory: the directory; if nothing can be written there, nothing is known.
        variable: the environment variable that names another directory.
    """
    import tempfile  # rarely needed

    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            why = f"{directory}: its file system refuses locks ({error.strerror})"
            return f"{why}; set {variable} to a directory on a local disk"
    return ""
