"""A journal's directory; only its user may read it.

The directory stays open, and files in it are only reached by its descriptor. A symbolic link, a file that is not
regular, or another user's file is never followed, read or written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Self

from session_host.errors import OutliveError, StoreError
from session_host.paths import ensure_private

from .segments import decode_head, decode_snapshot, encode_snapshot, packed, unpacked

LOG: Final = "log"
SNAPSHOT: Final = "snapshot"

_NAME: Final = re.compile(r"([0-9]{8})\.(log|snapshot)")
_UNFINISHED: Final = ".new"
_MAX_BYTES: Final = 512 * 1024 * 1024
"""Maximum number of bytes read from a file."""

PACKED_FROM_BYTES: Final = 4096
"""Smaller files are not compressed: they take a block of the disk in any case."""

MAX_PIECES: Final = 1000
"""A write takes 1024 pieces at most (IOV_MAX)."""


def file_name(number: int, kind: str) -> str:
    """The name of a segment's file."""
    return f"{number:08}.{kind}"


class NotRegularFile(OSError):
    """The path is not a regular file of this user."""


class Folder:
    """A journal's directory, open. A context manager."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def make(cls, path: Path) -> Folder:
        """Open the directory to write in it; create it if it is missing, for its user alone.

        Raises:
            StoreError: it cannot be created, or cannot be trusted.
        """
        try:
            ensure_private(path)
        except StoreError:
            raise
        except OutliveError as error:
            raise StoreError(str(error)) from error
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StoreError(f"{path}: the disk is full, so there is no recording; free some space") from error
            raise StoreError(f"{path}: {error.strerror}; check the directory's owner and permissions") from error
        found = cls.find(path)
        if found is None:
            raise StoreError(f"{path}: removed while opening it")
        return found

    @classmethod
    def find(cls, path: Path) -> Folder | None:
        """Open the directory if there is one.

        Raises:
            StoreError: it is no directory, a symbolic link, or another user's.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path}: cannot open the directory ({error.strerror}); move it away") from error
        if os.fstat(descriptor).st_uid != os.geteuid():
            os.close(descriptor)
            raise StoreError(f"{path}: belongs to another user; move it away")
        return cls(path, descriptor)

    @property
    def is_removed(self) -> bool:
        """Whether the open directory was removed."""
        return not os.fstat(self._descriptor).st_nlink

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the directory; may be called twice."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    # The methods below raise OSError, which the callers put into the user's words.

    def numbers(self, kind: str) -> list[int]:
        """The segments that have a file of this kind, oldest first."""
        found = map(_NAME.fullmatch, self._names())
        return sorted(int(match[1]) for match in found if match and match[2] == kind)

    def size(self, number: int, kind: str) -> int:
        """A file's size in bytes, 0 if there is none."""
        try:
            return os.lstat(file_name(number, kind), dir_fd=self._descriptor).st_size
        except FileNotFoundError:
            return 0

    def load(self, number: int, kind: str, max_bytes: int = _MAX_BYTES) -> bytes:
        """Read a file's content, or its beginning if it is too long."""
        descriptor = self._open(file_name(number, kind), os.O_RDONLY)
        try:
            return read_whole(descriptor, max_bytes)
        finally:
            os.close(descriptor)

    def load_log(self, number: int) -> tuple[bytes, bool]:
        """Read a segment, with its records unpacked; and whether it is whole."""
        return unpacked(self.load(number, LOG), _MAX_BYTES)

    def pack(self, number: int) -> None:
        """Compress a segment that is no longer written to, and its snapshot, if that is worth it."""
        if self.size(number, LOG) >= PACKED_FROM_BYTES:
            data = self.load(number, LOG)
            head = decode_head(data)
            if head is not None and not head.is_newer and not head.is_packed:
                self.save(number, LOG, packed(head, data), is_synced=True)
        if self.size(number, SNAPSHOT) >= PACKED_FROM_BYTES:
            snapshot = decode_snapshot(data := self.load(number, SNAPSHOT))
            if snapshot is not None and len(snapshot.data) >= len(data) // 2:
                self.save(number, SNAPSHOT, encode_snapshot(snapshot, is_packed=True), is_synced=True)

    def open_log(self, number: int) -> int:
        """Open a segment to append to it."""
        return self._open(file_name(number, LOG), os.O_RDWR)

    def create_log(self, number: int, head: bytes) -> int:
        """Create a segment with its head, wholly or not at all; replaces a file of this name."""
        self.remove(number, LOG)
        name = file_name(number, LOG)
        descriptor = self._open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            write_whole(descriptor, [head], 0)
        except OSError:
            os.close(descriptor)
            self._remove(name)
            raise
        return descriptor

    def save(self, number: int, kind: str, pieces: Iterable[bytes], *, is_synced: bool = False) -> int:
        """Write a file in place of the present one, wholly or not at all; returns its size in bytes.

        Args:
            number: the segment.
            kind: LOG or SNAPSHOT.
            pieces: its content.
            is_synced: it is on the disk before it takes the other's place.
        """
        name = file_name(number, kind)
        unfinished = name + _UNFINISHED
        self._remove(unfinished)
        length = 0
        try:
            descriptor = self._open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            try:
                for piece in pieces:
                    length += write_whole(descriptor, [piece], length)
                if is_synced:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.rename(unfinished, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                self._remove(unfinished)
            raise
        return length

    def remove(self, number: int, kind: str) -> None:
        """Remove a file, if it is there."""
        self._remove(file_name(number, kind))

    def remove_unfinished(self) -> None:
        """Remove files that a crash left half written."""
        for name in self._names():
            if name.endswith(_UNFINISHED) and _NAME.fullmatch(name.removesuffix(_UNFINISHED)):
                self._remove(name)

    def _names(self) -> list[str]:
        return os.listdir(self._descriptor)  # noqa: PTH208 - by the descriptor, which pathlib cannot

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def _open(self, name: str, flags: int) -> int:
        # Without O_NONBLOCK, the opening of a FIFO would wait for its other end.
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            descriptor = os.open(name, flags, 0o600, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotRegularFile(errno.ELOOP, "it is a symbolic link", name) from error
            raise
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            os.close(descriptor)
            raise NotRegularFile(errno.EPERM, "it is no regular file of this user", name)
        if stat.S_IMODE(status.st_mode) & 0o077 and flags & (os.O_RDWR | os.O_WRONLY):
            os.fchmod(descriptor, 0o600)
        return descriptor


def read_whole(descriptor: int, max_bytes: int = _MAX_BYTES) -> bytes:
    """A file's content, from its beginning. It is read rather than mapped: its writer may cut it at any moment.

    Raises:
        OSError: as read(2).
    """
    wanted = min(os.fstat(descriptor).st_size, max_bytes)
    data = os.pread(descriptor, wanted, 0)
    if len(data) == wanted:
        return data
    parts, offset = [data], len(data)
    while offset < wanted and (more := os.pread(descriptor, wanted - offset, offset)):
        parts.append(more)
        offset += len(more)
    return b"".join(parts)


def write_whole(descriptor: int, pieces: Sequence[bytes | memoryview], offset: int) -> int:
    """Write pieces one after another from ``offset`` on; a short write is continued.

    Returns:
        The number of written bytes.

    Raises:
        OSError: as write(2); some of it may have been written.
    """
    total = sum(map(len, pieces))
    if len(pieces) > MAX_PIECES:
        pieces = [b"".join(pieces)]
    written = os.pwritev(descriptor, pieces, offset)
    if written < total:
        rest = memoryview(b"".join(pieces))
        while written < total:
            # A disk that is full takes less, and says so at the next call.
            taken = os.pwrite(descriptor, rest[written:], offset + written)
            if not taken:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            written += taken
    return total


def listed_sizes(path: Path) -> Iterator[int]:
    """The sizes of a journal's files in bytes, none if there is no journal; quick, for lists of sessions."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name.removesuffix(_UNFINISHED)) and entry.is_file(follow_symlinks=False):
                    yield entry.stat(follow_symlinks=False).st_size
    except OSError:
        return  # No journal, or none that we may look at.
