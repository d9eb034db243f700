"""Scroll positions in the rows, and iteration over their segments."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from gui.chat.drawing.segment_layout import SegmentLayout

from .rows import Rows


class ScrollPosition(NamedTuple):
    """The segment at the top of the page: its row's key, its number, and the pixels of it above the page."""

    key: str
    segment: int
    above: float


class PlacedSegment(NamedTuple):
    """A segment with its position on the page.

    Attributes:
        position: the position of its row.
        number: its number in the row.
        top: the y coordinate of its layout.
        bottom: the y coordinate at which the next segment begins.
        laid: its layout.
    """

    position: int
    number: int
    top: float
    bottom: float
    laid: SegmentLayout


def next_of(rows: Rows, position: int, number: int) -> tuple[int, int] | None:
    """The segment after another one; None at the end."""
    if number + 1 < len(rows.row(position).segments):
        return position, number + 1
    position += 1
    while position < len(rows):
        if not rows.hides(position) and rows.row(position).segments:
            return position, 0
        position += 1
    return None


def before(rows: Rows, position: int, number: int) -> tuple[int, int] | None:
    """The segment before another one; None at the beginning."""
    if number > 0:
        return position, number - 1
    position -= 1
    while position >= 0:
        if not rows.hides(position) and (segments := rows.row(position).segments):
            return position, len(segments) - 1
        position -= 1
    return None


def first_of(rows: Rows) -> tuple[int, int]:
    """The first segment."""
    position = 0
    while not rows.row(position).segments:
        position += 1
    return position, 0


def last_of(rows: Rows) -> tuple[int, int]:
    """The last segment; the row after the items always has one."""
    position = len(rows) - 1
    return position, len(rows.row(position).segments) - 1


def from_bottom(rows: Rows, height: float) -> ScrollPosition:
    """The scroll position at the end: the last rows fill the page."""
    at: tuple[int, int] | None = last_of(rows)
    y = height
    while at is not None:
        y -= rows.segment_height(*at)
        if y <= 0:
            return ScrollPosition(rows.key(at[0]), at[1], -y)
        at = before(rows, *at)
    return top(rows)


def top(rows: Rows) -> ScrollPosition:
    """The position of the first row."""
    position, number = first_of(rows)
    return ScrollPosition(rows.key(position), number, 0.0)


def moved(rows: Rows, scroll: ScrollPosition, by: float) -> ScrollPosition:
    """The position further down, or up with a negative distance."""
    position = rows.position(scroll.key)
    if position is None:
        return top(rows)
    at, above = _segment_at(rows, position, scroll), scroll.above + by
    while above < 0:
        previous = before(rows, *at)
        if previous is None:
            return ScrollPosition(rows.key(at[0]), at[1], 0.0)
        at = previous
        above += rows.segment_height(*at)
    while (height := rows.segment_height(*at)) <= above:
        following = next_of(rows, *at)
        if following is None:
            return ScrollPosition(rows.key(at[0]), at[1], height)
        above -= height
        at = following
    return ScrollPosition(rows.key(at[0]), at[1], above)


def _segment_at(rows: Rows, position: int, scroll: ScrollPosition) -> tuple[int, int]:
    """The segment of a scroll position in a row, which may show less than it did: else the next one of the page."""
    segments = rows.row(position).segments
    if segments:
        return position, min(scroll.segment, len(segments) - 1)
    return next_of(rows, position, 0) or last_of(rows)


def distance_from_top(rows: Rows, scroll: ScrollPosition) -> float:
    """The distance of a position from the beginning; estimated heights count for rows that are not laid out yet."""
    position = rows.position(scroll.key)
    if position is None:
        return 0.0
    row = rows.row(position)
    inside = sum(row.heights[: scroll.segment]) + (row.before if scroll.segment else 0.0)
    return sum(rows.heights[:position]) + inside + scroll.above


def at_distance(rows: Rows, y: float) -> ScrollPosition:
    """The position at a distance from the beginning."""
    ends = list(accumulate(rows.heights))
    position = min(bisect_right(ends, y), len(ends) - 1)
    row = rows.row(position)
    rest = y - (ends[position] - rows.heights[position]) - row.before
    for number, height in enumerate(row.heights):
        if rest < height or number == len(row.heights) - 1:
            above = rest + (row.before if number == 0 else 0.0)
            return ScrollPosition(row.key, number, max(above, 0.0))
        rest -= height
    return ScrollPosition(row.key, 0, 0.0)


def segments_on_page(rows: Rows, scroll: ScrollPosition, height: float) -> list[PlacedSegment]:
    """The segments on a page of this height that begins at a position."""
    position = rows.position(scroll.key)
    if position is None:
        return []
    at: tuple[int, int] | None = _segment_at(rows, position, scroll)
    y = -scroll.above
    found: list[PlacedSegment] = []
    while at is not None and y < height:
        position, number = at
        laid = rows.laid(position, number)
        row = rows.row(position)
        top = y + (row.before if number == 0 else 0.0)
        y = top + laid.height + (row.after if number == len(row.segments) - 1 else 0.0)
        found.append(PlacedSegment(position, number, top, y, laid))
        at = next_of(rows, position, number)
    return found
