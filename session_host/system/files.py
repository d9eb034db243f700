"""Files: finds programs, opens and reads what others wrote, appends, replaces a whole file, locks, looks at entries."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import struct
import sys
from pathlib import Path
from typing import BinaryIO


def find_program(name: str, search_path: str) -> str | None:
    """The path of a program in these directories (joined by colons); None if none has it.

    Like ``shutil.which``; the import of ``shutil`` takes longer than most commands have to spare.
    """
    directories = search_path.split(os.pathsep) if search_path else []
    for directory in [""] if "/" in name else directories:
        path = Path(directory, name)
        if os.access(path, os.X_OK) and not path.is_dir():
            return str(path)
    return None


def is_directory(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a directory, or a link to one; false for one that cannot be read, as a link to itself."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def file_size(entry: os.DirEntry[str]) -> int:
    """The size of a file; 0 for one that vanished or cannot be read."""
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def replace_file(path: Path, data: bytes, *, is_durable: bool = False) -> None:
    """Write a private file (mode 0600) beside another, and let it take that file's place.

    Args:
        path: the file to replace; it may be missing.
        data: the new content.
        is_durable: wait until the content is on the disk.

    Raises:
        OSError: it cannot be written; the old content stays.
    """
    unfinished = path.with_suffix(".new")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # A disk that has become read-only takes nothing away either.
            unfinished.unlink(missing_ok=True)
        raise


def open_regular(path: str | os.PathLike[str], largest_bytes: int) -> BinaryIO:
    """Open a file for reading that another program may have made, or replaced by anything.

    Opening a FIFO would wait for its writer, and a device may have no end.

    Args:
        path: the file.
        largest_bytes: the size of the largest file that is opened. It may grow afterwards.

    Raises:
        OSError: it cannot be opened, is not a regular file (EINVAL), or is larger (EFBIG).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= largest_bytes:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISREG(status.st_mode):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), os.fspath(path))
    raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))


def read_regular(path: str | os.PathLike[str], largest_bytes: int) -> bytes:
    """The content of such a file.

    Raises:
        OSError: as ``open_regular``, and if it has grown beyond that size.
    """
    with open_regular(path, largest_bytes) as file:
        content = file.read(largest_bytes + 1)
    if len(content) > largest_bytes:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), os.fspath(path))
    return content


def copy_regular(source: str | os.PathLike[str], target: str | os.PathLike[str], largest_bytes: int) -> None:
    """Copy such a file to a new one, which is its user's alone.

    Raises:
        OSError: as ``open_regular``; the target cannot be written, or exists.
    """
    import shutil  # rarely needed

    with open_regular(source, largest_bytes) as original:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as copy:
            shutil.copyfileobj(original, copy)


def open_log(path: str | os.PathLike[str]) -> int:
    """Open a file to append to it, for its user alone; returns the descriptor.

    Raises:
        OSError: it cannot be opened, or is not a regular file: opening a FIFO waits for its reader.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    os.set_blocking(descriptor, True)
    return descriptor


def append(path: Path, data: bytes) -> None:
    """Append to a file.

    Raises:
        OSError: as ``open_log``, or it cannot be written.
    """
    with os.fdopen(open_log(path), "ab") as file:
        file.write(data)


def is_read_only(directory: Path) -> bool:
    """Whether nothing can be written in a directory because its file system is read-only, as after an error of a disk.

    A file system that has become so may not say it in its flags, so this tries.
    """
    import tempfile  # rarely needed

    try:
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        return error.errno == errno.EROFS
    return False


_NEAR_BYTES = 4 * 1024 * 1024


def size_limit(largest_bytes: int = 0) -> str:
    """One line about the limit of files' sizes, which this process has from its shell, and what to do.

    Args:
        largest_bytes: the size of the file that could not be written. With a limit far above it, the disk is to blame.

    Returns:
        "" without such a limit.
    """
    import resource  # rarely needed

    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit == resource.RLIM_INFINITY or limit > largest_bytes + _NEAR_BYTES:
        return ""
    return f"this shell limits files to {limit:,} bytes (ulimit -f); nothing is lost, use another shell"


_FORM = "hhqqi4x"
"""A ``struct flock``."""

_WHOLE_FILE = struct.pack(_FORM, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0) if sys.platform == "linux" else b""
_WHOLE_FILE_SHARED = struct.pack(_FORM, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0) if sys.platform == "linux" else b""


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


def share_lock(descriptor: int) -> None:
    """Lock the whole file together with others that do so, as long as it is open; see ``is_locked``.

    Nothing happens on a file system without such locks, and while another open file has the lock alone.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE_SHARED)
