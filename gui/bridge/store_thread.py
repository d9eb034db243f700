"""Runs the store in its own thread, so that a slow disk does not block the window."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QFileSystemWatcher, QObject, Signal

from gui.timers import single_shot
from session_host.client.machine import ThisMachine
from session_host.client.sessions.store_access import complete, open_or_recover, open_store, recover
from session_host.errors import OutliveError, StoreCorrupt, StoreError, StoreNewer
from session_host.paths import state_dir, sync_note
from session_host.storage.disk_sync import DiskSync
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

    Of several waiting layouts, only the latest is written. One that cannot be written, since the disk is full, is tried
    again until it can.
    """

    def __init__(self, open_store: Callable[[list[str]], Store]) -> None:
        """``open_store`` is called in the thread; it adds warnings for the user to the list."""
        self._open_store = open_store
        self._executor = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._store: Store | None = None
        self._layout: dict[str, Any] | None = None
        """The latest layout, while it is not known to be written."""
        self._has_new_layout = asyncio.Event()
        self._saving: asyncio.Task[None] | None = None
        self._disk_sync = DiskSync(state_dir(), sync_note())
        self._is_closed = self._is_late = False
        self._warnings: list[str] = []
        self.on_error: Callable[[OutliveError], None] = lambda _error: None
        """Called on the loop's thread when a layout could not be written."""
        self.on_rebuild: Callable[[list[str]], None] = lambda _lines: None
        """Called on the loop's thread when the store was lost and has been rebuilt, with lines for the user."""
        self.on_newer: Callable[[], object] = lambda: None
        """Called on the loop's thread when the store could not be used since a newer version has changed it."""

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
        if self._is_late:
            raise StoreError("the window has closed")
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
        self._layout = layout
        self._has_new_layout.set()
        if self._saving is None:
            self._saving = asyncio.get_running_loop().create_task(self._save_layouts())

    async def _save_layouts(self) -> None:
        try:
            while (layout := self._layout) is not None:
                is_new = self._has_new_layout.is_set()
                self._has_new_layout.clear()
                try:
                    await self.call(partial(_write_layout, layout=layout))
                except OutliveError as error:
                    if is_new:
                        self.on_error(error)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._has_new_layout.wait(), RETRY_S)
                else:
                    self._disk_sync.note_written()
                    if self._layout is layout:
                        self._layout = None
        finally:
            self._saving = None

    def close(self, layout: dict[str, Any] | None = None) -> None:
        """Write the last layout, close the store, end the thread.

        On a disk that takes longer than ``CLOSE_TIMEOUT_S``, what waits is not written: the next window may have begun.
        """
        self._is_closed = True
        if self._saving is not None:
            self._saving.cancel()
        self._disk_sync.cancel()
        last = self._executor.submit(self._close, self._layout if layout is None else layout)
        concurrent.futures.wait([last], timeout=CLOSE_TIMEOUT_S)
        self._is_late = not last.done()
        self._executor.shutdown(wait=not self._is_late)

    def _close(self, layout: dict[str, Any] | None) -> None:
        if layout is not None:
            # After an error nothing can be shown, as the window is closed; the previous layout is still saved.
            with contextlib.suppress(OutliveError):
                self._run(partial(_write_layout, layout=layout))
        if self._store is not None:
            self._store.close()
            self._store = None


class WindowsMachine(ThisMachine):
    """This machine; functions of the store (``sessions.store_calls``) use the one that the window keeps open."""

    def __init__(self, storage: StoreThread) -> None:
        self._storage = storage

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See ``Machine``."""
        on_store: Callable[..., Any] | None = getattr(function, "on_store", None)
        try:
            if on_store is None:
                return await super().call(function, *args, **kwargs)
            return await self._storage.call(lambda store: on_store(store, *args, **kwargs))
        except StoreNewer:
            self._storage.on_newer()
            raise


def _write_layout(store: Store, layout: dict[str, Any]) -> None:
    store.save_layout(layout)


DEBOUNCE_MS = 40
"""Changes come in bursts; one look after them is enough."""


class SocketWatcher(QObject):
    """Watches the directory of the window's socket, and that of the store.

    Signals:
        changed: a file was created there or removed; emitted at most once in ``DEBOUNCE_MS``.
    """

    changed = Signal()

    def __init__(self, runtime_dir: Path, state_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._directories = (runtime_dir, state_dir)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_change)
        self._debounce = single_shot(self, DEBOUNCE_MS)
        self._debounce.timeout.connect(self._on_debounced)
        self._watch()

    def _watch(self) -> bool:
        """Watch the directories that exist and are not watched yet; returns whether the first of them is new."""
        watched = self._watcher.directories()
        wanted = [str(path) for path in self._directories if os.path.exists(path)]  # noqa: PTH110 - also in a closed directory
        missing = [path for path in wanted if path not in watched]
        if missing:
            self._watcher.addPaths(missing)
        return str(self._directories[0]) in missing

    def _on_change(self, _path: str) -> None:
        self._watch()
        if not self._debounce.isActive():
            self._debounce.start()

    def _on_debounced(self) -> None:
        self.changed.emit()
        if self._watch():
            self._debounce.start()  # Files may have been created there before the watch began.
