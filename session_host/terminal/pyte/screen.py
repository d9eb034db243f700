"""The pyte engine's screen: the rows of both screens, cursor, modes, history; the parser calls its methods.

pyte provides the cursor, the set of modes (private ones shifted by five bits), tab stops, title and ``dirty``. Its
``buffer`` stays empty: a dictionary with a tuple for each cell makes pyte slow, and cannot represent soft wraps.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import pyte
from pyte import modes as mo

from session_host.protocol.untrusted_text import plain
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import CursorShape, DefaultColors, MouseEncoding, MouseTracking
from session_host.terminal.events import Bell, TerminalEvent, TitleChanged
from session_host.terminal.osc import KittyNotifications
from session_host.terminal.queries import MAX_REPEATED_ROWS
from session_host.terminal.rows import PLAIN, Style
from session_host.version import VERSION

from . import style as pyte_style
from .cells import BLANK, MAX_CLUSTER, SEGMENTS, TAIL, CellLine, char_cells, cluster_cells, erased, joins
from .history import History

MAX_EVENTS = 1000
MAX_REPLIES = 1024 * 1024
MAX_TITLE = 1024
_STYLE_CACHE = 4096

_GRAPHEMES = 2027
"""Always on: a character with its joiners and selectors is in one cell, or in two."""

IN_BAND_RESIZE = 2048
MOUSE_TRACKING: dict[int, MouseTracking] = {
    9: "press",
    1000: "press_release",
    1002: "button_motion",
    1003: "any_motion",
}
MOUSE_ENCODING: dict[int, MouseEncoding] = {1005: "utf8", 1006: "sgr", 1015: "urxvt", 1016: "sgr_pixels"}
_ALTERNATE = (47, 1047, 1049)
_BLINKING = 12

# fmt: off
PRIVATE_MODES = frozenset(
    {
        1, 4, 5, 7, 8, 12, 25, 66, 67, 1004, 1007, 1035, 1036, 1039, 1048, 2004, 2026, 2027, 2031, IN_BAND_RESIZE,
        *MOUSE_TRACKING, *MOUSE_ENCODING, *_ALTERNATE,
    }
)
"""Known DEC private modes; a query for any other is answered with 0."""
# fmt: on

DEFAULT_MODES = (7, 25, 1007, 1035, 1036, 2027)
"""Private modes that are set in a new terminal."""

_DEC_GRAPHICS = str.maketrans("_`abcdefghijklmnopqrstuvwxyz{|}~", "\u00a0◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
_SHAPES = (CursorShape.BLOCK, CursorShape.UNDERLINE, CursorShape.BAR)


class SavedCursor(NamedTuple):
    """The state that DECSC saves."""

    column: int = 0
    row: int = 0
    pending_wrap: bool = False
    style: Style = PLAIN
    charset: int = 0
    charsets: tuple[str, str] = ("B", "B")


def private(mode: int) -> int:
    """The number of a private mode in pyte's set of modes."""
    return mode << 5


class Screen(pyte.Screen):
    """A terminal's state; absolute row numbers count from the first row that was ever in the history.

    Attributes:
        grid, other: the rows of the active and of the inactive screen, top to bottom.
        history: the rows that left the top of the primary screen.
        scrolled_out: the number of rows that left the top of the alternate screen, which has no history.
        switches: how often the screen was switched or reset.
        shifts: how often rows moved without their numbers: in a part of the screen, or at another width.
        style: the current style of written text.
        charsets: the designators of G0 and G1; ``charset`` is the current one of them.
        pending_wrap: whether the last column was written, so that the next character goes to the next row.
        last_char: the character that REP repeats.
        top, bottom: the margins, inclusive, 0-based.
        all_dirty: whether every row changed; ``dirty`` may then be incomplete.
        saved: the saved cursors of the primary and the alternate screen, None if never saved.
        mouse, mouse_encoding: the current mouse modes, 0 for none and for the default.
        replies, events: what the program and the terminal's owner have not taken yet.
        cell, defaults: the cell's size, and the colours reported to programs.
        directory: the address set by OSC 7.
        version: the answer to XTVERSION.
    """

    def __init__(self, size: GridSize, history_limit: int, cell: CellSize, defaults: DefaultColors) -> None:
        self.cell, self.defaults = cell, defaults
        self.version = f"Outlive {VERSION}"
        self.replies = bytearray()
        self.events: deque[TerminalEvent] = deque(maxlen=MAX_EVENTS)
        self.notifications = KittyNotifications()
        self.history = History(history_limit)
        self.scrolled_out = self.switches = self.shifts = 0
        self.grid = [CellLine(size.columns) for _ in range(size.rows)]
        self.other = [CellLine(size.columns) for _ in range(size.rows)]
        self.title = ""
        self._styles: dict[tuple[Style, str], tuple[Style, Style]] = {}
        super().__init__(size.columns, size.rows)
        self._default_modes()  # pyte sets its own after ``reset``.

    def reset(self) -> None:
        """RIS."""
        titled = bool(self.title)
        super().reset()
        self._default_modes()
        self.on_alternate = False
        self.saved: list[SavedCursor | None] = [None, None]
        self.mouse = self.mouse_encoding = 0
        self.cursor_shape, self.cursor_blinking = CursorShape.BLOCK, True
        self.titles: list[str] = []
        self.directory = ""
        self._reset_pen()
        self.reset_margins()
        self.pending_wrap = False
        self.last_char = ""
        for line in (*self.grid, *self.other):
            line.clear(self.columns, PLAIN)
        self.clear_history()
        self.switches += 1
        if titled:
            self.events.append(TitleChanged(""))

    def _default_modes(self) -> None:
        self.mode = {private(mode) for mode in DEFAULT_MODES}

    def _reset_pen(self) -> None:
        self.set_style(PLAIN)
        self.charsets = ["B", "B"]
        self.charset = 0

    def soft_reset(self) -> None:
        """DECSTR."""
        self.mode -= {private(1), private(66), mo.IRM}
        self.mode |= {mo.DECAWM, mo.DECTCEM}
        self.cursor.hidden = False
        self.reset_margins()
        self._reset_pen()
        self.pending_wrap = False
        self.saved[self.on_alternate] = None
        self.cursor_shape, self.cursor_blinking = CursorShape.BLOCK, True

    def reply(self, text: str) -> None:
        """Add a reply to the program, unless too many are unread, as in a replica."""
        if len(self.replies) < MAX_REPLIES:
            self.replies += text.encode()

    def bell(self) -> None:
        """BEL."""
        self.events.append(Bell())

    def set_title(self, param: str) -> None:
        """OSC 0 and 2."""
        title = plain(param, MAX_TITLE)
        if title != self.title:
            self.title = title
            self.events.append(TitleChanged(title))

    # -- rows

    @property
    def primary(self) -> list[CellLine]:
        """The rows of the primary screen."""
        return self.other if self.on_alternate else self.grid

    @property
    def first_line(self) -> int:
        """The absolute number of the oldest shown row of the active screen's history."""
        return self.top_line - self.shown_rows

    @property
    def shown_rows(self) -> int:
        """The number of visible history rows of the active screen: at most the limit."""
        return 0 if self.on_alternate else self.history.shown_rows

    @property
    def top_line(self) -> int:
        """The absolute number of the active screen's first row."""
        return self.scrolled_out if self.on_alternate else self.history.end

    # -- the style

    def set_style(self, style: Style) -> None:
        """Set the style of text written from now on."""
        self.style = style
        self.erase_style = erased(style.background)

    def select_rendition(self, parameters: str) -> None:
        """SGR, with its raw parameters."""
        key = (self.style, parameters)
        styles = self._styles.get(key)
        if styles is None:
            if len(self._styles) >= _STYLE_CACHE:
                self._styles.clear()
            style = pyte_style.apply(self.style, parameters)
            styles = self._styles[key] = style, erased(style.background)
        self.style, self.erase_style = styles

    def designate(self, slot: int, code: str) -> None:
        """SCS: set G``slot`` to the set named by ``code``; only line drawing ("0") differs from ASCII."""
        self.charsets[slot] = code

    def shift_in(self) -> None:
        """SI, LS0."""
        self.charset = 0

    def shift_out(self) -> None:
        """SO, LS1."""
        self.charset = 1

    # -- scrolling

    def reset_margins(self) -> None:
        """Set the margins to the edges of the screen."""
        self.top, self.bottom = 0, self.lines - 1

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """DECSTBM; the cursor goes home."""
        first = (top or 1) - 1
        last = min(bottom or self.lines, self.lines) - 1
        if first < last:
            self.top, self.bottom = first, last
            self.pending_wrap = False
            self.cursor_position()

    def scroll_rows_up(self, top: int, bottom: int, count: int, *, keep: bool) -> None:
        """Move the rows from ``top`` to ``bottom`` up, and insert blank ones at the bottom.

        With ``keep``, rows that leave the top of the primary screen go into the history.
        """
        count = min(count, bottom - top + 1)
        kept = keep and top == 0
        into_history = kept and not self.on_alternate
        if kept and self.on_alternate:
            self.scrolled_out += count
        for _ in range(count):
            line = self.grid.pop(top)
            if into_history:
                self.history.append(line.pack_for_history(self.grid[top] if top < bottom else None))
            line.clear(self.columns, self.erase_style)
            self.grid.insert(bottom, line)
        self._scrolled(top, bottom, count, kept=kept)

    def scroll_rows_down(self, top: int, bottom: int, count: int) -> None:
        """Move the rows from ``top`` to ``bottom`` down, and insert blank ones at the top."""
        count = min(count, bottom - top + 1)
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
        if not kept or bottom < self.lines - 1:
            self.shifts += 1

    def scroll_up(self, count: int | None = None) -> None:
        """SU."""
        self.scroll_rows_up(self.top, self.bottom, count or 1, keep=True)

    def scroll_down(self, count: int | None = None) -> None:
        """SD."""
        self.scroll_rows_down(self.top, self.bottom, count or 1)

    # -- moving by lines

    def index(self) -> None:
        """IND: down one row; at the bottom margin the region scrolls up."""
        self.pending_wrap = False
        if self.cursor.y == self.bottom:
            self.scroll_rows_up(self.top, self.bottom, 1, keep=True)
        elif self.cursor.y < self.lines - 1:
            self.cursor.y += 1

    def reverse_index(self) -> None:
        """RI: up one row; at the top margin the region scrolls down."""
        self.pending_wrap = False
        if self.cursor.y == self.top:
            self.scroll_rows_down(self.top, self.bottom, 1)
        elif self.cursor.y > 0:
            self.cursor.y -= 1

    def next_line(self) -> None:
        """NEL: to the start of the next row."""
        self.index()
        self.carriage_return()

    def carriage_return(self) -> None:
        """CR."""
        self.pending_wrap = False
        self.cursor.x = 0

    def backspace(self) -> None:
        """BS: one column back."""
        self.pending_wrap = False
        self.cursor_back()

    # -- moving the cursor; pyte has the rest

    def cursor_up(self, count: int | None = None) -> None:
        """CUU."""
        stop = self.top if self.cursor.y >= self.top else 0
        self.cursor.y = max(self.cursor.y - (count or 1), stop)

    def cursor_down(self, count: int | None = None) -> None:
        """CUD."""
        stop = self.bottom if self.cursor.y <= self.bottom else self.lines - 1
        self.cursor.y = min(self.cursor.y + (count or 1), stop)

    def save_cursor(self) -> None:
        """DECSC, SCOSC. A hyperlink is not saved."""
        first, second = self.charsets
        style = self.style._replace(link="")
        at = self.cursor
        self.saved[self.on_alternate] = SavedCursor(at.x, at.y, self.pending_wrap, style, self.charset, (first, second))

    def restore_cursor(self) -> None:
        """DECRC, SCORC; resets the cursor if none was saved."""
        saved = self.saved[self.on_alternate] or SavedCursor()
        self.cursor.x = min(saved.column, self.columns - 1)
        self.cursor.y = min(saved.row, self.lines - 1)
        self.pending_wrap = saved.pending_wrap and self.cursor.x == self.columns - 1
        self.set_style(saved.style._replace(link=self.style.link))
        self.charset = saved.charset
        self.charsets = list(saved.charsets)

    def set_cursor_style(self, style: int = 0) -> None:
        """DECSCUSR."""
        if style <= 6:
            self.cursor_shape = _SHAPES[(max(style, 1) - 1) // 2]
            self.cursor_blinking = style == 0 or style % 2 == 1

    @property
    def cursor_style(self) -> int:
        """DECSCUSR's parameter for the current cursor style."""
        return 2 * _SHAPES.index(self.cursor_shape) + (1 if self.cursor_blinking else 2)

    # -- tab stops

    def tab_forward(self, count: int | None = None) -> None:
        """CHT."""
        for _step in range(min(count or 1, self.columns)):
            self.tab()

    def tab_back(self, count: int | None = None) -> None:
        """CBT."""
        for _step in range(min(count or 1, self.columns)):
            self.cursor.x = max((stop for stop in self.tabstops if stop < self.cursor.x), default=0)

    def default_tab_stops(self, _how: int = 0) -> None:
        """DECST8C: a stop at every eighth column."""
        self.tabstops = set(range(8, self.columns, 8))

    # -- drawing

    def draw(self, data: str) -> None:
        """Write text without control characters at the cursor."""
        if self.charsets[self.charset] == "0":
            data = data.translate(_DEC_GRAPHICS)
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
                    self._put(char, 2)
            else:
                if not self._extend_grapheme(text) and (cells := char_cells(text)):
                    self._put(text, cells)
                    self.last_char = text
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
            take = min(self.columns - x, length - position)
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
            if end == self.columns:
                cursor.x = end - 1
                self.pending_wrap = True
            else:
                cursor.x = end

    def _wrap(self) -> None:
        """Continue in the next row with a soft wrap; in the last row below the margins, in the same row."""
        y = self.cursor.y
        self.grid[y].wrapped = y == self.bottom or y < self.lines - 1
        self.dirty.add(y)
        self.index()
        self.cursor.x = 0

    def _put(self, char: str, cells: int) -> None:
        """Write a character of one or two cells at the cursor, also in insert mode."""
        cursor = self.cursor
        autowrap = mo.DECAWM in self.mode
        if self.pending_wrap and autowrap:
            self._wrap()
        if cursor.x + cells > self.columns:
            if not autowrap or cells > self.columns:
                return
            self._wrap()
        x = cursor.x
        line = self.grid[cursor.y]
        if mo.IRM in self.mode:
            line.insert(x, cells, self.style)
        line.split(x, self.erase_style)
        line.split(x + cells, self.erase_style)
        line.chars[x] = char
        line.styles[x] = self.style
        if cells == 2:
            line.chars[x + 1] = TAIL
            line.styles[x + 1] = self.style
        self.dirty.add(cursor.y)
        if x + cells == self.columns:
            cursor.x = self.columns - 1
            self.pending_wrap = True
        else:
            cursor.x = x + cells

    def _extend_grapheme(self, char: str) -> bool:
        """Join a character to the grapheme before the cursor, which may become wide; False if it is another one."""
        cursor = self.cursor
        line = self.grid[cursor.y]
        x = cursor.x if self.pending_wrap else cursor.x - 1
        is_wide = x > 0 and line.chars[x] == TAIL
        x -= is_wide
        if x < 0 or line.chars[x] == BLANK or not joins(line.chars[x], char):
            return False
        cluster = line.chars[x] + char
        if len(cluster) > MAX_CLUSTER:
            return True
        line.chars[x] = self.last_char = cluster
        self.dirty.add(cursor.y)
        if not is_wide and not self.pending_wrap and cluster_cells(cluster) > 1:
            line.split(x + 2, self.erase_style)
            line.chars[x + 1] = TAIL
            line.styles[x + 1] = line.styles[x]
            self.pending_wrap = cursor.x == self.columns - 1
            cursor.x += not self.pending_wrap
        return True

    def repeat(self, count: int | None = None) -> None:
        """REP: write the last character again."""
        if self.last_char:
            times = min(count or 1, self.columns * MAX_REPEATED_ROWS)
            self._draw_segments(self.last_char * times)

    # -- erasing

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:  # noqa: ARG002
        """EL."""
        x = self.cursor.x
        ranges = {0: (x, self.columns), 1: (0, x + 1), 2: (0, self.columns)}
        if how in ranges:
            self._erase(self.cursor.y, *ranges[how])

    def erase_in_display(self, how: int = 0, *_args: Any, **_kwargs: Any) -> None:
        """ED: 3 clears the history."""
        y = self.cursor.y
        if how == 3:
            self.clear_history()
            return
        self.pending_wrap = False
        rows = {0: range(y + 1, self.lines), 1: range(y), 2: range(self.lines)}.get(how)
        if rows is None:
            return
        if how < 2:
            self.erase_in_line(how)
        for row in rows:
            self._erase(row, 0, self.columns)

    def erase_characters(self, count: int | None = None) -> None:
        """ECH."""
        x = self.cursor.x
        self._erase(self.cursor.y, x, min(x + (count or 1), self.columns))

    def _erase(self, row: int, first: int, end: int) -> None:
        self.grid[row].erase(first, end, self.erase_style)
        self.dirty.add(row)

    def clear_history(self) -> None:
        """ED 3; on the alternate screen, the primary's history stays."""
        if self.on_alternate:
            return
        self.history.clear()
        self.all_dirty = True

    # -- inserting and deleting

    def insert_characters(self, count: int | None = None) -> None:
        """ICH."""
        self.grid[self.cursor.y].insert(self.cursor.x, count or 1, self.erase_style)
        self.dirty.add(self.cursor.y)

    def delete_characters(self, count: int | None = None) -> None:
        """DCH."""
        self.grid[self.cursor.y].delete(self.cursor.x, count or 1, self.erase_style)
        self.dirty.add(self.cursor.y)

    def insert_lines(self, count: int | None = None) -> None:
        """IL."""
        if self.top <= self.cursor.y <= self.bottom:
            self.scroll_rows_down(self.cursor.y, self.bottom, count or 1)
            self.carriage_return()

    def delete_lines(self, count: int | None = None) -> None:
        """DL."""
        if self.top <= self.cursor.y <= self.bottom:
            self.scroll_rows_up(self.cursor.y, self.bottom, count or 1, keep=False)
            self.carriage_return()

    # -- modes

    def has_mode(self, mode: int) -> bool:
        """Whether a private mode is set."""
        return self.cursor_blinking if mode == _BLINKING else private(mode) in self.mode

    def set_mode(self, *modes: int, **_kwargs: Any) -> None:
        """SM: insert mode."""
        self.mode.update({mo.IRM}.intersection(modes))

    def reset_mode(self, *modes: int, **_kwargs: Any) -> None:
        """RM."""
        self.mode.difference_update({mo.IRM}.intersection(modes))

    def set_private_modes(self, *modes: int) -> None:
        """DECSET."""
        for mode in modes:
            if mode in PRIVATE_MODES:
                self._switch_mode(mode, on=True)

    def reset_private_modes(self, *modes: int) -> None:
        """DECRST."""
        for mode in modes:
            if mode in PRIVATE_MODES and mode != _GRAPHEMES:
                self._switch_mode(mode, on=False)

    def _switch_mode(self, mode: int, *, on: bool) -> None:
        if mode in _ALTERNATE or mode == 1048:
            self._switch_screen_mode(mode, on=on)
            return
        code = private(mode)
        (self.mode.add if on else self.mode.discard)(code)
        if mode in MOUSE_TRACKING:
            self.mouse = mode if on else self.mouse if self.mouse != mode else 0
        elif mode in MOUSE_ENCODING:
            self.mouse_encoding = mode if on else self.mouse_encoding if self.mouse_encoding != mode else 0
        elif code == mo.DECTCEM:
            self.cursor.hidden = not on
        elif code == mo.DECSCNM:
            self.all_dirty = True
        elif mode == _BLINKING:
            self.cursor_blinking = on
        elif mode == IN_BAND_RESIZE and on:
            self.report_in_band_size()

    def report_in_band_size(self) -> None:
        """Report the size, if mode 2048 is set."""
        if private(IN_BAND_RESIZE) in self.mode:
            height, width = self.lines * self.cell.height_px, self.columns * self.cell.width_px
            self.reply(f"\x1b[48;{self.lines};{self.columns};{height};{width}t")

    def _switch_screen_mode(self, mode: int, *, on: bool) -> None:
        (self.mode.add if on else self.mode.discard)(private(mode))
        if mode == 1048:
            (self.save_cursor if on else self.restore_cursor)()
        elif on:
            if mode == 1049:
                self.save_cursor()
            style = self.erase_style if self.on_alternate else PLAIN
            self._show(alternate=True)
            if mode == 1049:
                self._clear_screen(style)
        else:
            for other in _ALTERNATE:
                self.mode.discard(private(other))
            if mode == 1047 and self.on_alternate:
                self._clear_screen(PLAIN)
            self._show(alternate=False)
            if mode == 1049:
                self.restore_cursor()

    def _clear_screen(self, style: Style) -> None:
        for line in self.grid:
            line.clear(self.columns, style)
        self.all_dirty = True

    def _show(self, *, alternate: bool) -> None:
        """Switch to a screen; the cursor keeps its position."""
        if self.on_alternate != alternate:
            self.on_alternate = alternate
            self.grid, self.other = self.other, self.grid
            self.all_dirty = True
            self.switches += 1

    def keypad_application(self) -> None:
        """DECKPAM."""
        self.mode.add(private(66))

    def keypad_numeric(self) -> None:
        """DECKPNM."""
        self.mode.discard(private(66))
