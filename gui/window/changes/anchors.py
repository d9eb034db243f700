"""Finds the lines of comments in diffs that have changed since: by the lines' texts, and those around them.

Lines are counted as in ``gui.chat.page.diff_lines``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from gui.bridge.changes import ChangedFile, readable
from gui.settings.layout import ReviewComment
from session_host.structured.patches import DiffLine, read_diff

MAX_LINES = 200
"""The most lines of a comment: the first ones of the selected lines."""
MAX_LINE_CHARACTERS = 300
"""Only this much of a line is compared and saved."""
AROUND = 3
"""The number of lines above and below that distinguish lines with the same text."""


class Anchored(NamedTuple):
    """A comment, and its lines in the diff.

    Attributes:
        first, last: the numbers of its lines in the diff; None if they are not there, or not for certain.
    """

    comment: ReviewComment
    first: int | None = None
    last: int | None = None


class _Side(NamedTuple):
    """The lines of the file before or after the change.

    Attributes:
        positions: their positions in the diff.
        texts: their texts.
        numbers: their numbers in the file.
    """

    positions: list[int]
    texts: list[str]
    numbers: list[int]


def lines_of(file: ChangedFile) -> list[DiffLine]:
    """All lines of a file's diff."""
    return [line for part in read_diff(file.patch) for line in part.lines]


def new_comment(top: str, path: str, lines: Sequence[DiffLine], first: int, last: int) -> ReviewComment | None:
    """A comment without a text on some lines of a file's diff; None if none of them is a line of the file.

    Args:
        top: the top of the working tree.
        path: the file's path below it.
        lines: all lines of the file's diff.
        first: the number of the first commented line.
        last: the number of the last one.
    """
    chosen = [line for line in lines[first : last + 1] if line.has_sign][:MAX_LINES]
    if not chosen:
        return None
    is_old = all(line.kind == "-" for line in chosen)
    own = [line for line in chosen if is_old or line.kind != "-"]
    comment = ReviewComment(
        id=uuid.uuid4().hex,
        top=readable(top),
        path=readable(path),
        is_old=is_old,
        first=0,
        last=0,
        lines=tuple(line.kind + _compared(line.text) for line in chosen),
    )
    side = _side(lines, is_old=is_old)
    start = side.positions.index(next(position for position in range(first, last + 1) if lines[position] is own[0]))
    return _placed(comment, side, start, len(own))


def find(comment: ReviewComment, lines: Sequence[DiffLine]) -> Anchored:
    """Find a comment's lines in a diff; the comment has their present numbers then.

    If their text is there several times, those with most equal lines around them are taken; of equal ones, those that
    still have the same numbers.
    """
    side = _side(lines, is_old=comment.is_old)
    wanted = [line[1:] for line in comment.lines if comment.is_old or line[0] != "-"]
    starts = [
        start
        for start in range(len(side.texts) - len(wanted) + 1)
        if side.texts[start] == wanted[0] and side.texts[start : start + len(wanted)] == wanted
    ]
    if len(starts) > 1:
        scores = {start: _equal_around(comment, side, start, len(wanted)) for start in starts}
        best = max(scores.values())
        starts = [start for start in starts if scores[start] == best]
        same = [start for start in starts if side.numbers[start] == comment.first]
        starts = same or (starts if best else [])
    if len(starts) != 1:
        return Anchored(comment)
    [start] = starts
    end = start + len(wanted) - 1
    return Anchored(_placed(comment, side, start, len(wanted)), side.positions[start], side.positions[end])


def _side(lines: Sequence[DiffLine], *, is_old: bool) -> _Side:
    kinds = "-" if is_old else "+ "
    own = [(position, line) for position, line in enumerate(lines) if line.kind in kinds]
    return _Side(
        [position for position, _ in own],
        [_compared(line.text) for _, line in own],
        [line.old if is_old else line.new for _, line in own],
    )


def _compared(text: str) -> str:
    return text.removesuffix("\r")[:MAX_LINE_CHARACTERS]


def _placed(comment: ReviewComment, side: _Side, start: int, count: int) -> ReviewComment:
    """A comment with the numbers of its lines and the lines around them."""
    end = start + count
    return msgspec.structs.replace(
        comment,
        first=side.numbers[start],
        last=side.numbers[end - 1],
        before=tuple(side.texts[max(start - AROUND, 0) : start]),
        after=tuple(side.texts[end : end + AROUND]),
    )


def _equal_around(comment: ReviewComment, side: _Side, start: int, count: int) -> int:
    """How many of the nearest lines above and below are those that were there."""
    above = zip(reversed(comment.before), reversed(side.texts[max(start - AROUND, 0) : start]), strict=False)
    below = zip(comment.after, side.texts[start + count : start + count + AROUND], strict=False)
    found = 0
    for pairs in (above, below):
        for previous, text in pairs:
            if previous != text:
                break
            found += 1
    return found
