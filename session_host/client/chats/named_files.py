"""Files that a chat's text names, on the chat's machine: which of them exist, and whether one may be opened.

A program in a chat can print anything. A ``file:`` link (OSC 8, or an address in the text) and a link in Markdown may
show one path and point to another, so they open only the chat's own files: those under its directory, or under the git
repository around it. A path in the text shows where it leads; it may be any text file.
"""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from session_host.client.sessions.foreground import shown_directory
from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError
from session_host.protocol.values import FileLocation

MAX_NAMES: Final = 64
"""How many names are looked up in one call."""

_LOOKED_AT_BYTES: Final = 8192
_FRAGMENT: Final = re.compile(r"L?(?P<line>\d{1,8})(?:[:,C](?P<column>\d{1,6}))?(?:-.*)?")
_BEHIND: Final = re.compile(r"(?P<path>.+?):(?P<line>\d{1,8})(?::(?P<column>\d{1,6}))?(?:-\d{1,8})?")


def find_files(session_id: str, names: list[str], reported: str) -> list[str]:
    """The absolute path of the existing file that each name in a chat's text refers to, "" for none. Blocks.

    Args:
        session_id: the chat.
        names: at most ``MAX_NAMES``.
        reported: the directory that its output reports (OSC 7), an address.
    """
    with open_store() as store:
        record = store.get(session_id)
    if record is None:
        return [""] * len(names)
    directories = (shown_directory(record, reported), *directories_of(record.origin.cwd))
    return [existing(name, directories) for name in names[:MAX_NAMES]]


def existing(path: str, directories: Sequence[str]) -> str:
    """The absolute path of an existing file with this name; "" for none. May block on the disk."""
    names = [path]
    if path.startswith(("a/", "b/")):
        names.append(path[2:])  # as git diff writes names
    for name in names:
        for directory in directories or ("",):
            try:
                whole = Path(directory, Path(name).expanduser())
                if whole.is_absolute() and whole.is_file():
                    return os.path.normpath(whole)
            except (OSError, RuntimeError, ValueError):
                continue  # The name is too long, not readable, or in the home of an unknown user.
    return ""


def directories_of(directory: str) -> tuple[str, ...]:
    """The directories of a chat's files: its directory, and the git repository around it."""
    own = Path(os.path.realpath(directory))
    repository = next((folder for folder in (own, *own.parents) if (folder / ".git").exists()), own)
    return tuple(dict.fromkeys((str(own), str(repository))))


def named_file(file: FileLocation, directory: str) -> FileLocation:
    """A text file with its absolute path; a relative one is looked up in the chat's directory and in its repository.

    Raises:
        OutliveError: there is no such file, or it is not a text file.
    """
    path = existing(file.path, directories_of(directory)) or str(Path(directory, file.path))
    return _text_file(file._replace(path=path))


def linked_file(uri: str, directory: str) -> FileLocation:
    """The text file of a ``file:`` link, if it is one of the chat's own; its path may be relative.

    The line number is the link's fragment, as in kitty's links, or a suffix of the path (":12").

    Raises:
        OutliveError: there is no such file, it is not a text file, or not the chat's own.
    """
    parts = urlsplit(uri)
    if parts.netloc not in {"", "localhost", socket.gethostname()}:
        raise OutliveError("can’t open a file on another computer")
    named = unquote(parts.path).replace("\0", "")
    position = _FRAGMENT.fullmatch(parts.fragment)
    roots = directories_of(directory)
    behind = None if existing(named, roots) else _BEHIND.fullmatch(named)
    if behind is not None:
        named, position = behind["path"], behind
    path = os.path.realpath(existing(named, roots) or Path(directory, named))
    if not any(os.path.commonpath([path, root]) == root for root in roots):
        raise OutliveError(f"can’t open {path}: it is outside the chat’s directory")
    line, column = (int(position[name] or 0) for name in ("line", "column")) if position else (0, 0)
    return _text_file(FileLocation(path, line, column))


def named_directory(directory: str) -> FileLocation:
    """Return a chat's directory if it exists.

    Raises:
        OutliveError: it does not.
    """
    if not Path(directory).is_dir():
        raise OutliveError(f"the directory {directory} does not exist")
    return FileLocation(directory)


def _text_file(file: FileLocation) -> FileLocation:
    path = file.path
    try:
        # Opening a pipe would wait for its other end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise OutliveError(f"can’t open {path}: not a file")
            if b"\0" in opened.read(_LOOKED_AT_BYTES):
                raise OutliveError(f"can’t open {path}: not a text file")
    except OSError as error:
        raise OutliveError(f"can’t open {path}: {error.strerror}") from error
    return file
