"""Messages of agents in which one field is missing or has another type."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

WRONG: tuple[Any, ...] = (None, 7, "text", [1], {"y": 2}, 2**80)


def damaged(message: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the message with each field in turn missing or of another type, and what is wrong with it."""
    for path in _paths(message):
        for wrong in (..., *WRONG):
            copied = copy.deepcopy(message)
            place: Any = copied
            for key in path[:-1]:
                place = place[key]
            if wrong is ...:
                del place[path[-1]]
            else:
                place[path[-1]] = wrong
            yield f"{path} {wrong}", copied


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all fields; of a list, those of the first element."""
    fields = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, below in fields:
        yield (*path, key)
        yield from _paths(below, (*path, key))
