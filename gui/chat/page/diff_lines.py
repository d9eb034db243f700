"""The lines of diffs on a page: where they are, which are selected or pointed at.

Lines are counted from 0 through a row's diffs, with the first lines of hunks and the remarks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF

from gui.chat.content.segments import (
    CommentBox,
    CommentLine,
    Diff,
    DiffHead,
    FoldLine,
    Segment,
    utf16_length,
    utf16_slice,
)
from gui.chat.drawing.segment_layout import SegmentLayout
from session_host.structured.patches import DiffLine, hunks_of

from .painting import PaintedPage
from .positions import PlacedSegment


class PointedHunk(NamedTuple):
    """A hunk of a change that was made.

    Attributes:
        key: the key of its row.
        path: the file, as the agent names it.
        text: the hunk as the agent sent it, with its first line.
        lines: its lines as they are shown, without its first line.
        at: the number of the line that is pointed at, among these.
        first: the number of the first one, if lines are marked of which that is the last.
    """

    key: str
    path: str
    text: str
    lines: tuple[DiffLine, ...]
    at: int
    first: int


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


def hunk_of_segment(page: PaintedPage, key: str, number: int) -> PointedHunk | None:
    """The hunk that begins with a segment of a row, at its marked lines, or its last new one; None if not known.

    Without a new line, it is the last one that was removed.
    """
    position = page.rows.position(key)
    segments = page.rows.row(position).segments if position is not None else []
    begin = line_count(segments[:number])
    hunk = hunk_at_line(page, key, begin)
    if hunk is None:
        return None
    if (marked := with_marked(page, hunk, begin + 1)) is not None:
        return marked
    changed = {line.kind: at for at, line in enumerate(hunk.lines)}
    at = changed.get("+", changed.get("-", 0))
    return hunk._replace(at=at, first=at)


def with_marked(page: PaintedPage, hunk: PointedHunk, begin: int) -> PointedHunk | None:
    """A hunk at those of its lines that are selected; ``begin`` is the number of its first line. None for none."""
    selected = selected_lines(page, hunk.key) if not page.selection.is_empty(page.rows) else None
    if selected is None:
        return None
    first, last = max(selected.first - begin, 0), min(selected.last - begin, len(hunk.lines) - 1)
    return hunk._replace(at=last, first=first) if first <= last else None


def hunk_at_line(page: PaintedPage, key: str, line: int) -> PointedHunk | None:
    """The hunk of a made change with a line of a row; None for none, or if its text is not known."""
    position = page.rows.position(key)
    if position is None:
        return None
    segments = page.rows.row(position).segments
    head: DiffHead | None = None
    lines: list[DiffLine] = []
    for segment in segments:
        shown_head = segment.head if isinstance(segment, FoldLine) else segment
        if isinstance(shown_head, DiffHead):
            head, lines = shown_head, []
        elif isinstance(segment, Diff):
            if line < len(segment.lines):
                at = len(lines) + line
                return _hunk(key, head, _to_the_end(lines, segments, segment), at) if head is not None else None
            line -= len(segment.lines)
            lines += segment.lines
    return None


def _to_the_end(above: Sequence[DiffLine], segments: Sequence[Segment], segment: Diff) -> list[DiffLine]:
    """The lines of a file's diff: those above a segment, its own, and those of the segments that follow."""
    found = [*above, *segment.lines]
    for following in segments[[each is segment for each in segments].index(True) + 1 :]:
        if isinstance(following, CommentBox | CommentLine):
            continue
        if not isinstance(following, Diff) or following.first:
            break
        found += following.lines
    return found


def _hunk(key: str, head: DiffHead, lines: Sequence[DiffLine], at: int) -> PointedHunk | None:
    starts = [number for number, line in enumerate(lines) if line.kind == "@"]
    texts = hunks_of(head.patch)
    number = sum(start <= at for start in starts) - 1
    if head.file is None or number < 0 or number >= len(texts):
        return None
    end = starts[number + 1] if number + 1 < len(starts) else len(lines)
    own = tuple(lines[starts[number] + 1 : end])
    inside = max(at - starts[number] - 1, 0)
    return PointedHunk(key, head.file.path, texts[number], own, inside, inside)


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
