"""Places and deletes single files of a working tree: what changed since it was looked at is not lost.

A file that is to go is renamed to a hidden name beside it and looked at there; only what was seen before goes, all else
is put back. A new file is whole before the old one is touched, and is linked into place, which overwrites nothing. The
way to a file leads over directories only, never over symbolic links. A journal names the hidden names, so that after a
SIGKILL ``recover`` puts the files back, or deletes what was about to go.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec

from session_host.protocol.codec import UNREADABLE

_HIDDEN: Final = re.compile(r"\.outlive-[0-9a-f]{16}-\d+(\.new)?")
_JOURNAL: Final = "journal"
_FILES: Final = "files"
_KEPT: Final = ".kept"
_PIECE_BYTES: Final = 1 << 20
_NAME_BYTES: Final = 255
_NO_LINKS: Final = {errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV}
"""Errors of link(2) on a file system without hard links, or with too many of a file."""
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Changed(Exception):
    """A file is not as it was seen; it is in its place. The message says what is there, for the user."""


class Seen(NamedTuple):
    """A file or a symbolic link as it was looked at.

    Attributes:
        mode: its type and permissions, as ``st_mode``.
        content: the id that git gives to its bytes, or to the target of the link.
    """

    mode: int
    content: str


class _Journal(msgspec.Struct, frozen=True, array_like=True):
    """The files that may have hidden names."""

    token: str
    algorithm: str
    files: list[tuple[bytes, int, str]]
    """Path, and mode and content of ``Seen``; 0 and "" if nothing was there."""
    directories: list[tuple[bytes, int]] = []
    """Directories that are not there yet, and the permissions that they get."""


def is_hidden(path: str) -> bool:
    """Whether a path's name is one that a file has for a moment while it is placed."""
    return _HIDDEN.fullmatch(path.rpartition("/")[2]) is not None


class Tree:
    """A working tree's files, found without following symbolic links; a context manager that closes its directories.

    Paths are from the top. Consecutive paths of one directory are found fastest.
    """

    def __init__(self, top: Path, algorithm: str) -> None:
        """Begin; ``algorithm``: that of git's ids in this repository, ``sha1`` or ``sha256``."""
        self._top, self._algorithm = top, algorithm
        self._open: list[tuple[str, int]] = []
        """The open directories from the top to the one that was used last, by their paths."""

    def __enter__(self) -> Self:
        self._open.append(("", os.open(self._top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)))
        return self

    def __exit__(self, *_error: object) -> None:
        while self._open:
            os.close(self._open.pop()[1])

    def look(self, path: str) -> Seen | None:
        """The file or symbolic link at a path; None for neither, or if the way leads over something else.

        Raises:
            OSError: it cannot be read.
        """
        try:
            return self._look(self._directory(path), path.rpartition("/")[2])
        except (FileNotFoundError, NotADirectoryError):
            return None

    def recover(self, path: str, hidden: str, seen: Seen) -> None:
        """Put back, or delete, what has a hidden name; ``seen``: what may be deleted.

        Raises:
            OSError: that fails; FileNotFoundError and NotADirectoryError if the directory is gone.
        """
        directory, name = self._directory(path), path.rpartition("/")[2]
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{hidden}.new", dir_fd=directory)
        try:
            found = self._look(directory, hidden)
        except FileNotFoundError:
            return
        try:
            _link(directory, hidden, name)
        except FileExistsError:
            is_one = os.path.samestat(os.lstat(hidden, dir_fd=directory), os.lstat(name, dir_fd=directory))
            if found != seen and not is_one:
                _keep_beside(directory, hidden, name)
                return
        os.unlink(hidden, dir_fd=directory)

    def recover_directory(self, path: str, permissions: int) -> None:
        """Remove a directory that was made, if it is empty; else give it its permissions.

        Raises:
            OSError: that fails; FileNotFoundError and NotADirectoryError if it is gone.
        """
        directory, name = self._directory(path), path.rpartition("/")[2]
        if stat.S_ISDIR(os.lstat(name, dir_fd=directory).st_mode):
            try:
                os.rmdir(name, dir_fd=directory)
            except OSError:
                os.chmod(name, permissions, dir_fd=directory)

    def _look(self, directory: int, name: str) -> Seen | None:
        found = os.lstat(name, dir_fd=directory)
        if stat.S_ISLNK(found.st_mode):
            target = os.fsencode(os.readlink(name, dir_fd=directory))
            return Seen(stat.S_IFLNK, self._id(target))
        if not stat.S_ISREG(found.st_mode):
            return None
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        try:
            return Seen(found.st_mode, self._id_of_file(descriptor))
        finally:
            os.close(descriptor)

    def _id(self, data: bytes) -> str:
        return hashlib.new(self._algorithm, b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()

    def _id_of_file(self, descriptor: int) -> str:
        size = os.fstat(descriptor).st_size
        if size < _PIECE_BYTES:
            return self._id(os.read(descriptor, _PIECE_BYTES))
        found = hashlib.new(self._algorithm, b"blob %d\0" % size, usedforsecurity=False)
        while piece := os.read(descriptor, _PIECE_BYTES):
            found.update(piece)
        return found.hexdigest()

    def _directory(self, path: str) -> int:
        """The open directory of a path.

        Raises:
            FileNotFoundError: it is missing.
            NotADirectoryError: something else is on the way, such as a symbolic link.
        """
        parent = path.rpartition("/")[0]
        self._close_beyond(parent)
        for name in parent.removeprefix(self._open[-1][0]).strip("/").split("/") if parent != self._open[-1][0] else ():
            self._enter(name)
        return self._open[-1][1]

    def _close_beyond(self, parent: str) -> None:
        """Close directories that are not on the way to another one."""
        while not f"{parent}/".startswith(f"{self._open[-1][0]}/") and self._open[-1][0]:
            os.close(self._open.pop()[1])

    def _enter(self, name: str) -> None:
        path, directory = self._open[-1]
        try:
            inner = os.open(name, _DIRECTORY, dir_fd=directory)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name) from error
            raise
        self._open.append((f"{path}/{name}" if path else name, inner))


class Placing(Tree):
    """Places and deletes some files of a working tree; a context manager.

    Only one may work in a tree at a time.
    """

    def __init__(
        self,
        top: Path,
        home: Path,
        algorithm: str,
        files: Mapping[str, Seen | None],
        directories: Mapping[str, int],
    ) -> None:
        """Begin.

        Args:
            top: the top of the working tree.
            home: a directory of its own, outside of the tree's files, for the journal and for new files; it is made,
                and removed at the end.
            algorithm: as in ``Tree``.
            files: the paths of all files that may be placed or deleted, and what may go there.
            directories: the permissions of directories that may have to be made; of others, what the umask leaves.
        """
        super().__init__(top, algorithm)
        self._home, self._files, self._token = home, files, secrets.token_hex(8)
        self._numbers = {path: number for number, path in enumerate(files)}
        self._directories, self._made = directories, dict[str, int]()
        self._is_whole = False
        self.new = home / _FILES
        """A directory for the new files."""

    def __enter__(self) -> Self:
        """Put back what an earlier one left, and write the journal.

        Raises:
            OSError: the journal cannot be written.
        """
        recover(self._top, self._home)
        files = [(os.fsencode(path), *(seen or (0, ""))) for path, seen in self._files.items()]
        try:
            self.new.mkdir(parents=True)
            unfinished = self._home / f"{_JOURNAL}.new"
            made = [(os.fsencode(each), mode) for each, mode in self._directories.items() if self._is_missing(each)]
            unfinished.write_bytes(msgspec.json.encode(_Journal(self._token, self._algorithm, files, made)))
            unfinished.rename(self._home / _JOURNAL)
        except OSError:
            shutil.rmtree(self._home, ignore_errors=True)
            raise
        super().__enter__()
        self._is_whole = True
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            for path in sorted(self._made, reverse=True):
                os.chmod(path.rpartition("/")[2], self._made[path], dir_fd=self._directory(path))
        super().__exit__(*error)
        if self._is_whole and error[0] is None:
            shutil.rmtree(self._home, ignore_errors=True)
        else:
            recover(self._top, self._home)

    def _is_missing(self, path: str) -> bool:
        return not os.path.lexists(self._top / path)

    def delete(self, path: str) -> None:
        """Delete a file.

        Raises:
            Changed: it is not as it was seen.
            OSError: it cannot be deleted.
        """
        name = path.rpartition("/")[2]
        try:
            directory = self._directory(path)
            if self._take_aside(directory, name, path):
                os.unlink(self._hidden(path), dir_fd=directory)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Changed("it is not there any more") from error
        except OSError:
            self._is_whole = False
            raise

    def remove_empty(self, path: str, but: str) -> None:
        """Remove the directories of a path that are empty, up to the top; ``but``: a directory that stays."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._directory(path)
        with contextlib.suppress(OSError):
            while len(self._open) > 1 and not f"{but}/".startswith(f"{self._open[-1][0]}/"):
                os.rmdir(self._open[-1][0].rpartition("/")[2], dir_fd=self._open[-2][1])
                os.close(self._open.pop()[1])

    def place(self, path: str, new: Path, permissions: int) -> None:
        """Place a file or a symbolic link.

        Args:
            path: its path.
            new: the whole file, in ``self.new``.
            permissions: of the file.

        Raises:
            Changed: something else than what was seen is there.
            OSError: it cannot be written; what was there is there.
        """
        name, hidden = path.rpartition("/")[2], self._hidden(path)
        directory = self._made_directory(path)
        whole = f"{hidden}.new"
        try:
            self._bring(new, directory, whole, permissions)
            is_aside = self._take_aside(directory, name, path)
            has_appeared = False
            try:
                _link(directory, whole, name)
            except FileExistsError:
                has_appeared = True
            except OSError:
                if is_aside:
                    self._put_back(directory, hidden, name)
                raise
            if is_aside:
                self._drop(directory, hidden)
            if has_appeared:
                raise Changed("another file has appeared there")
        except OSError:
            self._is_whole = False
            raise
        finally:
            self._drop(directory, whole)

    def _drop(self, directory: int, hidden: str) -> None:
        """Delete what has a hidden name; if that fails, the next look does."""
        try:
            os.unlink(hidden, dir_fd=directory)
        except FileNotFoundError:
            pass
        except OSError:
            self._is_whole = False

    def _hidden(self, path: str) -> str:
        return _hidden_name(self._token, self._numbers[path])

    def _made_directory(self, path: str) -> int:
        while True:
            try:
                return self._directory(path)
            except FileNotFoundError:
                parent, directory = self._open[-1]
                below = path.removeprefix(parent).removeprefix("/")
                name = below.partition("/")[0]
                whole = f"{parent}/{name}" if parent else name
                if (mode := self._directories.get(whole)) is None:
                    os.mkdir(name, dir_fd=directory)
                    continue
                os.mkdir(name, 0o700, dir_fd=directory)
                os.chmod(name, mode | 0o700, dir_fd=directory)  # Until its files are there.
                self._made[whole] = mode
            except NotADirectoryError as error:
                raise Changed("something else is on the way there") from error

    def _bring(self, new: Path, directory: int, whole: str, permissions: int) -> None:
        """Bring a new file beside its place."""
        is_link = new.is_symlink()
        if not is_link:
            new.chmod(permissions)
        try:
            os.rename(new, whole, dst_dir_fd=directory)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if is_link:
                os.symlink(os.readlink(new), whole, dir_fd=directory)  # noqa: PTH115 - not as a path
            else:
                with new.open("rb") as source:
                    _write_new(source.fileno(), directory, whole, permissions)

    def _take_aside(self, directory: int, name: str, path: str) -> bool:
        """Rename what is at a path to its hidden name; returns whether there was something.

        Raises:
            Changed: it is not what was seen, and is in its place.
        """
        seen, hidden = self._files[path], self._hidden(path)
        try:
            found = os.lstat(name, dir_fd=directory)
        except FileNotFoundError:
            if seen is None:
                return False
            raise Changed("it is not there any more") from None
        if stat.S_ISDIR(found.st_mode):
            try:
                _remove_empty(name, directory)
            except OSError as error:
                raise Changed("a directory is in its place") from error
            if seen is None:
                return False
            raise Changed("it is not there any more")
        if seen is None:
            raise Changed("another file is in its place")
        os.rename(name, hidden, src_dir_fd=directory, dst_dir_fd=directory)
        try:
            is_same = self._look(directory, hidden) == seen
        except OSError:
            is_same = False
        if not is_same:
            self._put_back(directory, hidden, name)
            raise Changed("it has changed in the meantime")
        return True

    def _put_back(self, directory: int, hidden: str, name: str) -> None:
        try:
            _link(directory, hidden, name)
        except FileExistsError:
            _keep_beside(directory, hidden, name)
        else:
            os.unlink(hidden, dir_fd=directory)


def _remove_empty(name: str, directory: int) -> None:
    """Remove a directory that has nothing but empty directories.

    Raises:
        OSError: it has something else; some empty ones may be gone.
    """
    descriptor = os.open(name, _DIRECTORY, dir_fd=directory)
    try:
        with os.scandir(descriptor) as entries:
            inside = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for each in inside:
            _remove_empty(each, descriptor)
    finally:
        os.close(descriptor)
    os.rmdir(name, dir_fd=directory)


def copy_new(source: Path, top: Path, path: str) -> None:
    """Copy a file into a working tree, with its permissions and times, if nothing is there.

    Raises:
        OSError: it cannot be copied.
    """
    copy = top / path
    is_inside = copy.parent.resolve().is_relative_to(top.resolve())  # A symbolic link may lead out of the tree.
    if is_inside and not os.path.lexists(copy):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy, follow_symlinks=False)


def recover(top: Path, home: Path) -> None:
    """Put back, or delete, what a ``Placing`` that was killed has left under hidden names.

    Args:
        top: the top of the working tree.
        home: as in ``Placing``.

    Raises:
        OSError: ``home`` cannot be read.
    """
    try:
        data = (home / _JOURNAL).read_bytes()
    except FileNotFoundError:
        if home.is_dir():
            shutil.rmtree(home, ignore_errors=True)
        return
    try:
        journal = msgspec.json.decode(data, type=_Journal)
        numbered = list(enumerate((os.fsdecode(path), Seen(mode, content)) for path, mode, content in journal.files))
        algorithm = hashlib.new(journal.algorithm, usedforsecurity=False).name
    except (*UNREADABLE, ValueError):
        shutil.rmtree(home, ignore_errors=True)  # It is renamed into its place whole: this is none of ours.
        return
    is_whole = True
    with Tree(top, algorithm) as tree:
        for number, (path, seen) in sorted(numbered, key=lambda each: each[1][0]):
            try:
                tree.recover(path, _hidden_name(journal.token, number), seen)
            except (FileNotFoundError, NotADirectoryError):
                pass  # Its directory is gone, or another one.
            except OSError:
                is_whole = False  # The next look tries again.
        for directory, permissions in sorted(journal.directories, reverse=True):
            with contextlib.suppress(OSError):
                tree.recover_directory(os.fsdecode(directory), permissions)
    if is_whole:
        shutil.rmtree(home, ignore_errors=True)


def _hidden_name(token: str, number: int) -> str:
    return f".outlive-{token}-{number}"


def _link(directory: int, source: str, name: str) -> None:
    """Give a file a second name, which must be free.

    Raises:
        FileExistsError: it is not.
    """
    try:
        os.link(source, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        found = os.lstat(source, dir_fd=directory)
        if stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(source, dir_fd=directory), name, dir_fd=directory)
            return
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            _write_new(descriptor, directory, name, stat.S_IMODE(found.st_mode))
        finally:
            os.close(descriptor)


def _write_new(source: int, directory: int, name: str, permissions: int) -> None:
    """Copy an open file into a new one, which is whole or not there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=directory)
    try:
        while piece := os.read(source, _PIECE_BYTES):
            while piece:
                piece = piece[os.write(descriptor, piece) :]
        os.fchmod(descriptor, permissions)
    except OSError:
        os.unlink(name, dir_fd=directory)
        raise
    finally:
        os.close(descriptor)


def _keep_beside(directory: int, hidden: str, name: str) -> None:
    """Give a file a name beside one that another file has taken in the meantime."""
    number = 0
    while True:
        number += 1
        ending = f"{_KEPT}-{number}"
        kept = os.fsdecode(os.fsencode(name)[: _NAME_BYTES - len(ending)]) + ending
        with contextlib.suppress(FileExistsError):
            _link(directory, hidden, kept)
            os.unlink(hidden, dir_fd=directory)
            return
