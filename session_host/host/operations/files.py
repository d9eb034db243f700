"""Reads and writes text files for an agent, inside of the chat's directory only. Blocks.

A path is resolved first, so links inside of the directory may be used. Then each part of the real path is opened from
its parent, and may be no link any more: a directory that another process replaces in between leads nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

READ_BYTES = 8 * 1024 * 1024
"""The most that is read at once."""

SEARCHED_BYTES = 1024 * 1024 * 1024
"""How far a file is searched for a line."""

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_LONGEST_NAME = 200
"""The temporary file repeats this much of the name, in characters."""


class FileRefused(Exception):
    """A file is not read or written; the message says why. ``missing``: there is none."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


def read_text(root: str, path: str, line: int = 1, lines: int | None = None) -> str:
    """Read a text file, or some of its lines.

    Args:
        root: the chat's directory.
        path: absolute.
        line: the first line, counted from 1.
        lines: how many; None for all.

    Raises:
        FileRefused: it is outside of the directory, missing, too long, or no text.
    """
    with _parent(root, path, make=False) as (folder, name):
        file = os.fdopen(os.open(name, os.O_RDONLY | _FILE, dir_fd=folder), "rb")
    with file:
        _check_kind(os.fstat(file.fileno()), path)
        if line <= 1 and lines is None:
            data = file.read(READ_BYTES + 1)
        else:
            data = b"".join(_lines(file, max(line, 1), lines, path))
        if len(data) > READ_BYTES:
            size = os.fstat(file.fileno()).st_size
            raise FileRefused(
                f"{path} has {size:,} bytes, and at most {READ_BYTES:,} are read at once; ask for fewer lines"
            )
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FileRefused(f"{path} is not UTF-8 text") from None


def write_text(root: str, path: str, text: str, umask: int) -> None:
    """Write a text file, and the directories above it that are missing. A kill leaves the old text or the new one.

    A file that has several names, or another owner, is overwritten in place.

    Raises:
        FileRefused: it is outside of the directory, or cannot be written.
    """
    data = text.encode(errors="replace")
    with _parent(root, path, make=True) as (folder, name):
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            _replace(folder, name, data, 0o666 & ~umask)
            return
        _check_kind(found, path)
        if not os.access(name, os.W_OK, dir_fd=folder):
            raise FileRefused(f"{path}: permission denied")
        if found.st_nlink == 1 and found.st_uid == os.geteuid():
            try:
                _replace(folder, name, data, stat.S_IMODE(found.st_mode))
            except PermissionError:
                pass  # The directory is not writable, but the file is.
            else:
                return
        with os.fdopen(os.open(name, os.O_WRONLY | _FILE, dir_fd=folder), "wb") as file:
            file.write(data)
            file.truncate()


def check_directory(root: str, path: str) -> None:
    """Check that a directory is the chat's or inside of it.

    Raises:
        FileRefused: the directory is outside, or does not exist.
    """
    real, directory = _resolved(path), os.path.realpath(root)
    if real != directory and not real.startswith(_with_slash(directory)):
        raise FileRefused(f"{path} is outside of the chat's directory {root}")
    if not Path(real).is_dir():
        raise FileRefused(f"{path}: no such directory", missing=True)


@contextlib.contextmanager
def _parent(root: str, path: str, *, make: bool) -> Iterator[tuple[int, str]]:
    """Open the directory that a file is in; yields it and the file's name, and reports every error as FileRefused."""
    folder = -1
    try:
        directory, parts = _path_in(root, path)
        folder = os.open(directory, _FOLDER)
        for part in parts[:-1]:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=folder)
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder, parts[-1]
    except FileNotFoundError as error:
        raise FileRefused(f"{path}: no such file", missing=True) from error
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror}") from error
    finally:
        if folder >= 0:
            os.close(folder)


def _path_in(root: str, path: str) -> tuple[str, list[str]]:
    """The real path of the chat's directory, and the parts of the file's real path below it."""
    directory, real = _with_slash(os.path.realpath(root)), _resolved(path)
    if not real.startswith(directory) or real == directory:
        raise FileRefused(f"{path} is outside of the chat's directory {root}")
    return directory, real.removeprefix(directory).split("/")


def _resolved(path: str) -> str:
    if not path.startswith("/") or "\0" in path:
        raise FileRefused(f"{path!r} is not an absolute path")
    return os.path.realpath(path)


def _with_slash(directory: str) -> str:
    return directory.rstrip("/") + "/"


def _check_kind(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise FileRefused(f"{path} is {'a directory' if stat.S_ISDIR(found.st_mode) else 'not a regular file'}")


def _lines(file: BinaryIO, first: int, count: int | None, path: str) -> Iterator[bytes]:
    """Some lines of a file, in pieces that together are not much longer than ``READ_BYTES``."""
    number, searched, found = 1, 0, 0
    while count is None or number < first + count:
        piece = file.readline(READ_BYTES + 1)
        searched += len(piece)
        if searched > SEARCHED_BYTES:
            raise FileRefused(f"line {first} of {path} is too far from its start")
        if not piece or found > READ_BYTES:
            break
        if number >= first:
            found += len(piece)
            yield piece
        number += piece.endswith(b"\n")


def _replace(folder: int, name: str, data: bytes, mode: int) -> None:
    """Write a new file, and give it the name of the old one."""
    temporary = f".{name[:_LONGEST_NAME]}.outlive-{os.getpid()}"
    made = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, 0o600, dir_fd=folder)
    try:
        with os.fdopen(made, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
