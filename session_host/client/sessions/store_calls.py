"""Functions of the store for a ``Machine``: each opens the store, unless its caller keeps one open.

``on_store`` of such a function is the same one for an open store, which it gets as first argument.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from session_host.errors import UsageError
from session_host.paths import database
from session_host.protocol.untrusted_text import is_name
from session_host.storage.store import Changes, Store
from session_host.storage.store.ledger import Position

from .store_access import open_store

P = ParamSpec("P")
T = TypeVar("T")


def _opening(on_store: Callable[Concatenate[Store, P], T]) -> Callable[P, T]:
    @wraps(on_store)
    def function(*args: P.args, **kwargs: P.kwargs) -> T:
        with open_store() as store:
            return on_store(store, *args, **kwargs)

    own = inspect.signature(on_store)
    vars(function).update(on_store=on_store, __signature__=own.replace(parameters=list(own.parameters.values())[1:]))
    function.__annotations__.pop("store")
    return function


@_opening
def rename_chat(store: Store, session_id: str, name: str) -> None:
    """See ``Store.rename``.

    Raises:
        UsageError: it is no name.
    """
    if not is_name(name):
        raise UsageError("a chat's name needs printable characters, and does not begin with a dash")
    store.rename(session_id, name)


@_opening
def order_chats(store: Store, changes: Sequence[tuple[str, dict[str, float | bool]]]) -> None:
    """Pin chats and change their positions: their ids, each with values of ``pinned`` and ``position``."""
    store.update_all(changes)


@_opening
def recent_directories(store: Store, limit: int) -> list[str]:
    """See ``Store.recent_directories``."""
    return store.recent_directories(limit)


@_opening
def changes_since(store: Store, version: Position | None) -> Changes:
    """See ``Store.changes_since``; the argument's name is that of version 0.1.0, on machines that have it."""
    return store.changes_since(version)


BURST_S = 0.05
"""Changes come in bursts; one look after them is enough."""

LATER_LOOKS_S = (0.05, 0.25, 1.0, 5.0)
"""After each write, looks follow at these pauses: a write is seen in the file before readers can read it."""

UNWATCHED_S = 2.0
"""The interval of looks where the system cannot watch files."""


async def later_changes(version: Position) -> Changes:
    """The changes after a place, once there are any; see ``Store.changes_since``. Keeps the store open meanwhile."""
    from session_host.system.inotify import Event, Inotify  # the window's start does not need it

    written = asyncio.Event()

    def note(events: list[Event]) -> None:
        if any(each.name.startswith(database().name) for each in events):
            written.set()

    watch = Inotify(note)
    loop, executor = asyncio.get_running_loop(), ThreadPoolExecutor(1, "store")
    opened = executor.submit(open_store)
    try:
        store = await asyncio.wrap_future(opened)
        is_watched = watch.start()
        if is_watched:
            watch.watch(database().parent, watch.flags.MODIFY | watch.flags.CREATE | watch.flags.MOVED_TO)
        later_looks = iter(LATER_LOOKS_S)
        while True:
            written.clear()
            changes = await loop.run_in_executor(executor, store.changes_since, version)
            if changes.changed or changes.removed != []:
                return changes
            version = changes.position
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), next(later_looks, None if is_watched else UNWATCHED_S))
            if written.is_set():
                later_looks = iter(LATER_LOOKS_S)
                await asyncio.sleep(BURST_S)
    finally:
        watch.close()
        executor.submit(lambda: opened.result().close())
        executor.shutdown(wait=False)
