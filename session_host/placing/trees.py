"""Removes a whole directory of a user: looks at it, sets it aside, looks again, and puts it back or deletes it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from session_host.placing.mounts import check_no_mount

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_UNKNOWN: Final = (0, 0, 0, 0)

Noted = dict[str, dict[str, tuple[int, int, int, int]]]
"""Inode, size, and times of change (ns) of all that a directory has: by its directories' paths, then by names."""


def look(top: Path, *, names_only: bool = False) -> Noted:
    """Note all that a directory has, so that a later look shows whether anything was written.

    Args:
        top: the directory.
        names_only: note nothing but names of what is no directory, in a third of the time.

    Raises:
        OSError: it cannot be looked at, or could not be removed: something is mounted in it, or a directory belongs to
            another user. ``strerror`` says which.
    """
    check_no_mount(top)
    user = os.geteuid()
    noted: Noted = {}
    waiting = ["."]
    root = os.open(top, _DIRECTORY)
    try:
        while waiting:
            path = waiting.pop()
            prefix = "" if path == "." else f"{path}/"
            names = noted[path] = {}
            try:
                descriptor = os.open(path, _DIRECTORY, dir_fd=root)
                try:
                    with os.scandir(descriptor) as entries:
                        for entry in entries:
                            is_directory = entry.is_dir(follow_symlinks=False)
                            if names_only and not is_directory:
                                names[entry.name] = _UNKNOWN
                                continue
                            facts = entry.stat(follow_symlinks=False)
                            names[entry.name] = facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
                            if is_directory:
                                waiting.append(prefix + entry.name)
                                if user and facts.st_uid != user:
                                    raise PermissionError(errno.EPERM, "it belongs to another user")
                finally:
                    os.close(descriptor)
            except OSError as error:
                raise OSError(error.errno, f"{top / path}: {error.strerror}") from error
    finally:
        os.close(root)
    return noted


def difference(before: Noted, after: Noted) -> str:
    """The path of something that is not as it was, of a file rather than of its directory; "" if all is."""
    if before == after:
        return ""
    changed = [
        os.path.normpath(f"{path}/{name}")
        for path in before.keys() | after.keys()
        for name in before.get(path, {}).keys() | after.get(path, {}).keys()
        if before.get(path, {}).get(name) != after.get(path, {}).get(name)
    ]
    return min(changed, key=lambda path: (path in before and path in after, path))


def aside_of(top: Path) -> Path:
    """A free hidden name beside a directory."""
    number = 1
    while os.path.lexists(aside := top.with_name(f".{top.name}.removing{number if number > 1 else ''}")):
        number += 1
    return aside


def set_aside(top: Path, aside: Path) -> None:
    """Rename a directory.

    Raises:
        OSError: the system refuses that; the directory is in its place.
    """
    os.rename(top, aside)  # noqa: PTH104


def put_back(aside: Path, top: Path) -> bool:
    """Rename a directory back, unless something is in its place.

    Returns:
        Whether it is in its place again.

    Raises:
        OSError: the system refuses that.
    """
    if os.path.lexists(top):
        return False
    os.rename(aside, top)  # noqa: PTH104
    return True


class Left(NamedTuple):
    """Something that could not be deleted: its path, and why."""

    path: str
    why: str


def delete(top: Path) -> Left | None:
    """Delete a directory with all that it has, but nothing through a mount or a link. Blocks.

    The user's own directories are made writable first. What cannot be deleted stays; all else goes.

    Returns:
        The first thing that is left; None if all is gone.
    """
    left: list[Left] = []
    try:
        check_no_mount(top)
        parent = os.open(top.parent, _DIRECTORY)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Left(str(top), str(error.strerror))
    try:
        _delete(top.name, parent, str(top), os.lstat(top).st_dev, left)
    except FileNotFoundError:
        pass
    except RecursionError:
        left.append(Left(str(top), "its directories are nested too deeply; `rm -r` removes it"))
    finally:
        os.close(parent)
    return left[0] if left else None


def _delete(name: str, parent: int, path: str, device: int, left: list[Left]) -> None:
    """Delete a directory by descriptors, so that no link leads out of it.

    Args:
        name: its name in its parent.
        parent: the parent, open.
        path: its path, for ``left``.
        device: the file system of the whole directory; another one is a mount.
        left: gets what could not be deleted.
    """
    try:
        descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
        try:
            facts = os.fstat(descriptor)
            if facts.st_dev != device:
                raise OSError(errno.EBUSY, "it is mounted")
            if facts.st_mode & stat.S_IRWXU != stat.S_IRWXU:
                os.fchmod(descriptor, stat.S_IMODE(facts.st_mode) | stat.S_IRWXU)
            with os.scandir(descriptor) as entries:
                inside = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
            for each, is_directory in inside:
                if is_directory:
                    _delete(each, descriptor, f"{path}/{each}", device, left)
                    continue
                try:
                    os.unlink(each, dir_fd=descriptor)
                except FileNotFoundError:
                    pass
                except OSError as error:
                    left.append(Left(f"{path}/{each}", str(error.strerror)))
        finally:
            os.close(descriptor)
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except OSError as error:
        if not left or not left[-1].path.startswith(f"{path}/"):
            left.append(Left(path, str(error.strerror)))
