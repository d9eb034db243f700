"""Everything in a directory: names, bytes, permissions, and the targets of links; by lstat, sha256 and readlink."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from typing import NamedTuple


class Seen(NamedTuple):
    """A file, a link, or something else that is no directory.

    Attributes:
        kind: "file", "link", "other".
        mode: the permissions; 0 for a link.
        what: the sha256 of the bytes, or the link's target.
    """

    kind: str
    mode: int
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.mode:o} {self.what[:12]}"


class Walk(NamedTuple):
    """The files below a directory, and the permissions of its directories, by their paths below it."""

    files: dict[str, Seen]
    directories: dict[str, int]

    def under(self, path: str) -> list[str]:
        """The paths of files at or below a path."""
        return [each for each in self.files if each == path or each.startswith(f"{path}/")]


NOTHING = Walk({}, {})


def walk(top: str, leave_out: Callable[[str], bool] = lambda path: False) -> Walk:
    """Walk a directory without following links; ``leave_out`` says which paths below it are left out."""
    files: dict[str, Seen] = {}
    directories: dict[str, int] = {}
    waiting = [""]
    while waiting:
        place = waiting.pop()
        try:
            found = sorted(os.scandir(f"{top}/{place}" if place else top), key=lambda each: each.name)
        except FileNotFoundError:
            continue
        for each in found:
            path = f"{place}/{each.name}" if place else each.name
            if leave_out(path):
                continue
            mode = each.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                directories[path] = stat.S_IMODE(mode)
                waiting.append(path)
            else:
                files[path] = seen(f"{top}/{path}", mode)
    return Walk(files, directories)


def seen(path: str, mode: int) -> Seen:
    """One file, of which lstat said this mode."""
    if stat.S_ISLNK(mode):
        return Seen("link", 0, os.readlink(path))  # noqa: PTH115 - not as a path
    if not stat.S_ISREG(mode):
        return Seen("other", stat.S_IMODE(mode), stat.filemode(mode))
    with open(path, "rb") as file:  # noqa: PTH123 - faster
        return Seen("file", stat.S_IMODE(mode), hashlib.file_digest(file, "sha256").hexdigest())


def tree_of(top: str) -> Walk:
    """The files of a working tree without its own ``.git``, but with those of repositories inside."""
    return walk(top, lambda path: path == ".git")


def repository_of(git_directory: str) -> Walk:
    """A repository's own files, without objects and restore points: HEAD, index, references, what is under way, …"""
    return walk(git_directory, _is_left_out)


def _is_left_out(path: str) -> bool:
    names = path.split("/")
    return (
        "objects" in names
        or path.startswith(("refs/outlive", "logs/refs/outlive", "lfs"))
        or names[-1] in {"COMMIT_EDITMSG", "gc.log"}
    )


def differing(before: Walk, after: Walk) -> set[str]:
    """The paths whose files differ between two walks."""
    paths = before.files.keys() | after.files.keys()
    return {path for path in paths if before.files.get(path) != after.files.get(path)}
