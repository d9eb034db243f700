"""Finds a line in an emulator's history and screen, scrolls to it and selects it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from session_host.terminal.base import Emulator
from session_host.terminal.lines import TextLine, joined_lines
from session_host.terminal.rows import Row

Spans = Callable[[str], list[tuple[int, int]]]
"""Returns the parts of a line to mark: (first, end) in characters."""

_ROWS_AT_ONCE = 500
_ABOVE_SHARE = 3
"""The share of the screen (a third) to show above the line."""


def show_line(emulator: Emulator, text: str, spans: Spans) -> bool:
    """Scroll to the newest line with this text, and select what ``spans`` marks in it, from first to last.

    Returns:
        Whether the line exists.
    """
    line = _find(emulator, text.strip())
    if line is None:
        return False
    history, rows = emulator.scrollback_rows, emulator.size.rows
    marked = spans(line.text) or [(0, len(line.text))]
    match = line.match(marked[0][0], marked[-1][1])
    top = min(max(match.row - rows // _ABOVE_SHARE, 0), history)
    emulator.scroll_to_bottom()
    emulator.scroll(top - history)
    bottom = top + rows - 1
    first, last = (match.column, match.row - top), (match.last_column, min(match.last_row, bottom) - top)
    emulator.select(first, last, "cell")
    return True


def _find(emulator: Emulator, text: str) -> TextLine | None:
    if not text or not _is_there(emulator, text):
        return None
    containing = None
    for line in _lines_upwards(emulator):
        if line.text.strip() == text:
            return line
        if containing is None and text in line.text:
            containing = line
    return containing


def _is_there(emulator: Emulator, text: str) -> bool:
    """Whether the emulator has the text in one piece. This quick test saves a search of all rows for a lost line."""
    emulator.select_all()
    found = text in emulator.selected_text()
    emulator.clear_selection()
    return found


def _lines_upwards(emulator: Emulator) -> Iterator[TextLine]:
    """The lines from the bottom to the top, each of any number of rows."""
    columns = emulator.size.columns
    below: list[Row] = []
    first = 0
    for number, row in _rows_upwards(emulator):
        if below and not row.wrapped:
            yield from joined_lines(below, first, columns, max_rows=sys.maxsize)
            below = []
        below.insert(0, row)
        first = number
    yield from joined_lines(below, first, columns, max_rows=sys.maxsize)


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
