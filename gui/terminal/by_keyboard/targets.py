"""The links, paths and hashes in some lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gui.terminal.links.headings import listed_location
from gui.terminal.links.links import FileLocation, links_in
from session_host.terminal.lines import TextLine
from session_host.terminal.rows import Row

Cells = tuple[tuple[int, int, int], ...]
"""Cells of a text: (row, first column, last column), from the top; rows are numbered as in the lines."""

_HASH = re.compile(
    r"(?<![\w/-])(?<!\w\.)"
    r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}"
    r"|[0-9a-f]{64}|[0-9a-f]{7,40})"
    r"(?![\w/-]|\.\w)"
)
"""UUIDs, SHA-256 sums, and names of git objects."""
_ALWAYS_A_HASH = 36
"""A match of at least this length is a hash; a shorter one must have digits and letters: it may be a number or word."""


class Target(NamedTuple):
    """A text that can be opened or copied.

    Attributes:
        cells: its cells.
        text: the text of a hash.
        uri: the address of a link.
        file: the named file, which need not exist.
        is_marked: whether the program set the address (OSC 8).
    """

    cells: Cells
    text: str = ""
    uri: str = ""
    file: FileLocation | None = None
    is_marked: bool = False


def marked_targets(rows: Sequence[Row], first: int) -> list[Target]:
    """The links that the program set (OSC 8) in successive rows; ``first`` is the number of the first row.

    A link that continues in the next row counts once.
    """
    found: list[Target] = []
    for number, row in enumerate(rows, first):
        for run in row.runs:
            uri = run.style.link
            if not uri:
                continue
            span = (number, run.column, run.column + run.cells - 1)
            before = next((index for index in reversed(range(len(found))) if found[index].uri == uri), None)
            last = found[before].cells[-1] if before is not None else (-2, 0, 0)
            if before is not None and last[0] == number and last[2] + 1 == run.column:
                joined = (*found[before].cells[:-1], (number, last[1], span[2]))
                found[before] = found[before]._replace(cells=joined)
            elif before is not None and last[0] == number - 1:
                found[before] = found[before]._replace(cells=(*found[before].cells, span))
            else:
                found.append(Target((span,), uri=uri, is_marked=True))
    return found


def targets_in(lines: Iterable[TextLine]) -> list[Target]:
    """The addresses, names of files and hashes in lines; a name and a hash may overlap."""
    found: list[Target] = []
    for line in lines:
        found += [
            Target(_cells(line, link.first, link.end), uri=link.uri, file=link.file) for link in links_in(line.text)
        ]
        hashes = (match for match in _HASH.finditer(line.text) if _is_hash(match.group()))
        found += [Target(_cells(line, *match.span()), text=match.group()) for match in hashes]
    return found


def listed_targets(lines: Iterable[TextLine], heading_of: Callable[[int], str]) -> list[Target]:
    """The lines' locations in files; the file's name is in a heading above (``links.headings``).

    Args:
        lines: successive lines.
        heading_of: returns the file's name for the line that begins in a row; "" for none.
    """
    found: list[Target] = []
    name: str | None = None
    for line in lines:
        listed = listed_location(line.text)
        if listed is None or listed.file is None:
            name = None
            continue
        if name is None:
            name = heading_of(line.row)
        if name:
            file = listed.file._replace(path=name)
            found.append(Target(_cells(line, listed.first, listed.end), file=file))
    return found


def _is_hash(text: str) -> bool:
    if len(text) >= _ALWAYS_A_HASH:
        return True
    return any(character.isdigit() for character in text) and any(character.isalpha() for character in text)


def _cells(line: TextLine, first: int, end: int) -> Cells:
    rows: dict[int, tuple[int, int]] = {}
    for character in range(first, end):
        row, column = line.cell_of(character)
        rows[row] = (rows.get(row, (column, column))[0], column)
    return tuple((row, begin, last) for row, (begin, last) in rows.items())


def overlaps_any(target: Target, others: Iterable[Target]) -> bool:
    """Whether a target shares a cell with one of the others."""
    return any(
        row == row_2 and first <= last_2 and first_2 <= last
        for row, first, last in target.cells
        for other in others
        for row_2, first_2, last_2 in other.cells
    )
