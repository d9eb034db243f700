"""Finds files of a chat's directory by a part of their path, in a thread."""

from __future__ import annotations

import os
import threading
import time

from PySide6.QtCore import QObject, Signal

MOST_FILES = 20_000
"""The most files that are listed."""
_MOST_S = 5.0
KNOWN_FOR_S = 30.0
OFFERED = 50
_LEFT_OUT = frozenset({
    ".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".mypy_cache", ".ruff_cache", ".tox",
    "target", "dist", "build", ".cache",
})  # fmt: skip


class DirectoryFiles(QObject):
    """The files of one directory, listed again after some time. A hung file system blocks only the thread.

    Signals:
        listed: the files are known, or known again.
    """

    listed = Signal()

    def __init__(self) -> None:
        super().__init__()  # Without a parent: the thread may hold this object longer than its window lives.
        self._directory = ""
        self._files: list[str] = []
        self._at_s = -KNOWN_FOR_S
        self._running = False

    @property
    def directory(self) -> str:
        """The directory, "" for none."""
        return self._directory

    def set_directory(self, directory: str) -> None:
        """List another directory from now on."""
        if directory != self._directory:
            self._directory, self._files, self._at_s = directory, [], -KNOWN_FOR_S

    def matching(self, part: str) -> list[str]:
        """The files that fit a part of a path, the best first; ``listed`` follows if there may be others."""
        if self._directory and not self._running and time.monotonic() - self._at_s >= KNOWN_FOR_S:
            self._running = True
            threading.Thread(target=self._list, args=(self._directory,), name="file list", daemon=True).start()
        return matching(self._files, part)

    def _list(self, directory: str) -> None:
        """List the files; runs in a thread."""
        found = files_in(directory)
        try:
            if directory == self._directory:
                self._files, self._at_s = found, time.monotonic()
            self._running = False
            self.listed.emit()
        except RuntimeError:
            pass  # The window has ended.


def files_in(directory: str) -> list[str]:
    """The files below a directory, nearest first, as relative paths; at most so many, and for so long."""
    deadline_s = time.monotonic() + _MOST_S
    found: list[str] = []
    waiting = [""]
    while waiting and len(found) < MOST_FILES and time.monotonic() < deadline_s:
        folder = waiting.pop(0)
        folders: list[str] = []
        try:
            with os.scandir(os.path.join(directory, folder)) as entries:  # noqa: PTH118 - many paths, quickly
                for entry in entries:
                    path = f"{folder}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _LEFT_OUT:
                            folders.append(f"{path}/")
                    else:
                        found.append(path)
        except OSError:
            continue  # A folder that cannot be read has no files to offer.
        waiting += sorted(folders)
    return found[:MOST_FILES]


def matching(files: list[str], part: str) -> list[str]:
    """The files that fit a part of a path: by the beginning of the name, by the name, by the path."""
    small = part.lower()
    ranked: list[tuple[int, int, str]] = []
    for path in files:
        lower = path.lower()
        if small not in lower:
            continue
        name = lower.rsplit("/", 1)[-1]
        rank = 0 if name.startswith(small) else 1 if small in name else 2
        ranked.append((rank, len(path), path))
    return [path for _, _, path in sorted(ranked)[:OFFERED]]
