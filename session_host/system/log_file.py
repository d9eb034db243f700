"""Opens a log, or another file that a process appends to."""

from __future__ import annotations

import errno
import os
import stat


def open_log(path: str | os.PathLike[str]) -> int:
    """Open a file to append to it, for its user alone; returns the descriptor.

    Raises:
        OSError: it cannot be opened, or is not a regular file: opening a FIFO waits for its reader.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    os.set_blocking(descriptor, True)
    return descriptor
