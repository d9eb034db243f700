"""Writes text into the grid; erases, inserts and deletes in it."""

from __future__ import annotations

from collections.abc import Iterable

from pyte import modes as mo

from session_host.terminal.pyte.cells import BLANK, TAIL, Line
from session_host.terminal.pyte.width import MAX_CLUSTER, SEGMENTS, char_cells, cluster_cells, joins
from session_host.terminal.queries import MAX_REPEATED_ROWS
from session_host.terminal.rows import Style

from .anchors import Anchor
from .grid import GridScreen
from .marked_prompts import PrimaryPrompts

GRAPHEMES = 2027 << 5

_DEC_GRAPHICS = str.maketrans("_`abcdefghijklmnopqrstuvwxyz{|}~", "\u00a0◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
_BRITISH = str.maketrans("#", "£")
CHARSETS: dict[str, dict[int, int] | None] = {"B": None, "0": _DEC_GRAPHICS, "A": _BRITISH}
"""Designators of character sets, and the characters that each has in place of ASCII; others are as ASCII."""


class EditScreen(GridScreen):
    """A grid with text editing.

    Attributes:
        charsets: the designators of G0 to G3.
        charset: the current one of them (pyte's).
        single_shift: a set used for the next character alone, or None.
        last_char: the character that REP repeats.
        prompts: the primary screen's prompts.
    """

    def __init__(self, columns: int, lines: int, history_limit: int) -> None:
        self.charsets = ["B", "B", "B", "B"]
        self.single_shift: int | None = None
        self.last_char = ""
        self.prompts = PrimaryPrompts(self)
        super().__init__(columns, lines, history_limit)

    def anchors_on_screen(self) -> Iterable[Anchor]:
        """See ``GridScreen``; prompts move, too."""
        return (*self.anchors, *self.prompts.on_screen()) if self.prompts else self.anchors

    # -- drawing

    def draw(self, data: str) -> None:
        """Write text without control characters at the cursor."""
        if self.single_shift is not None:
            table = CHARSETS.get(self.charsets[self.single_shift])
            self.single_shift = None
            if table:
                data = data[:1].translate(table) + data[1:]
                self._draw_segments(data[:1])
                data = data[1:]
                if not data:
                    return
        table = CHARSETS.get(self.charsets[self.charset])
        if table:
            data = data.translate(table)
        if data.isascii():
            self._draw_narrow(data)
            self.last_char = data[-1]
        else:
            self._draw_segments(data)

    def _draw_segments(self, data: str) -> None:
        for match in SEGMENTS.finditer(data):
            kind = match.lastindex
            text = match[0]
            if kind == 1:
                self._draw_narrow(text)
            elif kind == 2:
                for char in text:
                    self._draw_wide(char)
            else:
                self._draw_any_width(text)
                continue
            self.last_char = text[-1]

    def _draw_narrow(self, text: str) -> None:
        """Write characters of one cell each that do not combine."""
        if mo.IRM in self.mode:
            for char in text:
                self._put(char, 1)
            return
        cursor, style = self.cursor, self.style
        position, length = 0, len(text)
        while position < length:
            if self.pending_wrap:
                if mo.DECAWM in self.mode:
                    self._wrap()
                else:
                    # Only the last characters stay in the last column.
                    position = length - 1
            x = cursor.x
            limit = self.right if x <= self.right else self.columns - 1
            take = min(limit + 1 - x, length - position)
            end = x + take
            line = self.grid[cursor.y]
            chars = line.chars
            if chars[x] == TAIL:
                line.split(x, self.erase_style)
            if end < self.columns and chars[end] == TAIL:
                line.split(end, self.erase_style)
            chars[x:end] = text[position : position + take]
            line.styles[x:end] = [style] * take
            self.dirty.add(cursor.y)
            position += take
            if end > limit:
                cursor.x = limit
                self.pending_wrap = True
            else:
                cursor.x = end

    def _wrap(self) -> None:
        """Continue in the next row with a soft wrap."""
        self.grid[self.cursor.y].wrapped = self.full_width
        self.dirty.add(self.cursor.y)
        self.index()
        self.cursor.x = self.left if self.cursor.x >= self.left else 0

    def _put(self, char: str, cells: int) -> None:
        """Write a character of one or two cells at the cursor, also in insert mode."""
        cursor = self.cursor
        autowrap = mo.DECAWM in self.mode
        if self.pending_wrap and autowrap:
            self._wrap()
        limit = self.right_limit()
        if cursor.x + cells > limit + 1:
            if not autowrap or cells > limit + 1 - self.left:
                return
            self._wrap()
            limit = self.right_limit()
        x = cursor.x
        line = self.grid[cursor.y]
        if mo.IRM in self.mode:
            line.insert(x, cells, limit + 1, self.style)
        line.split(x, self.erase_style)
        line.split(x + cells, self.erase_style)
        line.chars[x] = char
        line.styles[x] = self.style
        if cells == 2:
            line.chars[x + 1] = TAIL
            line.styles[x + 1] = self.style
        self.dirty.add(cursor.y)
        if x + cells > limit:
            cursor.x = limit
            self.pending_wrap = True
        else:
            cursor.x = x + cells

    def _draw_wide(self, char: str) -> None:
        self._put(char, 2)

    def _draw_any_width(self, char: str) -> None:
        """Write a character of any width, which may extend the grapheme before the cursor."""
        cells = char_cells(char)
        before = self._cell_before()
        if before is not None:
            line, x = before
            cluster = line.chars[x]
            if GRAPHEMES not in self.mode:
                if not cells:
                    if joins(cluster, char):
                        self._extend(line, x, cluster + char)
                    return
            elif cluster != BLANK and joins(cluster, char):
                self._join(line, x, cluster + char)
                return
        if cells:
            self._put(char, cells)
            self.last_char = char

    def _cell_before(self) -> tuple[Line, int] | None:
        """The row and column of the cell that a combining character extends."""
        line = self.grid[self.cursor.y]
        x = self.cursor.x if self.pending_wrap else self.cursor.x - 1
        if x > 0 and line.chars[x] == TAIL:
            x -= 1
        if x < 0 or line.chars[x] == BLANK:
            return None
        return line, x

    def _extend(self, line: Line, x: int, cluster: str) -> None:
        if len(cluster) <= MAX_CLUSTER:
            line.chars[x] = cluster
            self.last_char = cluster
            self.dirty.add(self.cursor.y)

    def _join(self, line: Line, x: int, cluster: str) -> None:
        """Put a longer grapheme into the cell before the cursor, which may become wide."""
        wide = x + 1 < self.columns and line.chars[x + 1] == TAIL
        if wide or cluster_cells(cluster) == 1:
            self._extend(line, x, cluster)
            return
        cursor = self.cursor
        if not self.pending_wrap and x + 1 == cursor.x:
            line.split(cursor.x + 1, self.erase_style)
            self._extend(line, x, cluster)
            line.chars[x + 1] = TAIL
            line.styles[x + 1] = line.styles[x]
            if cursor.x >= self.right_limit():
                self.pending_wrap = True
            else:
                cursor.x += 1
        elif mo.DECAWM in self.mode and self.right_limit() > self.left:
            # The cell is in the last column, where a wide character does not fit.
            style = self.style
            self.style = line.styles[x]
            line.chars[x] = BLANK
            self.dirty.add(cursor.y)
            self._wrap()
            self._put(cluster, 2)
            self.style = style
            self.last_char = cluster
        else:
            self._extend(line, x, cluster)

    def repeat(self, count: int | None = None, *_: int) -> None:
        """REP: write the last character again."""
        if self.last_char:
            times = min(count or 1, self.columns * MAX_REPEATED_ROWS)
            self._draw_segments(self.last_char * times)

    def alignment_display(self, *_: int) -> None:
        """DECALN: fill the screen with E in the current colours; reset margins and attributes, and home the cursor."""
        self.set_style(Style(self.style.foreground, self.style.background))
        self.reset_margins()
        self.mode.discard(mo.DECOM)
        self.cursor_position()
        for line in self.grid:
            line.clear(self.columns, self.style)
            line.chars = ["E"] * self.columns
        self.prompts.rows_erased(0, self.lines)
        self.all_dirty = True

    # -- erasing

    def erase_in_line(self, how: int = 0, *_: int) -> None:
        """EL."""
        self.pending_wrap = False
        x = self.cursor.x
        ranges = {0: (x, self.columns), 1: (0, x + 1), 2: (0, self.columns)}
        if how in ranges:
            self._erase(self.cursor.y, *ranges[how])

    def erase_in_display(self, how: int = 0, *_: object, **_kw: object) -> None:
        """ED: 3 clears the history, 22 scrolls the screen into it."""
        y = self.cursor.y
        if how == 3:
            self.clear_history()
            return
        if how == 22:
            self.push_screen()
            return
        self.pending_wrap = False
        rows = {0: range(y + 1, self.lines), 1: range(y), 2: range(self.lines)}.get(how)
        if rows is None:
            return
        if how < 2:
            self.erase_in_line(how)
        for row in rows:
            self._erase(row, 0, self.columns)
        begin = y if how == 0 and self.cursor.x == 0 else rows.start
        self.prompts.rows_erased(begin, rows.stop - begin)

    def erase_characters(self, count: int | None = None, *_: int) -> None:
        """ECH."""
        self.pending_wrap = False
        x = self.cursor.x
        self._erase(self.cursor.y, x, min(x + (count or 1), self.columns))

    def _erase(self, row: int, first: int, end: int) -> None:
        self.grid[row].erase(first, end, self.erase_style)
        self.dirty.add(row)

    def clear_history(self) -> None:
        """ED 3; on the alternate screen, the primary's history stays."""
        if self.on_alternate:
            return
        self.evicted += len(self.history)
        self.history.clear()
        self.all_dirty = True

    def push_screen(self) -> None:
        """Scroll the screen's content into the history."""
        used = max((y + 1 for y, line in enumerate(self.grid) if line.used()), default=0)
        top, bottom, left, right = self.top, self.bottom, self.left, self.right
        self.reset_margins()
        self.scroll_rows_up(0, self.lines - 1, used, keep=True)
        self.top, self.bottom, self.left, self.right = top, bottom, left, right
        self.pending_wrap = False

    # -- inserting and deleting

    def insert_characters(self, count: int | None = None, *_: int) -> None:
        """ICH."""
        self._shift(count or 1, insert=True)

    def delete_characters(self, count: int | None = None, *_: int) -> None:
        """DCH."""
        self._shift(count or 1, insert=False)

    def _shift(self, count: int, *, insert: bool) -> None:
        self.pending_wrap = False
        if not self.inside_columns():
            return
        line = self.grid[self.cursor.y]
        (line.insert if insert else line.delete)(self.cursor.x, count, self.right + 1, self.erase_style)
        self.dirty.add(self.cursor.y)

    def insert_lines(self, count: int | None = None, *_: int) -> None:
        """IL."""
        if self.top <= self.cursor.y <= self.bottom and self.inside_columns():
            self.scroll_rows_down(self.cursor.y, self.bottom, count or 1)
            self.cursor.x = self.left
            self.pending_wrap = False

    def delete_lines(self, count: int | None = None, *_: int) -> None:
        """DL."""
        if self.top <= self.cursor.y <= self.bottom and self.inside_columns():
            self.scroll_rows_up(self.cursor.y, self.bottom, count or 1, keep=False)
            self.cursor.x = self.left
            self.pending_wrap = False
