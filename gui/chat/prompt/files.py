"""Finds files of a chat's directory by a part of their path, in a thread."""

from __future__ import annotations

import os
import threading
import time

from PySide6.QtCore import QObject, Signal

MAX_FILES = 20_000
"""The maximum number of files that are listed."""
_MAX_LISTING_S = 5.0
CACHE_S = 30.0
MAX_OFFERED = 50
_IGNORED = frozenset({
    ".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".mypy_cache", ".ruff_cache", ".tox",
    "target", "dist", "build", ".cache",
})  # fmt: skip


class DirectoryFiles(QObject):
    """The files of one directory, cached for some time. A file system that hangs blocks only the thread.

    Signals:
        listed(): the files were listed.
    """

    listed = Signal()

    def __init__(self) -> None:
        super().__init__()  # Without a parent: a thread may use this object after its window is deleted.
        self._directory = ""
        self._files: list[str] = []
        self._listed_at_s = -CACHE_S
        self._is_listing = False

    @property
    def directory(self) -> str:
        """The directory, "" for none."""
        return self._directory

    def set_directory(self, directory: str) -> None:
        """Set the directory."""
        if directory != self._directory:
            self._directory, self._files, self._listed_at_s = directory, [], -CACHE_S

    def matching(self, part: str) -> list[str]:
        """The files that match a part of a path, best first; lists the directory again if the cache is old."""
        if self._directory and not self._is_listing and time.monotonic() - self._listed_at_s >= CACHE_S:
            self._is_listing = True
            threading.Thread(target=self._list, args=(self._directory,), name="file list", daemon=True).start()
        return matching(self._files, part)

    def _list(self, directory: str) -> None:
        """List the files; runs in a thread."""
        found = files_in(directory)
        try:
            if directory == self._directory:
                self._files, self._listed_at_s = found, time.monotonic()
            self._is_listing = False
            self.listed.emit()
        except RuntimeError:
            pass  # The window was closed, and this object deleted.


def files_in(directory: str) -> list[str]:
    """The files below a directory as relative paths, nearest first; the number of files and the time are limited."""
    deadline_s = time.monotonic() + _MAX_LISTING_S
    found: list[str] = []
    waiting = [""]
    while waiting and len(found) < MAX_FILES and time.monotonic() < deadline_s:
        folder = waiting.pop(0)
        folders: list[str] = []
        try:
            with os.scandir(os.path.join(directory, folder)) as entries:  # noqa: PTH118 - many paths, quickly
                for entry in entries:
                    path = f"{folder}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _IGNORED:
                            folders.append(f"{path}/")
                    else:
                        found.append(path)
        except OSError:
            continue  # The folder cannot be read.
        waiting += sorted(folders)
    return found[:MAX_FILES]


def matching(files: list[str], part: str) -> list[str]:
    """The files that match a part of a path: first at the beginning of the name, then in the name, then in the path."""
    small = part.lower()
    ranked: list[tuple[int, int, str]] = []
    for path in files:
        lower = path.lower()
        if small not in lower:
            continue
        name = lower.rsplit("/", 1)[-1]
        rank = 0 if name.startswith(small) else 1 if small in name else 2
        ranked.append((rank, len(path), path))
    return [path for _, _, path in sorted(ranked)[:MAX_OFFERED]]
