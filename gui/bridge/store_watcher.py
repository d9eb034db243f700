"""Watches the store and the runtime directory for changes (inotify)."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

DEBOUNCE_MS = 40
"""Changes come in bursts (a socket, its record, its directory); one look after them is enough."""


class StoreWatcher(QObject):
    """Watches the directory of sockets and the database's write-ahead log.

    A chat that a command starts appears as a socket; a renamed or removed one appears in the log. A runtime directory
    that is removed and created again is watched again.

    Signals:
        changed: something was written; emitted at most once in ``DEBOUNCE_MS``.
    """

    changed = Signal()

    def __init__(self, runtime_dir: Path, database: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runtime_dir = runtime_dir
        self._database = database
        self._log = Path(f"{database}-wal")
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_change)
        self._watcher.fileChanged.connect(self._on_change)
        self._debounce = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._debounce.timeout.connect(self._on_debounced)
        self._watched_dir: tuple[int, int] | None = None
        self._watch()

    def _watch(self) -> bool:
        """Watch what exists and is not watched yet; the log exists only while a process has the database open.

        Returns:
            Whether the watch of the runtime directory is new.
        """
        self._unwatch_another_directory()
        watched = {*self._watcher.directories(), *self._watcher.files()}
        paths = (self._runtime_dir, self._database.parent, self._log)
        wanted = [path for path in paths if os.path.exists(path)]  # noqa: PTH110 - also in a closed directory
        missing = [str(path) for path in wanted if str(path) not in watched]
        if missing:
            self._watcher.addPaths(missing)
        return str(self._runtime_dir) in missing

    def _unwatch_another_directory(self) -> None:
        """Stop watching a removed runtime directory; inotify reports it only after the last process closed it."""
        try:
            found = self._runtime_dir.stat()
            now = (found.st_dev, found.st_ino)
        except OSError:
            now = None
        if now != self._watched_dir:
            self._watched_dir = now
            self._watcher.removePath(str(self._runtime_dir))

    def _on_change(self, _path: str) -> None:
        self._watch()
        if not self._debounce.isActive():
            self._debounce.start()

    def _on_debounced(self) -> None:
        self.changed.emit()
        if self._watch():
            self._debounce.start()  # Files may have been created there before the watch began.
