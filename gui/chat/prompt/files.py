"""The files and folders of a chat's directory, listed in a thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal

from .path_index import Match, PathIndex

MAX_FILES = 50_000
"""The maximum number of files that are listed."""
_MAX_LISTING_S = 5.0
CACHE_S = 30.0
NEW_CACHE_S = 2.0
"""The same at the beginning of a path: the agent may just have made a file."""
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
        self._list_tracked: Callable[[str], list[str]] | None = None
        self._files = PathIndex()
        self._listed_at_s = -CACHE_S
        self._is_listing = False

    @property
    def directory(self) -> str:
        """The directory, "" for none."""
        return self._directory

    def set_lister(self, list_tracked: Callable[[str], list[str]]) -> None:
        """Set the function that lists a repository's files; it runs in a thread, and returns none elsewhere."""
        self._list_tracked = list_tracked

    def set_directory(self, directory: str) -> None:
        """Set the directory."""
        if directory != self._directory:
            self._directory, self._files, self._listed_at_s = directory, PathIndex(), -CACHE_S

    def matching(self, typed: str) -> list[Match]:
        """The files that match some letters of a path, best first; lists the directory again if the cache is old."""
        age_s = time.monotonic() - self._listed_at_s
        if self._directory and not self._is_listing and age_s >= (CACHE_S if typed else NEW_CACHE_S):
            self._is_listing = True
            threading.Thread(target=self._list, args=(self._directory,), name="file list", daemon=True).start()
        return self._files.matching(typed)

    def _list(self, directory: str) -> None:
        """List the files; runs in a thread."""
        tracked = self._list_tracked(directory) if self._list_tracked is not None else []
        found = PathIndex(with_folders(nearest(tracked) or files_in(directory)))
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


def nearest(files: list[str]) -> list[str]:
    """The files that are listed, of too many those in the fewest folders."""
    return files if len(files) <= MAX_FILES else sorted(files, key=lambda path: path.count("/"))[:MAX_FILES]


def with_folders(files: Iterable[str]) -> set[str]:
    """The files and their folders; a folder ends with "/"."""
    found: set[str] = set()
    for path in files:
        found.add(path)
        end = path.rfind("/", 0, len(path) - 1)
        while end > 0 and (folder := path[: end + 1]) not in found:
            found.add(folder)
            end = folder.rfind("/", 0, end)
    return found
