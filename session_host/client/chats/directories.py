"""Looks into directories for a user who chooses one."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from session_host.paths import short_directory
from session_host.patience import within
from session_host.protocol.untrusted_text import one_line
from session_host.system.files import is_directory

LOOK_TIMEOUT_S = 0.5
"""How long a look at the disk may take: a network mount without its server never answers."""

LOOKED_AT = 2000
"""The maximum number of directory entries that are read, so that a huge directory does not delay typing."""

OFFERED = 12

T = TypeVar("T")


class DirectoryLook(NamedTuple):
    """The answer of the disk about a path.

    Attributes:
        kind: the kind of file at the path; "silent" if the disk does not answer.
        reason: the system's reason, if it is unreadable.
    """

    kind: Literal["directory", "other", "missing", "unreadable", "silent"]
    reason: str = ""


class Listing(NamedTuple):
    """The directories in a directory, sorted by name, without hidden ones.

    Attributes:
        path: the directory's path.
        names: their names; none if the directory cannot be read.
        look: the answer of the disk about the path.
    """

    path: str
    names: list[str]
    look: DirectoryLook


def complete_path(typed: str, with_files: bool = False) -> list[str]:
    """Directories, and maybe files, that begin with a typed path; hidden ones only after a typed dot."""
    nothing: list[str] = []
    return _within(lambda: _completions(typed, with_files), nothing)[:OFFERED]


def look_at_directory(path: str) -> DirectoryLook:
    """Ask the disk about an absolute path."""

    def look() -> DirectoryLook:
        try:
            if Path(path).is_dir():
                return DirectoryLook("directory")
        except OSError as error:
            return DirectoryLook("unreadable", error.strerror or "")
        return DirectoryLook("other" if os.path.lexists(path) else "missing")

    return _within(look, DirectoryLook("silent"))


def list_directory(path: str, nearest: bool = False) -> Listing:
    """The directories in a directory; ``nearest``: in its nearest existing parent, if it is missing."""

    def look() -> Listing:
        whole = Path(path)
        there = next(each for each in (whole, *whole.parents) if each.is_dir()) if nearest else whole
        try:
            names = sorted(_names_in(str(there)), key=str.casefold)
            return Listing(str(there), names, DirectoryLook("directory"))
        except OSError as error:
            return Listing(str(there), [], DirectoryLook("unreadable", error.strerror or ""))

    return _within(look, Listing(path, [], DirectoryLook("silent")))


def create_directory(path: str) -> str:
    """Create a directory and its parents; returns the reason why that failed, "" if it did not."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return error.strerror or "?"
    return ""


def _within(look: Callable[[], T], otherwise: T) -> T:
    try:
        return within(LOOK_TIMEOUT_S, look)
    except TimeoutError:
        return otherwise


def _completions(typed: str, with_files: bool) -> list[str]:
    if not typed:
        return []
    whole = os.path.expanduser(typed)  # noqa: PTH111 - keeps a final slash, which means "in there"
    if not whole.startswith("/"):
        return []
    parent, _, begun = whole.rpartition("/")
    try:
        names = _names_in(parent or "/", begun, with_files=with_files)
    except OSError:
        return []  # The directory is missing or unreadable: there are no completions.
    return sorted((short_directory(f"{parent}/{name}") for name in names), key=str.casefold)


def _names_in(directory: str, begun: str = "", *, with_files: bool = False) -> list[str]:
    """The directories, and maybe files, in a directory whose names begin so; hidden ones only after a dot."""
    names: list[str] = []
    with os.scandir(directory) as entries:
        for entry in islice(entries, LOOKED_AT):
            fits = entry.name.casefold().startswith(begun.casefold())
            is_offered = begun.startswith(".") or not entry.name.startswith(".")
            if fits and is_offered and _is_text(entry.name) and (with_files or is_directory(entry)):
                names.append(entry.name)
    return names


def _is_text(name: str) -> bool:
    """Whether a name can be shown and typed."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name == one_line(name)
