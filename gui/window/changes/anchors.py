"""Finds the lines of comments in diffs that have changed since: by the lines' texts, and those around them.

Lines are counted from 0 through a file's whole diff, with the first lines of hunks and the remarks.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from PySide6.QtCore import QPointF, QRectF

from gui.bridge.changes import ChangedFile, readable
from gui.chat.content.patches import read_diff
from gui.chat.content.segments import Diff, DiffLine, Segment, utf16_length, utf16_slice
from gui.chat.drawing.segment_layout import SegmentLayout
from gui.chat.page.painting import PaintedPage
from gui.chat.page.positions import PlacedSegment
from gui.settings.layout import ReviewComment

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


class LineRange(NamedTuple):
    """Some lines of a file's diff: the key of its row, the numbers of the first and the last line."""

    key: str
    first: int
    last: int


def line_count(segments: Sequence[Segment]) -> int:
    """How many lines a file's segments have."""
    return sum(len(segment.lines) for segment in segments if isinstance(segment, Diff))


def line_at_offset(segments: Sequence[Segment], number: int, offset: int) -> int:
    """The number of the line at an offset of a segment's text; at a segment without lines, of the next line."""
    above = line_count(segments[:number])
    segment = segments[number]
    if not isinstance(segment, Diff):
        return above
    return above + min(utf16_slice(segment.text, 0, offset).count("\n"), len(segment.lines) - 1)


def span_of_line(segments: Sequence[Segment], line: int) -> tuple[int, int, int] | None:
    """The segment of a line, and the offsets of its text, as Qt counts, without the sign; None for no such line."""
    for number, segment in enumerate(segments):
        if not isinstance(segment, Diff):
            continue
        if line < len(segment.lines):
            above = "".join(f"{each.signed_text}\n" for each in segment.lines[:line])
            chosen = segment.lines[line]
            start = utf16_length(above) + chosen.has_sign
            return number, start, start + utf16_length(chosen.text)
        line -= len(segment.lines)
    return None


def selected_lines(page: PaintedPage, key: str = "") -> LineRange | None:
    """The selected lines of the file with this key, or of the first file with selected lines; None for none."""
    ends = page.selection.ends(page.rows)
    if ends is None:
        return None
    first, last = ends
    position = first[0] if not key else page.rows.position(key)
    if position is None or not first[0] <= position <= last[0]:
        return None
    segments = page.rows.row(position).segments
    count = line_count(segments)
    begin = line_at_offset(segments, first[1], first[2]) if position == first[0] else 0
    end = count - 1
    if position == last[0]:
        end = line_at_offset(segments, last[1], last[2])
        span = span_of_line(segments, end)
        # A selection that ends where a line begins does not have that line.
        is_in_line = span is not None and span[0] == last[1] and (last[2] > span[1] or span[1] == span[2])
        end -= not is_in_line and end > begin
    return LineRange(page.rows.key(position), begin, end) if begin <= end < count else None


def line_at_point(page: PaintedPage, point: QPointF) -> LineRange | None:
    """The line of a diff at a point's height; None for none."""
    placed = page.segment_at(point)
    if placed is None or not placed.top <= point.y() < placed.top + placed.laid.height:
        return None
    segments = page.rows.row(placed.position).segments
    if not isinstance(segments[placed.number], Diff):
        return None
    line = line_at_offset(segments, placed.number, placed.laid.offset_at(page.within(placed, point)))
    return LineRange(page.rows.key(placed.position), line, line)


def areas(page: PaintedPage, lines: LineRange) -> Iterator[QRectF]:
    """The areas of lines that are on the page, without their numbers and signs."""
    for placed in page.visible:
        if page.rows.key(placed.position) == lines.key:
            yield from _areas_in(page, placed, lines)


def _areas_in(page: PaintedPage, placed: PlacedSegment, lines: LineRange) -> Iterator[QRectF]:
    segments = page.rows.row(placed.position).segments
    segment = segments[placed.number]
    if not isinstance(segment, Diff):
        return
    above = line_count(segments[: placed.number])
    wanted = range(max(lines.first - above, 0), min(lines.last - above + 1, len(segment.lines)))
    starts = _starts(segment)
    chosen = {starts[number] for number in wanted if segment.lines[number].has_sign}
    left = page.column_left
    for box in placed.laid.boxes:
        if box.start in chosen:
            yield QRectF(left + box.x, placed.top + box.y, box.width, box.height)


def line_top(segment: Diff, laid: SegmentLayout, line: int) -> float:
    """The distance of a line of a segment from the segment's top."""
    start = _starts(segment)[line]
    return min((box.y for box in laid.boxes if box.start >= start), default=0.0)


def _starts(segment: Diff) -> list[int]:
    """The offsets of the texts of a segment's lines, without their signs."""
    found = []
    start = 0
    for line in segment.lines:
        found.append(start + line.has_sign)
        start += line.has_sign + utf16_length(line.text) + 1
    return found
