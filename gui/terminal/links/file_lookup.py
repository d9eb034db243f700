"""Looks up file names in threads, so that a hung network mount blocks nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, QSysInfo, QUrl, Signal

KNOWN_FOR_S = 2.0
"""How long an answer is reused; a new or removed file is noticed after this time."""
OPENS_WITHIN_S = 2.0
"""How long after a click its file may be found and opened; later, the user does something else."""
_THREADS = 4
"""The maximum number of parallel lookups; if all of them hang, further ones wait."""
_MAX_ANSWERS = 200


class _Answer(NamedTuple):
    path: str
    at_s: float


class FileLookup(QObject):
    """Finds the files that names refer to, and remembers the answers for a moment.

    The threads are daemons: the window can exit while one of them hangs.

    Attributes:
        directory: returns the directory of the program, which is tried first; "" if unknown.
        find_directories: returns the other base directories of relative names, in the order to try; called in a thread.

    Signals:
        answered(): a lookup has ended.
    """

    answered = Signal()

    def __init__(self, find_directories: Callable[[], Sequence[str]] = tuple) -> None:
        super().__init__()  # Without a parent: a thread may use this object after its view is deleted.
        self.find_directories = find_directories
        self.directory: Callable[[], str] = str
        self._answers: dict[str, _Answer] = {}
        self._running: set[str] = set()

    def path_of(self, name: str) -> str | None:
        """The absolute path of the existing file that a name refers to; "" for none, None while the lookup runs."""
        answer = self._answers.get(name)
        if answer is not None and time.monotonic() - answer.at_s < KNOWN_FOR_S:
            return answer.path
        if name not in self._running and len(self._running) < _THREADS:
            self._running.add(name)
            directory = self.directory()
            threading.Thread(target=self._look_up, args=(name, directory), name="file lookup", daemon=True).start()
        return None

    def _look_up(self, name: str, directory: str) -> None:
        """Find a name's file; runs in a thread."""
        path = existing(name, (*([directory] if directory else []), *self.find_directories()))
        if len(self._answers) >= _MAX_ANSWERS:
            self._answers.clear()
        self._answers[name] = _Answer(path, time.monotonic())
        self._running.discard(name)
        self.answered.emit()


def local_directory(address: str) -> str:
    """The path in a directory's URL ``file://host/path``; "" for another computer, or another kind of URL."""
    url = QUrl(address, QUrl.ParsingMode.StrictMode)
    if url.scheme() != "file" or url.host() not in {"", "localhost", QSysInfo.machineHostName().lower()}:
        return ""
    return url.path(QUrl.ComponentFormattingOption.FullyDecoded)


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
