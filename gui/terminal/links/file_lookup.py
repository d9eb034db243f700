"""Looks up file names in threads, so that a dead network mount blocks nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

KNOWN_FOR_S = 2.0
"""A file that is made or removed is noticed after this time."""
_THREADS = 4
"""Lookups at the same time; further ones wait until one that hangs has ended."""
_KEPT = 200


class _Answer(NamedTuple):
    path: str
    at_s: float


class FileLookup(QObject):
    """Finds the files that names mean, and remembers the answers for a moment.

    The threads are daemons: the window ends while one of them hangs.

    Attributes:
        find_directories: the directories that relative names are relative to, in this order; called in a thread.

    Signals:
        answered: some name that was asked about is known now.
    """

    answered = Signal()

    def __init__(self, find_directories: Callable[[], Sequence[str]] = tuple) -> None:
        super().__init__()  # Without a parent: a thread may hold it for longer than its view lives.
        self.find_directories = find_directories
        self._answers: dict[str, _Answer] = {}
        self._running: set[str] = set()

    def path_of(self, name: str) -> str | None:
        """The absolute path of the existing file that a name means; "" for none, None while that is looked up."""
        answer = self._answers.get(name)
        if answer is not None and time.monotonic() - answer.at_s < KNOWN_FOR_S:
            return answer.path
        if name not in self._running and len(self._running) < _THREADS:
            self._running.add(name)
            threading.Thread(target=self._look_up, args=(name,), name="file lookup", daemon=True).start()
        return None

    def _look_up(self, name: str) -> None:
        """Find a name's file; runs in a thread."""
        path = existing(name, self.find_directories())
        if len(self._answers) >= _KEPT:
            self._answers.clear()
        self._answers[name] = _Answer(path, time.monotonic())
        self._running.discard(name)
        self.answered.emit()


def existing(path: str, directories: Sequence[str]) -> str:
    """The absolute path of an existing file that is named so; "" for none. It may take as long as the disk does."""
    names = [path]
    if path.startswith(("a/", "b/")):
        names.append(path[2:])  # as git diff writes it
    for name in names:
        for directory in directories or ("",):
            try:
                whole = Path(directory, Path(name).expanduser())
                if whole.is_absolute() and whole.is_file():
                    return os.path.normpath(whole)
            except (OSError, RuntimeError, ValueError):
                continue  # Too long, not readable, a home of nobody: no file to open.
    return ""


def directories_of(directory: str) -> tuple[str, ...]:
    """Where a chat's own files are: its directory, and the git repository that this is in."""
    own = Path(os.path.realpath(directory))
    repository = next((each for each in (own, *own.parents) if (each / ".git").exists()), own)
    return tuple(dict.fromkeys((str(own), str(repository))))
