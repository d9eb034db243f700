"""Resizes the grid: the primary screen, its history and the cursor reflow.

Rows joined by soft wraps are one logical line, which is wrapped again when the width changes. Packed rows that are
whole lines and fit are left unchanged, so that a resize with 10,000 lines of ordinary history touches few of them.

No resize loses text. The history's limit counts lines, not rows: a line that a narrow grid wraps into several rows
counts once. Rows below the cursor stay, even if the cursor's row leaves the screen for them; the cursor then keeps its
row and column on the screen, as in kitty.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from functools import partial

from session_host.terminal.rows import PLAIN

from .cells import BLANK, TAIL, Line, packed_columns, packed_wrapped, unpack
from .screen import Anchor, SavedCursor, Screen

Stored = Line | bytes

_MAX_ROWS_PER_LINE = 16
"""The history's limit times this is the maximum number of rows into which a narrow grid wraps its lines."""


def erase_redrawn_prompt(screen: Screen) -> int | None:
    """Erase a prompt that its shell draws again: the shell counts rows as they were, so none of them may wrap.

    Returns the number of erased rows above the cursor; None if nothing was erased.
    """
    row = None if screen.on_alternate else screen.prompts.redrawn_row(partial(_is_continued, screen))
    if row is None or not 0 <= (first := row - screen.shown_rows) <= screen.cursor.y:
        return None
    for line in range(first, screen.lines):
        screen.grid[line].erase(0, screen.columns, PLAIN)
    screen.prompts.rows_erased(first, screen.lines - first)
    screen.cursor.x, screen.pending_wrap = 0, False
    return screen.cursor.y - first


def _is_continued(screen: Screen, row: int) -> bool:
    """Whether the line of a row of the screen continues in the next row."""
    line = row - screen.shown_rows
    return 0 <= line < screen.lines and screen.grid[line].wrapped


def resize_screen(screen: Screen, columns: int, lines: int) -> None:
    """Resize the screen to ``columns`` by ``lines``."""
    old_columns, old_lines = screen.columns, screen.lines
    primary_cursor = _primary_cursor(screen)
    saved = screen.saved[0]
    saved_anchor = Anchor(len(screen.history) + saved.row, saved.column) if saved else None
    anchors = [] if screen.on_alternate else screen.anchors
    marks = [mark for marks in screen.prompts.newest() for mark in marks]
    for anchor in (*anchors, *marks):
        anchor.line -= screen.evicted
    carried = [primary_cursor, *([saved_anchor] if saved_anchor else []), *anchors, *marks]
    grid, dropped = _resize_primary(screen, columns, lines, old_lines, primary_cursor, carried)

    screen.evicted += dropped
    for anchor in anchors:
        anchor.line = max(anchor.line, 0) + screen.evicted
    for mark in marks:
        mark.line += screen.evicted
    top = len(screen.history)
    if saved and saved_anchor:
        screen.saved[0] = saved._replace(
            column=min(saved_anchor.column, columns - 1), row=min(max(saved_anchor.line - top, 0), lines - 1)
        )
    alternate = _resize_alternate(screen, columns, lines)
    if screen.on_alternate:
        screen.grid, screen.other = alternate, grid
    else:
        screen.grid, screen.other = grid, alternate
        screen.cursor.x = min(primary_cursor.column, columns - 1)
        screen.cursor.y = min(max(primary_cursor.line - top, 0), lines - 1)
        screen.pending_wrap = primary_cursor.column >= columns
    screen.columns, screen.lines = columns, lines
    screen.tabstops = {stop for stop in screen.tabstops if stop < columns} | {
        stop for stop in range(8, columns, 8) if stop >= old_columns
    }
    screen.reset_margins()
    screen.all_dirty = True


def _primary_cursor(screen: Screen) -> Anchor:
    """The position of the primary screen's cursor (or its saved one), as a row of history and screen.

    In the pending-wrap state, it is behind the last column.
    """
    top = len(screen.history)
    if not screen.on_alternate:
        return Anchor(top + screen.cursor.y, screen.cursor.x + screen.pending_wrap)
    saved = screen.saved[0] or SavedCursor(row=_content_rows(screen.primary) - 1)
    return Anchor(top + max(saved.row, 0), saved.column)


def _content_rows(rows: list[Line]) -> int:
    return max((y + 1 for y, line in enumerate(rows) if line.used()), default=0)


def _resize_primary(
    screen: Screen, columns: int, lines: int, old_lines: int, cursor: Anchor, carried: list[Anchor]
) -> tuple[list[Line], int]:
    """The primary screen's new rows, and how many rows the history lost; ``carried`` anchors move along."""
    top = len(screen.history)
    end = max(top + _content_rows(screen.primary), cursor.line + 1)
    was_full = end == top + old_lines
    shown_row = cursor.line - top
    stored: list[Stored] = [*screen.history, *screen.primary[: end - top]]
    top_anchor = Anchor(top, 0)
    if columns != screen.columns:
        stored = _rewrap(stored, columns, [top_anchor, *carried], cursor)
    new_top = max(0, len(stored) - lines) if was_full else max(top_anchor.line, len(stored) - lines)
    if cursor.line < new_top:
        cursor.line = new_top + min(shown_row, lines - 1)
    shown = [row if isinstance(row, Line) else unpack(row, columns) for row in stored[new_top : new_top + lines]]
    shown.extend(Line(columns) for _ in range(lines - len(shown)))
    above = [row if isinstance(row, bytes) else row.pack_for_history() for row in stored[:new_top]]
    limit = screen.history_limit
    if columns == screen.columns:
        dropped = max(0, len(above) - screen.history_rows)
    else:
        # The rows that the screen can take back count in addition to the history's own.
        dropped = len(above) - _rows_of_lines(above, limit + lines) if limit else len(above)
        screen.history_rows = max(limit, len(above) - dropped)
    screen.history = deque(above[dropped:], maxlen=screen.history_rows)
    for anchor in carried:
        anchor.line -= dropped
    return shown, dropped


def _rows_of_lines(above: list[bytes], max_lines: int) -> int:
    """How many of the newest rows make up ``max_lines`` lines."""
    lines = 0
    max_rows = min(len(above), max_lines * _MAX_ROWS_PER_LINE)
    for count in range(max_rows):
        if not packed_wrapped(above[-1 - count]) or not count:
            lines += 1
            if lines > max_lines:
                return count
    return max_rows


def _rewrap(stored: list[Stored], columns: int, anchors: Iterable[Anchor], cursor: Anchor) -> list[Stored]:
    """Wrap rows at ``columns``; the anchors move with their cells."""
    anchors_of: defaultdict[int, list[Anchor]] = defaultdict(list)
    for anchor in anchors:
        anchors_of[anchor.line].append(anchor)
    wrapped: list[Stored] = []
    logical: list[Line] = []
    line_anchors: list[tuple[Anchor, int]] = []
    length = 0
    for index, row in enumerate(stored):
        continues = packed_wrapped(row) if isinstance(row, bytes) else row.wrapped
        is_single_row = not logical and not continues
        if is_single_row and isinstance(row, bytes) and packed_columns(row) <= columns:
            for anchor in anchors_of.get(index, ()):
                anchor.line = len(wrapped)
            wrapped.append(row)
            continue
        line = unpack(row, packed_columns(row)) if isinstance(row, bytes) else row
        line_anchors.extend((anchor, length + anchor.column) for anchor in anchors_of.get(index, ()))
        logical.append(line)
        length += len(line.chars)
        if not continues:
            _wrap_line(logical, columns, wrapped, line_anchors, cursor)
            logical, line_anchors, length = [], [], 0
    if logical:
        _wrap_line(logical, columns, wrapped, line_anchors, cursor)
        last = wrapped[-1]
        if isinstance(last, Line):
            last.wrapped = True
    return wrapped


def _wrap_line(
    rows: list[Line], columns: int, wrapped: list[Stored], anchors: list[tuple[Anchor, int]], cursor: Anchor
) -> None:
    """Wrap one logical line, and place its anchors, each given with its cell's number in the line."""
    chars: list[str] = []
    styles = []
    removed: list[int] = []
    for index, row in enumerate(rows):
        cells = len(row.chars)
        if index + 1 < len(rows):
            follower = rows[index + 1].chars
            if cells and row.chars[-1] == BLANK and len(follower) > 1 and follower[1] == TAIL:
                # A wide character did not fit in this row: the remaining cell is not part of the text.
                removed.append(len(chars) + cells - 1 + len(removed))
                cells -= 1
        else:
            cells = row.used()
        chars.extend(row.chars[:cells])
        styles.extend(row.styles[:cells])
    first_row = len(wrapped)
    starts: list[int] = []
    start, total = 0, len(chars)
    while True:
        end = min(start + columns, total)
        if end < total and chars[end] == TAIL and end - start > 1:
            end -= 1
        line = Line(0)
        line.chars, line.styles = chars[start:end], styles[start:end]
        if end < total:
            line.write_last_blanks()
        line.chars.extend([BLANK] * (columns - (end - start)))
        line.styles.extend([PLAIN] * (columns - (end - start)))
        line.wrapped = end < total
        if columns == 1 and line.chars == [TAIL]:
            line.chars = [BLANK]
        wrapped.append(line)
        starts.append(start)
        start = end
        if start >= total:
            break
    for anchor, offset in anchors:
        new_offset = offset - sum(1 for cell in removed if cell < offset)
        row_index = max(index for index, begin in enumerate(starts) if begin <= new_offset or index == 0)
        anchor.line = first_row + row_index
        anchor.column = new_offset - starts[row_index]
        # An anchor behind the text stays visible; the cursor directly behind a full row is in the pending-wrap state.
        last = columns if anchor is cursor and new_offset == total else columns - 1
        anchor.column = min(anchor.column, last)


def _resize_alternate(screen: Screen, columns: int, lines: int) -> list[Line]:
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
    kept.extend(Line(columns) for _ in range(lines - len(kept)))
    return kept
