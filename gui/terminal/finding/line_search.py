"""Finds a line in an emulator's history and screen, scrolls to it and selects it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from unicodedata import combining, east_asian_width

from session_host.terminal.base import Emulator
from session_host.terminal.lines import Match, TextLine, joined_lines
from session_host.terminal.rows import Row

Spans = Callable[[str], list[tuple[int, int]]]
"""Returns the parts of a line to mark: (first, end) in characters."""

_ROWS_AT_ONCE = 500
_NEAR_ROWS = 60
"""A line may be so far from its computed position: some characters have another width than computed."""
_ABOVE_SHARE = 3
"""The share of the screen (a third) to show above the line."""


def show_line(emulator: Emulator, text: str, spans: Spans) -> bool:
    """Scroll to the newest line with this text, and select what ``spans`` marks in it, from first to last.

    Returns:
        Whether the line exists.
    """
    match = _find(emulator, text.strip(), spans)
    if match is None:
        return False
    history, rows = emulator.scrollback_rows, emulator.size.rows
    top = min(max(match.row - rows // _ABOVE_SHARE, 0), history)
    emulator.scroll_to_bottom()
    emulator.scroll(top - history)
    bottom = top + rows - 1
    first, last = (match.column, match.row - top), (match.last_column, min(match.last_row, bottom) - top)
    emulator.select(first, last, "cell")
    return True


def _find(emulator: Emulator, text: str, spans: Spans) -> Match | None:
    """The cells to mark in the newest line with this text, else in the newest one that contains it.

    The emulator returns all of its text much faster than its rows. So the line's position is computed from the lines
    above it, and only the rows there are read; if the line is not there, all rows are searched.
    """
    if not text:
        return None
    emulator.select_all()
    lines = emulator.selected_text().split("\n")
    emulator.clear_selection()
    containing = [number for number, line in enumerate(lines) if text in line]
    if not containing:
        return None
    number = next((each for each in reversed(containing) if lines[each].strip() == text), containing[-1])
    line = lines[number]
    begin = _begin(emulator, lines, number)
    if begin is None:
        found = _search_all_rows(emulator, text)
        return None if found is None else _match(found, spans)
    if line.isascii():  # One character is one cell.
        return _match(TextLine(begin, 0, line, emulator.size.columns, None), spans)
    [found] = joined_lines(_line_rows(emulator, begin), begin, emulator.size.columns, max_rows=sys.maxsize)
    return _match(found, spans)


def _match(line: TextLine, spans: Spans) -> Match:
    marked = spans(line.text) or [(0, len(line.text))]
    return line.match(marked[0][0], marked[-1][1])


def _begin(emulator: Emulator, lines: list[str], number: int) -> int | None:
    """The first row of a line, by the lengths of the lines above it; None if it is not near there."""
    columns, line = emulator.size.columns, lines[number]
    expected = sum(-(-_cells(each) // columns) or 1 for each in lines[:number])
    first = max(expected - _NEAR_ROWS, 0)
    rows = _rows(emulator, first, expected + _NEAR_ROWS)
    found = [
        first + index
        for index, row in enumerate(rows)
        if _begins(line, row) and not (rows[index - 1].wrapped if index else first)
    ]
    return min(found, key=lambda row: abs(row - expected), default=None)


def _begins(line: str, row: Row) -> bool:
    """Whether a line begins with the text of a row, or is that text."""
    text = row.text()
    return line.startswith(text) if row.wrapped else line == text.rstrip(" ")


def _cells(line: str) -> int:
    if line.isascii():
        return len(line)
    return sum(0 if combining(each) else 1 + (east_asian_width(each) in "WF") for each in line)


def _line_rows(emulator: Emulator, begin: int) -> list[Row]:
    """The rows of the line that begins at a row."""
    found: list[Row] = []
    while not found or found[-1].wrapped:
        page = _rows(emulator, begin + len(found), begin + len(found) + _ROWS_AT_ONCE)
        end = next((index + 1 for index, row in enumerate(page) if not row.wrapped), len(page))
        found += page[:end]
        if not page:
            break
    return found


def _rows(emulator: Emulator, first: int, end: int) -> list[Row]:
    """Rows, counted from the oldest."""
    history = emulator.scrollback_rows
    page = emulator.history(first, min(end, history) - first) if first < history else []
    return page + emulator.rows()[max(first - history, 0) : max(end - history, 0)] if end > history else page


def _search_all_rows(emulator: Emulator, text: str) -> TextLine | None:
    """The newest line with this text, else the newest one that contains it; reads all rows below it."""
    containing = None
    for line in _lines_upwards(emulator):
        if line.text.strip() == text:
            return line
        if containing is None and text in line.text:
            containing = line
    return containing


def _lines_upwards(emulator: Emulator) -> Iterator[TextLine]:
    """The lines from the bottom to the top, each of any number of rows."""
    columns = emulator.size.columns
    below: list[Row] = []
    first = 0
    for number, row in _rows_upwards(emulator):
        if below and not row.wrapped:
            yield from joined_lines(below[::-1], first, columns, max_rows=sys.maxsize)
            below = []
        below.append(row)
        first = number
    yield from joined_lines(below[::-1], first, columns, max_rows=sys.maxsize)


def _rows_upwards(emulator: Emulator) -> Iterator[tuple[int, Row]]:
    history, screen = emulator.scrollback_rows, emulator.rows()
    for index in reversed(range(len(screen))):
        yield history + index, screen[index]
    end = history
    while end > 0:
        first = max(0, end - _ROWS_AT_ONCE)
        page = emulator.history(first, end - first)
        for index in reversed(range(len(page))):
            yield first + index, page[index]
        end = first
