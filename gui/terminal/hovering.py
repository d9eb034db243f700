"""The link under a cell: one that the program set (OSC 8), an address in the text, or the name of a file.

Rows are read only when somebody asks: with Ctrl held over the view, at a double click, for the context menu.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from session_host.terminal.base import Emulator, Row

from .cursor import cell_under
from .links import FilePlace, link_in, shown
from .places import line_at

Span = tuple[int, int, int]
"""A viewport row, and its first and last column of a link."""


class Link(NamedTuple):
    """What a click on a cell opens: an address, or a file (of which an absolute path is known)."""

    spans: tuple[Span, ...]
    uri: str = ""
    file: FilePlace | None = None

    @property
    def text(self) -> str:
        """The target in words."""
        if self.file is None:
            return self.uri
        place = [str(number) for number in (self.file.line, self.file.column) if number]
        return ":".join([self.file.path, *place])

    @property
    def tip(self) -> str:
        """The target as it is shown before it is followed."""
        return shown(self.text)


def marked_link(rows: Sequence[Row | None], cell: tuple[int, int]) -> Link | None:
    """The link that the program set at a cell of the rows."""
    column, number = cell
    row = rows[number] if 0 <= number < len(rows) else None
    uri = cell_under(row, column).style.link
    if row is None or not uri:
        return None
    first = last = column
    while first > 0 and cell_under(row, first - 1).style.link == uri:
        first -= 1
    while cell_under(row, last + 1).style.link == uri:
        last += 1
    return Link(((number, first, last),), uri)


def link_in_text(emulator: Emulator, top: int, cell: tuple[int, int], directories: Sequence[str]) -> Link | None:
    """The address or the existing file that the text at a cell names, also over soft wraps.

    Args:
        emulator: what is shown.
        top: the viewport's first row, counted from the oldest of the history.
        cell: column and row in the viewport.
        directories: what relative names are relative to, in this order.
    """
    found = _found(emulator, top, cell)
    if found is None:
        return None
    uri, file, spans = found
    if file is None:
        return Link(spans, uri)
    path = existing(file.path, directories)
    return Link(spans, file=file._replace(path=path)) if path else None


def word_at(emulator: Emulator, top: int, cell: tuple[int, int], directories: Sequence[str]) -> tuple[Span, ...]:
    """The cells of the address or path at a cell, for selecting it whole; () where an ordinary word stands."""
    found = _found(emulator, top, cell)
    if found is None:
        return ()
    _uri, file, spans = found
    if file is not None and "/" not in file.path and not existing(file.path, directories):
        return ()
    return spans


def _found(
    emulator: Emulator, top: int, cell: tuple[int, int]
) -> tuple[str, FilePlace | None, tuple[Span, ...]] | None:
    line = line_at(emulator, top + cell[1])
    if line is None:
        return None
    place = line.place_of(top + cell[1], cell[0])
    found = link_in(line.text, place) if place is not None else None
    if found is None:
        return None
    spans: dict[int, tuple[int, int]] = {}
    for row, column in line.cells[found.first : found.end]:
        first, _last = spans.setdefault(row - top, (column, column))
        spans[row - top] = (first, column)
    return found.uri, found.file, tuple((row, first, last) for row, (first, last) in spans.items())


def existing(path: str, directories: Sequence[str]) -> str:
    """The absolute path of an existing file that is named so; "" for none."""
    names = [path]
    if path.startswith(("a/", "b/")):
        names.append(path[2:])  # as git diff writes it
    for name in names:
        for directory in directories or ("",):
            try:
                whole = Path(directory, Path(name).expanduser())
                if whole.is_absolute() and whole.is_file():
                    return os.path.normpath(whole)
            except (OSError, RuntimeError, ValueError):
                continue  # Too long, not readable, a home of nobody: no file to open.
    return ""
