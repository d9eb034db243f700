"""Follows the store of this machine: what comes after a place, as soon as it is written.

Nothing is polled: the store's files are watched. What a slow reader has not read waits in the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import select
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Generic, Protocol, TypeVar

from session_host.errors import LedgerLost, StoreError
from session_host.paths import database
from session_host.storage.store import Changes, Store
from session_host.storage.store.ledger import Entries, Position
from session_host.system import interrupts
from session_host.system.inotify import make_inotify

from .store_access import open_store
from .store_calls import changes_since

PAGE: Final = 500
"""How many events are read at once."""

LATER_LOOKS_S: Final = (0.005, 0.05, 0.25, 1.0, 5.0)
"""After each write, looks follow at these pauses: a write is seen in the file before readers can read it."""

UNWATCHED_S: Final = 2.0
"""The interval of looks where the system cannot watch files."""


class Came(Protocol):
    """What came after a place.

    Attributes:
        position: the place after it.
        is_empty: whether there was nothing.
    """

    @property
    def position(self) -> Position:
        """See the class."""

    @property
    def is_empty(self) -> bool:
        """See the class."""


T = TypeVar("T", bound=Came)
R = TypeVar("R")


def events_since(store: Store, position: Position) -> Entries:
    """The events after a place, in order, at most ``PAGE``.

    Raises:
        LedgerLost: some of them are gone, or it is no place of this ledger.
    """
    if (found := store.ledger.since(position, PAGE)) is None:
        raise lost_cursor()
    return found


def lost_cursor() -> LedgerLost:
    """The error for a place after which not all is known."""
    return LedgerLost(
        "this cursor is too old, or of another database of chats; use --anyway to begin again with all states"
    )


class Following(contextlib.AbstractContextManager["Following[T]"], Generic[T]):
    """What comes after a place. Blocks; as a context manager, it keeps the store open.

    Attributes:
        store: the open store.
        position: the place up to which ``wait`` has read.
    """

    def __init__(self, read: Callable[[Store, Position], T], position: Position, gone: int | None = None) -> None:
        """Begin at a place.

        Args:
            read: reads what comes after a place: ``events_since``, or ``Store.changes_since``.
            position: the place.
            gone: a descriptor; the wait ends once its other end is closed. None for no such end.

        Raises:
            StoreError: the store cannot be read.
        """
        self.position = position
        self._read, self._gone = read, gone
        self._later_looks = iter(LATER_LOOKS_S)
        with contextlib.ExitStack() as stack:
            self._waiting = select.poll()
            self._watch = _watch()
            if self._watch is not None:
                stack.callback(self._watch.close)
                self._waiting.register(self._watch.fileno(), select.POLLIN)
            if gone is not None:
                self._waiting.register(gone, 0)  # POLLERR and POLLHUP always count.
            self.store = stack.enter_context(open_store())
            self._file = self.store.file
            self._stack = stack.pop_all()

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def wait(self, until_s: float = math.inf) -> T | None:
        """What comes next, as soon as there is some; None at a time of ``time.monotonic``, or without a reader.

        Raises:
            LedgerLost: as ``read``, or another store has taken the place of this one.
            StoreError: the store cannot be read.
        """
        while True:
            found = self._look()
            if not found.is_empty:
                return found
            if time.monotonic() >= until_s or not self._pause(until_s):
                return None

    def _pause(self, until_s: float) -> bool:
        """Wait for a write, or until the next look is due; returns False without a reader."""
        interrupts.check()
        pause_s = next(self._later_looks, math.inf if self._watch is not None else UNWATCHED_S)
        end_s = min(time.monotonic() + pause_s, until_s)
        while (left_s := end_s - time.monotonic()) > 0:
            ready = dict(self._waiting.poll(None if left_s == math.inf else math.ceil(1000 * left_s)))
            if self._gone in ready:
                return False
            if ready and any(map(is_write, self._watch.read(timeout=0))):
                self._later_looks = iter(LATER_LOOKS_S)
                break
        return True

    def _look(self) -> T:
        """Read on until there is something, or nothing more."""
        while True:
            if self.store.file != self._file:
                raise LedgerLost("this cursor is of another database of chats; use --anyway to begin again")
            before = self.position
            found = self._read(self.store, before)
            self.position = found.position
            if not found.is_empty or self.position == before:
                return found


def _watch() -> Any:
    """An inotify instance that watches the store's directory; None if the system has none."""
    if (watch := make_inotify()) is None:
        return None
    from inotify_simple import flags

    try:
        written = flags.MODIFY | flags.CREATE | flags.MOVED_TO
        watch.add_watch(database().parent, written | flags.DELETE | flags.MOVED_FROM)
    except OSError:
        watch.close()
        return None
    return watch


def is_write(event: Any) -> bool:
    """Whether something was written, or the store removed or replaced; readers create and remove files beside it."""
    from inotify_simple import flags

    name = database().name
    return bool(event.name == name or (event.name == f"{name}-wal" and event.mask & flags.MODIFY))


class FollowingThread(contextlib.AbstractContextManager[Callable[[Position], Awaitable[T]]], Generic[T]):
    """A ``Following`` for an event loop, in a thread of its own; a context manager for its ``wait``."""

    def __init__(self, read: Callable[[Store, Position], T]) -> None:
        """Open nothing yet; see ``Following``."""
        self._read = read
        self._executor = ThreadPoolExecutor(1, "following")
        self._gone, self._reader = os.pipe()
        self._following: Following[T] | None = None
        """In the thread; None before the first wait."""

    def __enter__(self) -> Callable[[Position], Awaitable[T]]:
        return self.wait

    async def wait(self, position: Position) -> T:
        """What comes after a place, as soon as there is some.

        Raises:
            StoreError: as ``Following.wait``.
        """
        return await asyncio.wrap_future(self._executor.submit(self._wait, position))

    def _wait(self, position: Position) -> T:
        if self._following is None:
            self._following = Following(self._read, position, self._gone)
        self._following.position = position
        try:
            found = self._following.wait()
        except StoreError:
            self._following.__exit__()
            self._following = None
            raise
        if found is None:
            raise StoreError("nobody waits for changes any more")
        return found

    async def ask(self, read: Callable[[Store], R]) -> R:
        """Read from the store, which the last ``wait`` has left open: to open it takes longer than most reads."""

        def asked() -> R:
            assert self._following is not None
            return read(self._following.store)

        return await asyncio.wrap_future(self._executor.submit(asked))

    def __exit__(self, *exception: object) -> None:
        os.close(self._reader)
        self._executor.submit(self._close)
        self._executor.shutdown(wait=False)

    def _close(self) -> None:
        if self._following is not None:
            self._following.__exit__()
        os.close(self._gone)


async def later_changes(version: Position) -> Changes:
    """The changes of rows after a place, once there are any; for other machines: the one here has a thread.

    The argument's name is that of version 0.1.0, on machines that have it.
    """
    with FollowingThread(Store.changes_since) as wait:
        try:
            return await wait(version)
        except LedgerLost:
            return await asyncio.to_thread(changes_since, version)  # All, of the new store, which this completes.
