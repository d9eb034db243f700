"""Runs the store in its own thread, so that a slow disk does not block the window."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from session_host.client.sessions.store_access import complete, open_or_recover, open_store, recover
from session_host.errors import OutliveError, StoreCorrupt
from session_host.storage.store import Store

T = TypeVar("T")

CLOSE_TIMEOUT_S = 2.0
RETRY_S = 5.0
"""The time until a layout that could not be written is tried again."""


def open_or_rebuild_store(warnings: list[str]) -> Store:
    """Open the store; replace a damaged one by a rebuilt one, and add a warning."""
    try:
        return open_store(warnings.append)
    except StoreCorrupt:
        store, line = open_or_recover()
        warnings.append(line)
        return store


class StoreThread:
    """Runs calls on one ``Store`` in one thread, one after the other.

    Layouts are coalesced: of several waiting layouts, only the latest is written. One that cannot be written, since the
    disk is full, is tried again until it can.
    """

    def __init__(self, open_store: Callable[[list[str]], Store]) -> None:
        """``open_store`` is called in the thread; it adds warnings for the user to the list."""
        self._open_store = open_store
        self._executor = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._store: Store | None = None
        self._layout: dict[str, Any] | None = None
        """The layout to write next."""
        self._unwritten: dict[str, Any] | None = None
        """The latest layout, while it is not known to be written."""
        self._retry: asyncio.TimerHandle | None = None
        self._reports_failure = True
        self._is_closed = False
        self._layout_write: concurrent.futures.Future[None] | None = None
        self._warnings: list[str] = []
        self.on_error: Callable[[OutliveError], None] = lambda _error: None
        """Called on the loop's thread when a layout could not be written."""
        self.on_rebuild: Callable[[list[str]], None] = lambda _lines: None
        """Called on the loop's thread when the store was lost and has been rebuilt, with lines for the user."""

    def open(self) -> concurrent.futures.Future[list[str]]:
        """Open the store; the result is a list of warnings for the user."""
        return self._executor.submit(self._open)

    def _open(self) -> list[str]:
        warnings: list[str] = []
        if self._store is None:
            self._store = self._open_store(warnings)
        return warnings

    def submit(self, work: Callable[[Store], T]) -> concurrent.futures.Future[T]:
        """Run ``work`` with the store, after all earlier calls."""
        return self._executor.submit(self._run, work)

    async def call(self, work: Callable[[Store], T]) -> T:
        """Run ``work`` as ``submit`` does, and wait for its result."""
        try:
            return await asyncio.wrap_future(self.submit(work))
        finally:
            self._report_rebuild()

    def _run(self, work: Callable[[Store], T]) -> T:
        try:
            return self._run_once(work)
        except StoreCorrupt:  # The file was damaged meanwhile: a rebuilt one takes its place.
            if self._store is not None:
                self._store.close()
            self._store, line = recover()
            self._warnings.append(line)
            return self._run_once(work)

    def _run_once(self, work: Callable[[Store], T]) -> T:
        if self._store is None:
            self._store = self._open_store(self._warnings)
        elif line := complete(self._store):  # The file was removed meanwhile.
            self._warnings.append(line)
        return work(self._store)

    def _report_rebuild(self) -> None:
        if self._warnings and not self._is_closed:
            lines, self._warnings = self._warnings, []
            self.on_rebuild(lines)

    def save_layout(self, layout: dict[str, Any]) -> None:
        """Write the layout in the thread; the caller does not wait."""
        self._unwritten = layout
        self._reports_failure = True
        self._write_in_thread(layout)

    def _write_in_thread(self, layout: dict[str, Any]) -> None:
        self._cancel_retry()
        self._layout = layout
        if self._layout_write is None or self._layout_write.done():
            loop = asyncio.get_running_loop()
            self._layout_write = self.submit(self._write_layout)
            self._layout_write.add_done_callback(lambda done: loop.call_soon_threadsafe(self._layout_written, done))

    def _write_layout(self, store: Store) -> None:
        while (layout := self._layout) is not None:
            self._layout = None
            store.save_layout(layout)

    def _layout_written(self, done: concurrent.futures.Future[None]) -> None:
        if self._is_closed:
            return
        error = done.exception()
        if isinstance(error, OutliveError):
            if self._reports_failure:
                self._reports_failure = False
                self.on_error(error)
            if self._unwritten is not None and done is self._layout_write:
                self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._write_in_thread, self._unwritten)
        elif error is not None:
            raise error
        elif done is self._layout_write:
            self._report_rebuild()
            if self._layout is not None:
                # The layout arrived between the thread's last check and the end of its work.
                self._write_in_thread(self._layout)
            else:
                self._unwritten = None

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def close(self, layout: dict[str, Any] | None = None) -> None:
        """Write the last layout, close the store, end the thread; waits for at most ``CLOSE_TIMEOUT_S``."""
        self._is_closed = True
        self._cancel_retry()
        self._layout = self._unwritten if layout is None else layout
        self._unwritten = None
        last = self._executor.submit(self._close)
        concurrent.futures.wait([last], timeout=CLOSE_TIMEOUT_S)
        self._executor.shutdown(wait=last.done(), cancel_futures=True)

    def _close(self) -> None:
        if self._store is not None:
            try:
                self._write_layout(self._store)
            except OutliveError:
                pass  # The window is closed, so nothing can be shown; the previous layout is still saved.
            self._store.close()
            self._store = None


DEBOUNCE_MS = 40
"""Changes come in bursts (a socket, its record, its directory); one look after them is enough."""


class StoreWatcher(QObject):
    """Watches the directory of sockets and the database's write-ahead log.

    A chat that a command starts appears as a socket; a renamed or removed one appears in the log.

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
        self._watch()

    def _watch(self) -> bool:
        """Watch what exists and is not watched yet; the log exists only while a process has the database open.

        Returns:
            Whether the watch of the runtime directory is new.
        """
        watched = {*self._watcher.directories(), *self._watcher.files()}
        paths = (self._runtime_dir, self._database.parent, self._log)
        wanted = [path for path in paths if os.path.exists(path)]  # noqa: PTH110 - also in a closed directory
        missing = [str(path) for path in wanted if str(path) not in watched]
        if missing:
            self._watcher.addPaths(missing)
        return str(self._runtime_dir) in missing

    def _on_change(self, _path: str) -> None:
        self._watch()
        if not self._debounce.isActive():
            self._debounce.start()

    def _on_debounced(self) -> None:
        self.changed.emit()
        if self._watch():
            self._debounce.start()  # Files may have been created there before the watch began.
