"""Functions of the store for a ``Machine``: each opens the store, unless its caller keeps one open.

``on_store`` of such a function is the same one for an open store, which it gets as first argument.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from session_host.errors import UsageError
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
