"""The selected part of a transcript, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gui.chat.content.segments import Segment, StatusLine, as_markdown, as_plain, cut, utf16_length, utf16_slice

from .rows import Rows

_MAX_READ = 1000
"""If more rows are selected, whole messages are copied as they came from the agent, without laying out their rows."""


class Point(NamedTuple):
    """A position in the text: the key of a row, one of its segments, and the offset in the segment's text."""

    key: str
    segment: int
    offset: int


class Selection:
    """A part of the transcript between two points.

    Attributes:
        anchor: the point at which the user began to select; None for no selection.
        head: the other end, which moves while the user selects.
    """

    def __init__(self) -> None:
        self.anchor: Point | None = None
        self.head: Point | None = None

    def clear(self) -> None:
        """Select nothing."""
        self.anchor = self.head = None

    def select(self, anchor: Point, head: Point) -> None:
        """Select the text between two points."""
        self.anchor, self.head = anchor, head

    def extend(self, rows: Rows, pressed: tuple[Point, Point], there: tuple[Point, Point]) -> None:
        """Select from what was pressed to what is at the pointer: words or lines, each by its first and last point."""

        def order(point: Point) -> tuple[int, int, int]:
            position = rows.position(point.key)
            return -1 if position is None else position, point.segment, point.offset

        if order(there[0]) < order(pressed[0]):
            self.select(pressed[1], there[0])
        else:
            self.select(pressed[0], max(pressed[1], there[1], key=order))

    def ends(self, rows: Rows) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
        """Both ends in order, each as position, segment and offset; None if nothing is selected."""
        if self.anchor is None or self.head is None or self.anchor == self.head:
            return None
        found = []
        for point in (self.anchor, self.head):
            position = rows.position(point.key)
            if position is None or point.segment >= len(rows.row(position).segments):
                return None  # What was selected is not shown any more.
            found.append((position, point.segment, point.offset))
        first, last = sorted(found)
        return first, last

    def part_of(self, rows: Rows, position: int, number: int, length: int) -> tuple[int, int] | None:
        """The selected part of a segment's text; None for none."""
        ends = self.ends(rows)
        if ends is None:
            return None
        first, last = ends
        if not first[:2] <= (position, number) <= last[:2]:
            return None
        if _is_left_out(rows.row(position).segments[number], first, last):
            return None
        begin = first[2] if (position, number) == first[:2] else 0
        end = last[2] if (position, number) == last[:2] else length
        return (begin, end) if begin < end else None

    def is_empty(self, rows: Rows) -> bool:
        """Whether nothing is selected."""
        return self.ends(rows) is None

    def text(self, rows: Rows, *, markdown: bool) -> str:
        """The selected text."""
        ends = self.ends(rows)
        if ends is None:
            return ""
        first, last = ends
        if first[:2] == last[:2] and not markdown:  # Within one entry of a list, its bullet is not selected.
            segment = rows.row(first[0]).segments[first[1]]
            return utf16_slice(segment.text, first[2], last[2])
        pieces = list(self._pieces(rows, first, last, markdown=markdown))
        return "\n\n".join(piece for piece in pieces if piece)

    def _pieces(
        self, rows: Rows, first: tuple[int, int, int], last: tuple[int, int, int], *, markdown: bool
    ) -> Iterator[str]:
        many = last[0] - first[0] > _MAX_READ
        for position in range(first[0], last[0] + 1):
            is_whole = first[0] < position < last[0]
            if is_whole and position < len(rows.transcript) and (markdown or many):
                item = rows.transcript[position]
                if item.kind in {"agent", "user"}:
                    yield item.text.strip("\n")
                    continue
            segments = list(rows.row(position).segments)
            yield (as_markdown if markdown else as_plain)(_selected(segments, position, first, last))


def _is_left_out(segment: Segment, first: tuple[int, int, int], last: tuple[int, int, int]) -> bool:
    """Whether a segment between the ends of a selection is no part of it: the status, unless it is all between them."""
    return isinstance(segment, StatusLine) and first[:2] != last[:2]


def _selected(
    segments: list[Segment], position: int, first: tuple[int, int, int], last: tuple[int, int, int]
) -> list[Segment]:
    """The segments of one row, cut to the selection."""
    found: list[Segment] = []
    for number, segment in enumerate(segments):
        segment_at = (position, number)
        if not first[:2] <= segment_at <= last[:2] or _is_left_out(segment, first, last):
            continue
        begin = first[2] if segment_at == first[:2] else 0
        end = last[2] if segment_at == last[:2] else utf16_length(segment.text)
        if begin < end:
            found.append(cut(segment, begin, end))
    return found
