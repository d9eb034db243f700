"""Follows the ledger of this machine: all events after a place, and then each as it comes. Blocks.

Nothing is polled: the store's files are watched. What a slow reader has not read waits in the ledger.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterator
from typing import Any

from session_host.errors import LedgerLost
from session_host.paths import database
from session_host.storage.store import Store
from session_host.storage.store.ledger import LedgerEntry, Position
from session_host.system.inotify import make_inotify

from .store_access import open_store
from .store_calls import LATER_LOOKS_S, UNWATCHED_S

PAGE = 500
"""How many events are read at once."""


def follow(position: Position, output: int | None) -> Iterator[list[LedgerEntry]]:
    """Yield the events after a place, in pages, each as soon as it is there.

    Args:
        position: the place.
        output: the descriptor of a reader: the iterator ends once nobody reads it any more. None for none.

    Raises:
        LedgerLost: some of the events are gone, or it is no place of this ledger.
        StoreError: the store cannot be read.
    """
    with contextlib.ExitStack() as stack:
        waiting = select.poll()
        watch = _watch()
        if watch is not None:
            stack.callback(watch.close)
            waiting.register(watch.fileno(), select.POLLIN)
        if output is not None:
            waiting.register(output, 0)  # POLLERR and POLLHUP always count.
        store = stack.enter_context(open_store())
        later_looks = iter(LATER_LOOKS_S)
        while True:
            if entries := events_since(store, position):
                position = position._replace(number=entries[-1].number)
                yield entries
                continue
            pause_s = next(later_looks, None if watch is not None else UNWATCHED_S)
            ready = dict(waiting.poll(None if pause_s is None else 1000 * pause_s))
            if output in ready:
                return
            if ready and any(each.name.startswith(database().name) for each in watch.read(timeout=0)):
                later_looks = iter(LATER_LOOKS_S)


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


def events_since(store: Store, position: Position, limit: int = PAGE) -> list[LedgerEntry]:
    """The events after a place, in order, at most so many.

    Raises:
        LedgerLost: some of them are gone, or it is no place of this ledger.
    """
    if (entries := store.ledger.since(position, limit)) is None:
        raise LedgerLost(
            "this cursor is too old, or of another database of chats; use --anyway to begin again with all states"
        )
    return entries
