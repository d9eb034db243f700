"""The link under a cell: one that the program set (OSC 8), an address in the text, or a file name.

Rows are read only on demand: with Ctrl held over the view, at a double click, for the context menu.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gui.terminal.drawing.cursor import cell_under
from gui.terminal.drawing.regions import Span
from session_host.terminal.base import Emulator
from session_host.terminal.lines import TextLine, line_at
from session_host.terminal.rows import Row

from .headings import heading_above, listed_location
from .links import FileLocation, LinkMatch, link_in, shown

ROWS_OF_A_LINE = 40
"""The maximum number of rows of the line that are read above the cell, and below it."""

PathOf = Callable[[str], str | None]
"""Returns the absolute path of the existing file that a name refers to; "" for none, None while the lookup runs."""


class Link(NamedTuple):
    """The target of a click on a cell: an address or a file; a known file has an absolute path."""

    spans: tuple[Span, ...]
    uri: str = ""
    file: FileLocation | None = None
    is_known: bool = True
    """Whether the target exists; False while the file is looked up."""
    is_marked: bool = False
    """Whether the program set the address (OSC 8); the text may then show another address."""

    @property
    def text(self) -> str:
        """The target as text."""
        return self.uri if self.file is None else self.file.text

    @property
    def tip(self) -> str:
        """The target as a tooltip shows it before the click."""
        return shown(self.text)


def marked_link(rows: Sequence[Row | None], cell: tuple[int, int]) -> Link | None:
    """The link that the program set at a cell of the rows, with its parts in the rows above and below."""
    column, number = cell
    row = rows[number] if 0 <= number < len(rows) else None
    uri = cell_under(row, column).style.link
    if row is None or not uri:
        return None
    spans = [(number, *span) for span in _marked_spans(row, uri) if span[0] <= column <= span[1]]
    for next_row, part in ((-1, -1), (1, 0)):
        at = number + next_row
        while 0 <= at < len(rows) and (found := _marked_spans(rows[at], uri)):
            spans.append((at, *found[part]))
            at += next_row
    return Link(tuple(sorted(spans)), uri, is_marked=True)


def _marked_spans(row: Row | None, uri: str) -> list[tuple[int, int]]:
    """The first and last columns of the cells with a link that the program set."""
    spans: list[tuple[int, int]] = []
    for run in row.runs if row is not None else ():
        if run.style.link == uri:
            joins = bool(spans) and spans[-1][1] + 1 == run.column
            first = spans.pop()[0] if joins else run.column
            spans.append((first, run.column + run.cells - 1))
    return spans


def link_in_text(emulator: Emulator, top: int, cell: tuple[int, int], path_of: PathOf) -> Link | None:
    """The address or file named by the text at a cell, also over soft wraps.

    Args:
        emulator: the displayed emulator.
        top: the viewport's first row, counted from the oldest of the history.
        cell: the column and row in the viewport.
        path_of: finds files.
    """
    found = _found(emulator, top, cell)
    if found is None:
        return None
    uri, file, spans = found
    if file is None:
        return Link(spans, uri)
    path = path_of(file.path)
    if path is None:
        return Link(spans, file=file, is_known=False)
    return Link(spans, file=file._replace(path=path)) if path else None


def word_at(emulator: Emulator, top: int, cell: tuple[int, int], path_of: PathOf) -> tuple[Span, ...]:
    """The cells of the whole address or path at a cell; () for an ordinary word."""
    found = _found(emulator, top, cell)
    if found is None:
        return ()
    _uri, file, spans = found
    if file is not None and "/" not in file.path and not path_of(file.path):
        return ()
    return spans


def _found(
    emulator: Emulator, top: int, cell: tuple[int, int]
) -> tuple[str, FileLocation | None, tuple[Span, ...]] | None:
    line = line_at(emulator, top + cell[1], max_rows=ROWS_OF_A_LINE)
    if line is None:
        return None
    index = line.character_at(top + cell[1], cell[0])
    if index is None:
        return None
    found = _listed(emulator, line, index) or link_in(line.text, index)
    if found is None:
        return None
    spans: dict[int, tuple[int, int]] = {}
    for character in range(found.first, found.end):
        row, column = line.cell_of(character)
        first, _last = spans.setdefault(row - top, (column, column))
        spans[row - top] = (first, column)
    return found.uri, found.file, tuple((row, first, last) for row, (first, last) in spans.items())


def _listed(emulator: Emulator, line: TextLine, index: int) -> LinkMatch | None:
    """The location in the file that is named above the line, at a character of the line's number."""
    listed = listed_location(line.text)
    if listed is None or listed.file is None or not listed.first <= index < listed.end:
        return None
    path = heading_above(emulator, line.row)
    return listed._replace(file=listed.file._replace(path=path)) if path else None
