"""Brings what was written onto the disk some seconds later, so that a power cut costs no more than that.

The system itself waits for up to half a minute. Each process that writes has a ``DiskSync``; a timer runs only after a
write. The first one that is due syncs the whole file system of the state directory (syncfs(2)): journals, database,
copies and directories at once. It notes the time at which that began, and what other processes wrote before then needs
no sync of its own, so that hundreds of chats cost as many as one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import logging
import os
import sys
import time
from pathlib import Path

from session_host.system.worker import Worker

log = logging.getLogger(__name__)

SYNC_S = 4.0
"""The time from a write to its sync. With that of the sync itself, and the journal's ``FLUSH_S``, it is 5 s."""

_NOTE_BYTES = 20


class DiskSync:
    """Syncs what this process wrote. For use on an event loop; the sync itself is done in a thread."""

    def __init__(self, directory: Path, note: Path) -> None:
        """Do nothing before ``note_written``.

        Args:
            directory: a directory of the file system.
            note: the file with the time of the last sync, for all processes of this boot: it is not on a shared disk.
        """
        self._directory, self._note = directory, note
        self._worker = Worker()
        self._timer: asyncio.TimerHandle | None = None
        self._syncing: asyncio.Future[None] | None = None
        self._written_ns = 0
        """The time of the last write that is not synced yet, 0 for none."""

    def is_waiting(self) -> bool:
        """Whether something is to be synced, or is being synced."""
        return self._timer is not None or self._syncing is not None

    def note_written(self) -> None:
        """This process has written something."""
        self._written_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        if self._timer is None and self._syncing is None:
            self._timer = asyncio.get_running_loop().call_later(SYNC_S, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._syncing = asyncio.ensure_future(self._sync())

    async def _sync(self) -> None:
        written_ns, self._written_ns = self._written_ns, 0
        if written_ns:
            await self._worker.run(lambda: sync_since(self._directory, self._note, written_ns))
        self._syncing = None
        if self._written_ns:
            self.note_written()

    async def finish(self) -> None:
        """Sync the last writes now, and no later ones."""
        self.cancel()
        if self._syncing is not None:
            await self._syncing
        self.cancel()
        if self._written_ns:
            await self._sync()
        self.cancel()

    def cancel(self) -> None:
        """Sync nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def sync_since(directory: Path, note: Path, written_ns: int) -> None:
    """Sync a file system, unless that was begun after a time. Blocks.

    Args:
        directory: a directory of the file system.
        note: see ``DiskSync``; one process at a time has its lock, and the others wait for its sync.
        written_ns: the time of the last write that matters, on CLOCK_BOOTTIME.
    """
    with contextlib.ExitStack() as stack:
        try:
            noted = os.open(note, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, noted)
            fcntl.flock(noted, fcntl.LOCK_EX)
        except OSError:
            noted = -1  # The sync is not shared then.
        now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        if noted >= 0 and written_ns <= _noted_ns(noted) <= now_ns:
            return
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return  # It was removed.
        stack.callback(os.close, descriptor)
        if error := _sync(descriptor):
            log.warning("what was written is not on the disk yet: %s", os.strerror(error))
        elif noted >= 0:
            with contextlib.suppress(OSError):
                os.pwrite(noted, str(now_ns).zfill(_NOTE_BYTES).encode(), 0)


def _noted_ns(descriptor: int) -> int:
    text = os.pread(descriptor, _NOTE_BYTES + 1, 0)
    return int(text) if len(text) == _NOTE_BYTES and text.isdigit() else 0


def _sync(descriptor: int) -> int:
    """Sync the file system of a descriptor; returns an error's number, 0 for none."""
    if sys.platform != "linux":
        os.sync()
        return 0
    library = ctypes.CDLL(None, use_errno=True)
    return ctypes.get_errno() if library.syncfs(descriptor) else 0
