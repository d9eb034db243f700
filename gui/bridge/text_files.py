"""Private files with chats' texts for the user's editor, removed when the window's process starts and ends."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

from session_host.errors import OutliveError
from session_host.paths import check_private, ensure_private, runtime_dir, texts_dir

_NAME_CHARACTERS: Final = 50
"""With four bytes for each character, the name of an unfinished export is still shorter than 255 bytes."""


def prepare(session_id: str, name: str, suffix: str) -> Path:
    """The path for a text of a chat, in a directory that only the user can enter; an earlier text there is replaced.

    Raises:
        OutliveError: there can be no such directory.
    """
    for directory in (runtime_dir(), texts_dir(), texts_dir() / session_id):
        ensure_private(directory)
    return texts_dir() / session_id / (name[:_NAME_CHARACTERS] + suffix)


def write(path: Path, text: str) -> None:
    """Write a text to a new file that only the user can read, in place of an earlier one.

    Raises:
        OutliveError: the file cannot be written; nothing is left of it.
    """
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise OutliveError(f"{path}: cannot write it ({error.strerror}); free some space") from error


def count_lines(path: Path) -> int:
    """The number of a text's lines.

    Raises:
        OutliveError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError as error:
        raise OutliveError(f"{path}: cannot read it ({error.strerror}); try again") from error


def remove_file(path: Path) -> None:
    """Remove one text, if it is still there."""
    with contextlib.suppress(OSError):
        path.unlink()


def remove(session_id: str) -> None:
    """Remove a chat's texts."""
    _remove(texts_dir() / session_id)


def remove_all() -> None:
    """Remove all texts."""
    _remove(texts_dir())


def _remove(directory: Path) -> None:
    with contextlib.suppress(OutliveError):  # Another user's directory is left alone.
        check_private(runtime_dir())
        shutil.rmtree(directory, ignore_errors=True)
