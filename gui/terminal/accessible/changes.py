"""The difference between two texts: the removed and the inserted part."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from .screen_text import length_of

_LINE_BY_LINE = 4
"""Up to this many neighbouring lines that were rewritten are one change each; more lines are one change together."""


class Change(NamedTuple):
    """A replaced part of the text.

    Attributes:
        offset: the offset of the part in the text to which the changes before it are applied.
        removed: the previous text; "" for none.
        inserted: the new text; "" for none.
    """

    offset: int
    removed: str
    inserted: str


def changes(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """The changes from ``before`` to ``after``, from the top.

    If the screen scrolled, moved lines do not count: the changes are the removed lines at the top, and the added lines
        at the bottom.
    """
    found: list[Change] = []
    offset = 0
    for kind, first, end, new_first, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[first:end], after[new_first:new_end]
        if kind == "equal":
            offset += sum(length_of(line) for line in new)
            continue
        is_line_by_line = len(old) == len(new) <= _LINE_BY_LINE
        pairs = zip(old, new, strict=True) if is_line_by_line else [("".join(old), "".join(new))]
        for removed, inserted in pairs:
            change = _trimmed(offset, removed, inserted)
            if change.removed or change.inserted:
                found.append(change)
            offset += length_of(inserted)
    return found


def _trimmed(offset: int, removed: str, inserted: str) -> Change:
    """The change without the equal beginning and end of both texts; a replacement consists of whole words."""
    begin = _common(removed, inserted)
    end = _common(removed[begin:][::-1], inserted[begin:][::-1])
    if begin + end < min(len(removed), len(inserted)):
        while begin and not inserted[begin - 1].isspace():
            begin -= 1
        while end and not inserted[-end].isspace():
            end -= 1
    return Change(
        offset + length_of(inserted[:begin]), removed[begin : len(removed) - end], inserted[begin : len(inserted) - end]
    )


def _common(first: str, second: str) -> int:
    """The length of the equal beginning of two texts."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(first), len(second)))
