"""Follows the ledger of this machine: all events after a place, and then each as it comes. Blocks.

Nothing is polled: the store's files are watched. What a slow reader has not read waits in the ledger.
"""

from __future__ import annotations

import contextlib
import math
import select
import time
from typing import Any

from session_host.errors import LedgerLost
from session_host.paths import database
from session_host.storage.store import Store
from session_host.storage.store.ledger import Entries, LedgerEntry, Position
from session_host.system.inotify import make_inotify

from .store_access import open_store
from .store_calls import LATER_LOOKS_S, UNWATCHED_S

PAGE = 500
"""How many events are read at once."""


class Follower(contextlib.AbstractContextManager["Follower"]):
    """The events after a place; as a context manager, it keeps the store open.

    Attributes:
        position: the place up to which ``wait`` has read.
    """

    def __init__(self, position: Position, output: int | None = None) -> None:
        """Begin at a place.

        Args:
            position: the place.
            output: the descriptor of a reader, without whom nobody waits. None for none.

        Raises:
            StoreError: the store cannot be read.
        """
        self.position = position
        self._output = output
        self._later_looks = iter(LATER_LOOKS_S)
        with contextlib.ExitStack() as stack:
            self._waiting = select.poll()
            self._watch = _watch()
            if self._watch is not None:
                stack.callback(self._watch.close)
                self._waiting.register(self._watch.fileno(), select.POLLIN)
            if output is not None:
                self._waiting.register(output, 0)  # POLLERR and POLLHUP always count.
            self.store = stack.enter_context(open_store())
            self._stack = stack.pop_all()

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def wait(self, until_s: float = math.inf) -> list[LedgerEntry] | None:
        """The next events, at most ``PAGE``, as soon as there are some; [] at a time of ``time.monotonic``.

        Returns:
            None once nobody reads the output any more.

        Raises:
            LedgerLost: some of the events are gone, or it is no place of this ledger.
            StoreError: the store cannot be read.
        """
        while True:
            found = events_since(self.store, self.position)
            is_end, self.position = found.position == self.position, found.position
            if found.entries:
                return found.entries
            if not is_end:
                continue
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return []
            pause_s = min(next(self._later_looks, math.inf if self._watch is not None else UNWATCHED_S), left_s)
            ready = dict(self._waiting.poll(None if pause_s == math.inf else math.ceil(1000 * pause_s)))
            if self._output in ready:
                return None
            if ready and any(each.name.startswith(database().name) for each in self._watch.read(timeout=0)):
                self._later_looks = iter(LATER_LOOKS_S)


def _watch() -> Any:
    """An inotify instance that watches the store's directory; None if the system has none."""
    if (watch := make_inotify()) is None:
        return None
    from inotify_simple import flags

    try:
        watch.add_watch(database().parent, flags.MODIFY | flags.CREATE | flags.MOVED_TO)
    except OSError:
        watch.close()
        return None
    return watch


def events_since(store: Store, position: Position, limit: int = PAGE) -> Entries:
    """The events after a place, in order, at most so many.

    Raises:
        LedgerLost: some of them are gone, or it is no place of this ledger.
    """
    if (found := store.ledger.since(position, limit)) is None:
        raise LedgerLost(
            "this cursor is too old, or of another database of chats; use --anyway to begin again with all states"
        )
    return found
