"""The segments of a long table: they have the same widths of columns, though each is laid out alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .segments import Segment, Table, TableRow


def longest_cells(rows: Iterable[TableRow]) -> TableRow:
    """The longest cell of each column."""
    return tuple(max(column, key=_length) for column in zip(*rows, strict=False))


def with_shared_columns(segments: list[Segment], number: int) -> list[Segment]:
    """The segments, in which all parts of the table that continues at a number know its longest cells."""
    if not (0 < number < len(segments)) or not _continues(segments[number]):
        return segments
    before, end = number, number
    while _continues(segments[before]):
        before -= 1
    while end < len(segments) and _continues(segments[end]):
        end += 1
    parts = [segment for segment in segments[before:end] if isinstance(segment, Table)]
    # Earlier parts know the same cells already.
    longest = longest_cells(part.longest for part in (parts[number - before - 1], *parts[number - before :]))
    shared = [part if part.longest == longest else dataclasses.replace(part, longest=longest) for part in parts]
    return [*segments[:before], *shared, *segments[end:]]


def _continues(segment: Segment) -> bool:
    return isinstance(segment, Table) and not segment.first


def _length(cell: Iterable[object]) -> int:
    return sum(len(getattr(run, "text", "")) for run in cell)
