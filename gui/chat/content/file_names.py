"""The names of files in a segment's text, as in a terminal's output."""

from __future__ import annotations

from collections.abc import Iterator

from gui.terminal.links.links import LONGEST, LinkMatch, links_in

from .segments import Code, DiffHead, FoldLine, Paragraph, Run, Segment, Table


def file_names(segment: Segment) -> list[LinkMatch]:
    """The names in a segment's text that may be those of files, from the left; the files need not exist."""
    if isinstance(segment, DiffHead):
        return [LinkMatch(0, len(segment.text), file=segment.file)] if segment.file is not None else []
    return [
        found._replace(first=found.first + start, end=found.end + start)
        for start, text in _texts(segment)
        for found in links_in(text[:LONGEST])
        if found.file is not None
    ]


def _texts(segment: Segment) -> Iterator[tuple[int, str]]:
    """The parts of a segment's text that may have names, with their offsets; links are left out."""
    match segment:
        case FoldLine():
            yield 0, segment.text
        case Paragraph():
            yield from _without_links(0, segment.runs)
        case Table():
            start = 0
            for row in segment.rows:
                for cell in row:
                    yield from _without_links(start, cell)
                    start += sum(len(run.text) for run in cell) + 1
        case Code():
            start = 0
            for line in segment.text.split("\n"):
                yield start, line
                start += len(line) + 1
        case _:
            pass


def _without_links(start: int, runs: tuple[Run, ...]) -> Iterator[tuple[int, str]]:
    for run in runs:
        if not run.link:
            yield start, run.text
        start += len(run.text)
