"""The files that an agent's edits have changed, by their names. Pure.

Only edits that were done count, not those that failed or were declined; a moved file counts once, by its last name.
"""

from __future__ import annotations

from collections.abc import Iterable

from .items import FileChange, Item
from .patches import hunk_numbers, hunks_of


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


def hunk_after(hunk: str, later: Iterable[str]) -> int:
    """The line at which the lines of a hunk begin after later changes of its file.

    Args:
        hunk: the hunk with its first line.
        later: the diffs of the file after it, the first one first.

    Returns:
        The line, from 1; 0 if it is unknown: a diff has no line numbers, or changes lines of the hunk.
    """
    _, _, first, count = hunk_numbers(hunk) or (0, 0, 0, 0)
    if not first:
        return 0
    for diff in later:
        moved = 0
        for each in hunks_of(diff):
            old, old_count, new, _ = hunk_numbers(each) or (0, 0, 0, 0)
            if not old + new:
                return 0
            at = old + (not old_count)  # A hunk that only adds names the line above it.
            for line in each.split("\n")[1:]:
                sign = line[:1]
                if sign in {"+", "-"} and first + (sign == "+") <= at < first + count:
                    return 0
                if at <= first and sign in {"+", "-"}:
                    moved += 1 if sign == "+" else -1
                at += sign in {" ", "-"}
        first += moved
    return first


def reversed_hunk(hunk: str, line: int) -> str:
    """The diff that takes a hunk back, from the line at which its lines begin."""
    signs = {"+": "-", "-": "+"}
    lines = [signs.get(each[:1], each[:1]) + each[1:] for each in hunk.split("\n")[1:]]
    new, old = (sum(each[:1] in {" ", sign} for each in lines) for sign in "-+")
    return "\n".join([f"@@ -{line},{new} +{line},{old} @@", *lines])
