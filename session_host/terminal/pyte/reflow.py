"""Resizes the grid: the primary screen and its history are wrapped anew, the alternate screen is cut.

No resize loses text. Rows joined by soft wraps are one line, which is wrapped again at another width. The history's
limit then counts lines, not rows: a line that a narrow grid wraps into several rows counts once. Packed rows that are
whole lines and fit stay unchanged, so that a resize with 10,000 lines of ordinary history touches few of them.

Rows below the cursor stay, even if the cursor's row leaves the screen for them; the cursor then keeps its row and
column on the screen, as in kitty. A selection ends at another width, and a viewport returns to the bottom.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from .cells import BLANK, TAIL, CellLine, packed_columns, packed_wrapped, unpack
from .history import History
from .screen import SavedCursor, Screen

_MAX_ROWS_PER_LINE = 16
"""The history's limit times this is the maximum number of rows into which a narrow grid wraps its lines."""


@dataclass
class _Place:
    """A cell that stays in its line: its row, counted from the history's oldest, and its column."""

    row: int
    column: int


def resize_screen(screen: Screen, columns: int, lines: int) -> None:
    """Resize the screen to ``columns`` by ``lines``."""
    top, primary = len(screen.history.rows), screen.primary
    content = max((y + 1 for y, line in enumerate(primary) if line.used()), default=0)
    saved = screen.saved[0]
    if screen.on_alternate:
        at = saved or SavedCursor(row=content - 1)
        cursor = _Place(top + max(at.row, 0), at.column)
    else:
        # In the pending-wrap state, the cursor is behind the last column.
        cursor = _Place(top + screen.cursor.y, screen.cursor.x + screen.pending_wrap)
    shown_row = cursor.row - top
    saved_place = _Place(top + saved.row, saved.column) if saved else cursor
    first = _Place(top, 0)
    end = max(content, shown_row + 1)
    pairs = pairwise([*primary[:end], CellLine(columns)])
    rows = [*screen.history.rows, *(line.pack_for_history(following) for line, following in pairs)]
    if columns != screen.columns:
        rows = _rewrap(rows, columns, (first, cursor, saved_place))
        screen.shifts += 1
    # A full screen takes rows back from the history; any other stays where it is.
    new_top = max(0 if end == screen.lines else first.row, len(rows) - lines)
    if cursor.row < new_top:
        cursor.row = new_top + min(shown_row, lines - 1)
    _keep_rows(screen.history, rows[:new_top], lines, is_rewrapped=columns != screen.columns)
    grid = [unpack(row, columns) for row in rows[new_top : new_top + lines]]
    grid.extend(CellLine(columns) for _ in range(lines - len(grid)))
    if saved:
        row = min(max(saved_place.row - new_top, 0), lines - 1)
        screen.saved[0] = saved._replace(column=min(saved_place.column, columns - 1), row=row)
    alternate = _resize_alternate(screen, columns, lines)
    if screen.on_alternate:
        screen.grid, screen.other = alternate, grid
    else:
        screen.grid, screen.other = grid, alternate
        screen.cursor.x = min(cursor.column, columns - 1)
        screen.cursor.y = min(max(cursor.row - new_top, 0), lines - 1)
        screen.pending_wrap = cursor.column == columns == packed_columns(rows[cursor.row])
    screen.tabstops = {stop for stop in screen.tabstops if stop < columns} | {
        stop for stop in range(8, columns, 8) if stop >= screen.columns
    }
    screen.columns, screen.lines = columns, lines
    screen.reset_margins()
    screen.all_dirty = True


def _rewrap(rows: list[bytes], columns: int, places: Iterable[_Place]) -> list[bytes]:
    """Wrap rows at ``columns``; the places move with their cells."""
    places_of: defaultdict[int, list[_Place]] = defaultdict(list)
    for place in places:
        places_of[place.row].append(place)
    wrapped: list[bytes] = []
    line = CellLine(0)
    inside: list[tuple[_Place, int]] = []
    for index, packed in enumerate(rows):
        continues = packed_wrapped(packed)
        if not continues and not line.chars and packed_columns(packed) <= columns:
            for place in places_of.get(index, ()):
                place.row = len(wrapped)
            wrapped.append(packed)
            continue
        inside.extend((place, len(line.chars) + place.column) for place in places_of.get(index, ()))
        part = unpack(packed, packed_columns(packed))
        line.chars += part.chars
        line.styles += part.styles
        if not continues:
            _wrap_line(line, columns, wrapped, inside)
            line, inside = CellLine(0), []
    if line.chars:  # The last row continues in a blank one.
        _wrap_line(line, columns, wrapped, inside)
        wrapped[-1] = b"\1" + wrapped[-1][1:]
    return wrapped


def _wrap_line(line: CellLine, columns: int, wrapped: list[bytes], inside: list[tuple[_Place, int]]) -> None:
    """Wrap one line, and move its places, each given with the number of its cell."""
    start, total = 0, len(line.chars)
    while True:
        end = min(start + columns, total)
        if end < total and line.chars[end] == TAIL and end - start > 1:
            end -= 1
        row = CellLine(0)
        row.chars, row.styles, row.wrapped = line.chars[start:end], line.styles[start:end], end < total
        for place, cell in inside:
            if cell >= start:
                place.row, place.column = len(wrapped), cell - start
        if row.wrapped:
            row.write_last_blanks()
        if row.chars == [TAIL]:
            row.chars = [BLANK]  # In a grid of one column.
        wrapped.append(row.pack())
        start = end
        if start >= total:
            return


def _keep_rows(history: History, rows: list[bytes], lines: int, *, is_rewrapped: bool) -> None:
    """Make rows the history, up to its limit, from ``lines`` rows of the screen on."""
    limit, max_rows = history.limit, history.max_rows
    if is_rewrapped and limit:
        # The rows that the screen can take back count in addition to the history's own.
        max_rows = max(limit, _rows_of_lines(rows, limit + lines))
    history.replace(rows, max_rows)


def _rows_of_lines(rows: list[bytes], max_lines: int) -> int:
    """How many of the newest rows make up ``max_lines`` lines."""
    lines = 0
    max_rows = min(len(rows), max_lines * _MAX_ROWS_PER_LINE)
    for count in range(max_rows):
        if not packed_wrapped(rows[-1 - count]) or not count:
            lines += 1
            if lines > max_lines:
                return count
    return max_rows


def _resize_alternate(screen: Screen, columns: int, lines: int) -> list[CellLine]:
    """The alternate screen's rows, cut or filled; its cursor stays visible."""
    rows = screen.grid if screen.on_alternate else screen.other
    surplus = 0
    if screen.on_alternate:
        surplus = max(0, screen.cursor.y + 1 - lines)
        screen.cursor.y -= surplus
        screen.pending_wrap = screen.pending_wrap and screen.cursor.x == columns - 1
        screen.cursor.x = min(screen.cursor.x, columns - 1)
        screen.scrolled_out += surplus
    saved = screen.saved[1]
    if saved:
        screen.saved[1] = saved._replace(
            column=min(saved.column, columns - 1), row=min(max(saved.row - surplus, 0), lines - 1)
        )
    kept = [line.resized(columns) for line in rows[surplus : surplus + lines]]
    kept.extend(CellLine(columns) for _ in range(lines - len(kept)))
    return kept
