"""The grid under the pyte engine: rows, cursor, margins, scrolling and history.

The first of four layers over ``pyte.Screen``; each is a subclass of the one before::

    GridScreen    cells, cursor movement, margins, scrolling, history, tab stops
    EditScreen    drawing text; erasing, inserting and deleting
    ModeScreen    modes, both screens, saved cursors, character sets, reset
    ReportScreen  replies to queries, and the effects of OSC and DCS strings

pyte provides the cursor, the set of modes (private ones shifted by five bits), tab stops, title and ``dirty``. Its
``buffer`` stays empty: a dictionary with a tuple for each cell makes pyte slow, and cannot represent soft wraps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import pyte
from pyte import modes as mo

from session_host.terminal.pyte.cells import Line, erased
from session_host.terminal.rows import PLAIN, Style

from .anchors import Anchor

LEFT_RIGHT_MARGINS = 69 << 5
REVERSE_WRAP = 45 << 5
REVERSE_WRAP_AROUND = 1045 << 5
"""XTREVWRAP2: like REVERSE_WRAP, also where no line was wrapped, and from the top to the bottom."""


class GridScreen(pyte.Screen):
    """Rows of cells with a cursor, and a history above the primary screen.

    Attributes:
        grid: the active screen's rows, top to bottom.
        history: packed rows that left the top of the primary screen, oldest first.
        history_limit: the maximum number of history lines.
        history_rows: the maximum number of history rows; above the limit after a resize that wrapped lines.
        evicted: how many rows the history has dropped; the absolute number of its oldest row.
        scrolled_out: the same for the alternate screen, which has no history.
        style: the current style of written text.
        pending_wrap: whether the last column was written, so that the next character goes to the next row.
        top, bottom, left, right: the margins, inclusive, 0-based.
        all_dirty: whether every row changed; ``dirty`` may then be incomplete.
        anchors: positions that move with their content: the ends of a selection, the viewport's top.
    """

    def __init__(self, columns: int, lines: int, history_limit: int) -> None:
        self.history: deque[bytes] = deque(maxlen=history_limit)
        self.history_limit = self.history_rows = history_limit
        self.evicted = self.scrolled_out = 0
        self.on_alternate = False
        self.style: Style = PLAIN
        self.erase_style: Style = PLAIN
        self.pending_wrap = False
        self.all_dirty = True
        self.left = self.top = 0
        self.right, self.bottom = columns - 1, lines - 1
        self.grid: list[Line] = [Line(columns) for _ in range(lines)]
        self.anchors: list[Anchor] = []
        super().__init__(columns, lines)

    @property
    def display(self) -> list[str]:
        """The screen as text."""
        return [line.text().rstrip(" ") for line in self.grid]

    @property
    def first_line(self) -> int:
        """The absolute number of the oldest shown row of the active screen's history."""
        return self.top_line - self.shown_rows

    @property
    def shown_rows(self) -> int:
        """The number of visible history rows of the active screen: at most the limit."""
        return 0 if self.on_alternate else min(len(self.history), self.history_limit)

    @property
    def top_line(self) -> int:
        """The absolute number of the active screen's first row."""
        return self.scrolled_out if self.on_alternate else self.evicted + len(self.history)

    # -- the style

    def set_style(self, style: Style) -> None:
        """Set the style of text written from now on."""
        self.style = style
        self.erase_style = erased(style.background)

    # -- margins

    def reset_margins(self) -> None:
        """Set the margins to the edges of the screen."""
        self.left = self.top = 0
        self.right, self.bottom = self.columns - 1, self.lines - 1

    def set_margins(self, top: int | None = None, bottom: int | None = None, *_: int) -> None:
        """DECSTBM; the cursor goes home."""
        first = (top or 1) - 1
        last = min(bottom or self.lines, self.lines) - 1
        if first < last:
            self.top, self.bottom = first, last
            self.cursor_position()

    def set_left_right_margins(self, left: int | None = None, right: int | None = None, *_: int) -> None:
        """DECSLRM; the cursor goes home."""
        first = (left or 1) - 1
        last = min(right or self.columns, self.columns) - 1
        if first < last:
            self.left, self.right = first, last
            self.cursor_position()

    @property
    def full_width(self) -> bool:
        """Whether there are no left and right margins."""
        return self.left == 0 and self.right == self.columns - 1

    def inside_columns(self) -> bool:
        """Whether the cursor is between the left and right margins."""
        return self.left <= self.cursor.x <= self.right

    def right_limit(self) -> int:
        """The last column for text from the cursor before it wraps."""
        return self.right if self.cursor.x <= self.right else self.columns - 1

    # -- scrolling

    def scroll_rows_up(self, top: int, bottom: int, count: int, *, keep: bool) -> None:
        """Move the rows from ``top`` to ``bottom`` up, and insert blank ones at the bottom.

        With ``keep``, rows that leave the top of the primary screen go into the history.
        """
        count = min(count, bottom - top + 1)
        style = self.erase_style
        if not self.full_width:
            self._move_block(top, bottom, count)
            return
        grid, columns = self.grid, self.columns
        kept = keep and top == 0
        into_history = kept and not self.on_alternate
        if kept and self.on_alternate:
            self.scrolled_out += count
        for _ in range(count):
            line = grid.pop(top)
            if into_history:
                if len(self.history) == self.history_rows:
                    self.evicted += 1
                self.history.append(line.pack_for_history())
            line.clear(columns, style)
            grid.insert(bottom, line)
        self._scrolled(top, bottom, count, kept=kept)

    def scroll_rows_down(self, top: int, bottom: int, count: int) -> None:
        """Move the rows from ``top`` to ``bottom`` down, and insert blank ones at the top."""
        count = min(count, bottom - top + 1)
        if not self.full_width:
            self._move_block(top, bottom, -count)
            return
        for _ in range(count):
            line = self.grid.pop(bottom)
            line.clear(self.columns, self.erase_style)
            self.grid.insert(top, line)
        self._scrolled(top, bottom, -count, kept=False)

    def _scrolled(self, top: int, bottom: int, rows: int, *, kept: bool) -> None:
        if top > 0:
            self.grid[top - 1].wrapped = False
            self.dirty.add(top - 1)
        if bottom < self.lines - 1 or rows < 0:
            self.grid[bottom].wrapped = False
        if top == 0 and bottom == self.lines - 1:
            self.all_dirty = True
        else:
            self.dirty.update(range(top, bottom + 1))
        whole = kept and bottom == self.lines - 1  # no row moves against the numbers
        for anchor in self.anchors if whole else self.anchors_on_screen():
            row = anchor.line - self.top_line
            if kept:
                # The region's rows moved up by as many rows as were added above them.
                if row + rows > bottom:
                    anchor.line += rows
            elif top <= row <= bottom:
                anchor.line = self.top_line + min(max(row - rows, top), bottom)
                if not top <= row - rows <= bottom:
                    anchor.is_overwritten = True

    def anchors_on_screen(self) -> Iterable[Anchor]:
        """The anchors that a scrolled part of the screen may move; perhaps some above the screen, too."""
        return self.anchors

    def _move_block(self, top: int, bottom: int, count: int) -> None:
        """Scroll the cells between the left and right margins; up for a positive count."""
        left, end = self.left, self.right + 1
        rows = range(top, bottom + 1) if count > 0 else range(bottom, top - 1, -1)
        for y in rows:
            line = self.grid[y]
            line.split(left, self.erase_style)
            line.split(end, self.erase_style)
            source = y + count
            if top <= source <= bottom:
                other = self.grid[source]
                other.split(left, self.erase_style)
                other.split(end, self.erase_style)
                line.chars[left:end] = other.chars[left:end]
                line.styles[left:end] = other.styles[left:end]
            else:
                line.erase(left, end, self.erase_style)
            line.wrapped = False
            self.dirty.add(y)

    # -- moving by lines

    def index(self, *_: int) -> None:
        """IND: down one row; at the bottom margin the region scrolls up."""
        self.pending_wrap = False
        cursor = self.cursor
        if cursor.y == self.bottom:
            if self.inside_columns():
                self.scroll_rows_up(self.top, self.bottom, 1, keep=True)
        elif cursor.y < self.lines - 1:
            cursor.y += 1

    def reverse_index(self, *_: int) -> None:
        """RI: up one row; at the top margin the region scrolls down."""
        self.pending_wrap = False
        cursor = self.cursor
        if cursor.y == self.top:
            if self.inside_columns():
                self.scroll_rows_down(self.top, self.bottom, 1)
        elif cursor.y > 0:
            cursor.y -= 1

    def linefeed(self, *_: int) -> None:
        """LF, VT, FF."""
        self.index()
        if mo.LNM in self.mode:
            self.carriage_return()

    def next_line(self, *_: int) -> None:
        """NEL: to the start of the next row."""
        self.index()
        self.carriage_return()

    def carriage_return(self, *_: int) -> None:
        """CR: to the left margin, or to the first column from left of it."""
        cursor = self.cursor
        self.pending_wrap = False
        cursor.x = self.left if cursor.x >= self.left or mo.DECOM in self.mode else 0

    def scroll_up(self, count: int | None = None, *_: int) -> None:
        """SU."""
        self.scroll_rows_up(self.top, self.bottom, count or 1, keep=True)

    def scroll_down(self, count: int | None = None, *surplus: int) -> None:
        """SD; with more parameters it is xterm's highlight tracking, which is not supported."""
        if not surplus:
            self.scroll_rows_down(self.top, self.bottom, count or 1)

    # -- moving the cursor

    def cursor_up(self, count: int | None = None, *_: int) -> None:
        """CUU."""
        self.pending_wrap = False
        stop = self.top if self.cursor.y >= self.top else 0
        self.cursor.y = max(self.cursor.y - (count or 1), stop)

    def cursor_down(self, count: int | None = None, *_: int) -> None:
        """CUD."""
        self.pending_wrap = False
        stop = self.bottom if self.cursor.y <= self.bottom else self.lines - 1
        self.cursor.y = min(self.cursor.y + (count or 1), stop)

    def cursor_up1(self, count: int | None = None, *_: int) -> None:
        """CPL."""
        self.cursor_up(count)
        self.carriage_return()

    def cursor_down1(self, count: int | None = None, *_: int) -> None:
        """CNL."""
        self.cursor_down(count)
        self.carriage_return()

    def cursor_forward(self, count: int | None = None, *_: int) -> None:
        """CUF."""
        self.pending_wrap = False
        self.cursor.x = min(self.cursor.x + (count or 1), self.right_limit())

    def cursor_back(self, count: int | None = None, *_: int) -> None:
        """CUB; with reverse wrap-around it continues at the end of the row before."""
        left = self.left if self.cursor.x >= self.left else 0
        steps = count or 1
        wraps = (REVERSE_WRAP in self.mode or REVERSE_WRAP_AROUND in self.mode) and mo.DECAWM in self.mode
        if wraps and self.pending_wrap:
            steps -= 1
        self.pending_wrap = False
        if wraps:
            self._back_around(min(steps, self.columns * self.lines), left)
        else:
            self.cursor.x = max(self.cursor.x - steps, left)

    def _back_around(self, steps: int, left: int) -> None:
        cursor = self.cursor
        around = REVERSE_WRAP_AROUND in self.mode
        while steps > cursor.x - left:
            at_top = cursor.y == self.top
            if not (around and at_top) and (at_top or not cursor.y or not (around or self.grid[cursor.y - 1].wrapped)):
                cursor.x = left
                return
            steps -= cursor.x - left + 1
            cursor.x, cursor.y = self.right, self.bottom if at_top else cursor.y - 1
        cursor.x -= steps

    def cursor_position(self, line: int | None = None, column: int | None = None, *_: int) -> None:
        """CUP, HVP."""
        self.pending_wrap = False
        self._to_row(line)
        self._to_column(column)

    def cursor_to_column(self, column: int | None = None, *_: int) -> None:
        """CHA, HPA."""
        self.pending_wrap = False
        self._to_column(column)

    def cursor_to_line(self, line: int | None = None, *_: int) -> None:
        """VPA."""
        self.pending_wrap = False
        self._to_row(line)

    def _to_row(self, line: int | None) -> None:
        y = (line or 1) - 1
        if mo.DECOM in self.mode:
            self.cursor.y = min(y + self.top, self.bottom)
        else:
            self.cursor.y = min(y, self.lines - 1)

    def _to_column(self, column: int | None) -> None:
        x = (column or 1) - 1
        if mo.DECOM in self.mode:
            self.cursor.x = min(x + self.left, self.right)
        else:
            self.cursor.x = min(x, self.columns - 1)

    def column_relative(self, count: int | None = None, *_: int) -> None:
        """HPR."""
        self.pending_wrap = False
        self.cursor.x = min(self.cursor.x + (count or 1), self.right if mo.DECOM in self.mode else self.columns - 1)

    def line_relative(self, count: int | None = None, *_: int) -> None:
        """VPR."""
        self.pending_wrap = False
        self.cursor.y = min(self.cursor.y + (count or 1), self.bottom if mo.DECOM in self.mode else self.lines - 1)

    def backspace(self, *_: int) -> None:
        """BS: one column back."""
        self.cursor_back(1)

    # -- tab stops

    def tab(self, *_: int) -> None:
        """HT; at the last column a pending wrap stays pending."""
        x = self.cursor.x
        limit = self.right_limit()
        self.cursor.x = min((stop for stop in self.tabstops if x < stop <= limit), default=limit)

    def tab_forward(self, count: int | None = None, *_: int) -> None:
        """CHT."""
        for _step in range(min(count or 1, self.columns)):
            self.tab()

    def tab_back(self, count: int | None = None, *_: int) -> None:
        """CBT."""
        self.pending_wrap = False
        limit = self.left if mo.DECOM in self.mode else 0
        for _step in range(min(count or 1, self.columns)):
            self.cursor.x = max((stop for stop in self.tabstops if stop < self.cursor.x), default=limit)
        self.cursor.x = max(self.cursor.x, limit)

    def clear_tab_stop(self, how: int = 0, *_: int) -> None:
        """TBC."""
        if how in {0, 3}:
            super().clear_tab_stop(how)

    def tab_control(self, how: int = 0, *_: int) -> None:
        """CTC: 0 sets a stop, 2 clears it, 5 clears all."""
        if how == 0:
            self.set_tab_stop()
        elif how in {2, 5}:
            super().clear_tab_stop(0 if how == 2 else 3)

    def default_tab_stops(self, *_: int) -> None:
        """DECST8C: a stop at every eighth column."""
        self.tabstops = set(range(8, self.columns, 8))

    def set_tab_stop(self, *_: int) -> None:
        """HTS."""
        super().set_tab_stop()
