"""Locations in a file, listed below the file's name: messages of ESLint, matches of ripgrep and others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row

from .links import LONGEST, FileLocation, LinkMatch

_MESSAGE = re.compile(r"\s+(?P<line>\d{1,8}):(?P<column>\d{1,6})(?=\s{2,}\S|\s(?:error|warning)\b)")
"""A line of ESLint's report: ``  3:10  error  …``."""
_MATCH = re.compile(r"(?P<line>\d{1,8})(?::(?P<column>\d{1,6}))?(?=[:-])")
"""A line found by ripgrep, ag or git grep: ``3:…``, ``3:10:…``, and ``3-…`` around it."""
_GAP = "--"
_ROWS_AT_ONCE = 50
_MAX_ROWS = 300
"""The maximum number of rows that are searched for a line's heading."""


def listed_location(text: str) -> LinkMatch | None:
    """The location that a listed line begins with: line and column; the path is "" (see ``heading``)."""
    match = _MESSAGE.match(text) or _MATCH.match(text)
    if match is None:
        return None
    location = FileLocation("", int(match["line"]), int(match["column"] or 0))
    return LinkMatch(match.start("line"), match.end(), file=location)


def heading(texts: Iterable[str]) -> str:
    """The heading of a listed line, given the lines above it, the nearest first; "" for none."""
    for text in texts:
        if text != _GAP and listed_location(text) is None:
            return text if text and len(text) <= LONGEST and not text[0].isspace() else ""
    return ""


def heading_above(emulator: Emulator, row: int) -> str:
    """The heading of the listed line that begins in a row, counted from the oldest of the history; "" for none."""
    return heading(_texts_above(emulator, row))


def _texts_above(emulator: Emulator, row: int) -> Iterator[str]:
    """The lines above a row, with soft wraps joined."""
    parts: list[str] = []
    for above in _rows_above(emulator, row):
        if parts and not above.wrapped:
            yield "".join(reversed(parts))
            parts = []
        parts.append(above.text())
    if parts:
        yield "".join(reversed(parts))


def _rows_above(emulator: Emulator, row: int) -> Iterator[Row]:
    history, end = emulator.scrollback_rows, row
    while end > max(row - _MAX_ROWS, 0):
        first = history if end > history else max(end - _ROWS_AT_ONCE, 0)
        yield from reversed(emulator.rows()[: end - history] if end > history else emulator.history(first, end - first))
        end = first
