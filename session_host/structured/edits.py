"""The files that an agent's edits have changed, by their names. Pure.

Only edits that were done count, not those that failed or were declined; a moved file counts once, by its last name.
"""

from __future__ import annotations

from collections.abc import Iterable

from .items import FileChange, Item


def changes_by_file(items: Iterable[Item]) -> dict[str, list[FileChange]]:
    """The changes of each file, by its last name."""
    found: dict[str, list[FileChange]] = {}
    for item in items:
        for change in _done(item):
            name = change.moved_to or change.path
            earlier = found.pop(change.path, []) if change.moved_to else []
            found[name] = [*found.get(name, []), *earlier, change]
    return found


def _done(item: Item) -> tuple[FileChange, ...]:
    return item.changes if item.status == "done" else ()
