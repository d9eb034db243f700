"""Escape sequences that rebuild the state in an emulator of any engine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from session_host.terminal.prompts import replayed_marks
from session_host.terminal.rows import PLAIN, RGB, Style

from .cells import BLANK, TAIL, Line, erased, unpack
from .osc import color_text
from .parser import OutliveStream
from .screen import DEFAULT_MODES, GRAPHEMES, SavedCursor, Screen
from .style import parameters_of
from .width import char_cells, cluster_cells, joins

_GRAPHEME_MODE = ("\x1b[?2027l", "\x1b[?2027h")
_MOUSE = frozenset({9, 1000, 1002, 1003, 1005, 1006, 1015, 1016})
_NOT_SIMPLY_SET = frozenset({12, 47, 1047, 1048, 1049, 2027}) | _MOUSE
"""Private modes that are not simply set: they are set elsewhere, or have effects of their own."""


def replay(screen: Screen, stream: OutliveStream) -> bytes:
    """Bytes that rebuild the state of ``screen`` and the unfinished input of ``stream``."""
    writer = _Writer(screen)
    writer.primary()
    writer.tab_stops()
    writer.screens()
    writer.modes()
    writer.colors()
    writer.cursor()
    return "".join(writer.parts).encode() + stream.unfinished


class _Writer:
    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.parts: list[str] = [_GRAPHEME_MODE[1]]
        self.style: Style = PLAIN

    # -- text

    def pen(self, style: Style) -> None:
        """Write the sequences that change from the current style to another."""
        before = self.style
        if style == before:
            return
        if style.link != before.link:
            self.parts.append(f"\x1b]8;;{style.link}\x1b\\")
        if style[:5] != before[:5]:
            self.parts.append(f"\x1b[{parameters_of(style)}m")
        self.style = style

    def rows(self, rows: list[Line], marks: Mapping[int, str] = MappingProxyType({})) -> None:
        """Print rows, each below the one before, from the first column of the cursor's row.

        Args:
            rows: the rows.
            marks: sequences to write at the beginning of some rows, by number.
        """
        continued = False
        last = len(rows) - 1
        for number, line in enumerate(rows):
            wraps = line.wrapped and number < last
            follower = rows[number + 1].chars if wraps else []
            spacer = len(follower) > 1 and follower[1] == TAIL and line.chars[-1] == BLANK
            if number in marks:
                self.parts.append(marks[number])
            self._row(line, continued=continued, fill=wraps, spacer=spacer)
            continued = wraps
            if not wraps and number < last:
                self.pen(PLAIN)
                self.parts.append("\r\n")

    def _row(self, line: Line, *, continued: bool, fill: bool, spacer: bool) -> None:
        """Print one row; fill it up to its end if it continues in the next one."""
        chars = line.chars
        end = len(chars) - (1 if spacer else 0) if fill else line.used()
        if continued:
            end = max(end, 1)
        for first, stop, style in line.style_runs(end):
            text = "".join(chars[first:stop])
            if text.isascii() and BLANK not in text and len(text) == stop - first:
                self.pen(style)
                self.parts.append(text)
                continue
            column = first
            while column < stop:
                if chars[column] != BLANK or (continued and column == 0):
                    self.pen(style)
                    column += self._text(chars, column, stop)
                    continue
                blank_end = column
                while blank_end < stop and chars[blank_end] == BLANK:
                    blank_end += 1
                self._blanks(blank_end - column, style, fill=fill and not spacer and blank_end == end)
                column = blank_end
        if spacer and line.styles[-1] != PLAIN:
            # The cursor is in the last column, where the following wide character does not fit.
            self.pen(line.styles[-1])
            self.parts.append("\x1b[X")

    def _text(self, chars: list[str], column: int, stop: int) -> int:
        """Print the cells from ``column`` up to a blank one; returns how many."""
        start = column
        while column < stop:
            char = chars[column]
            if char == BLANK and column > start:
                break
            if char == TAIL:
                pass
            elif char.isascii():
                self.parts.append(" " if char == BLANK else char)
            else:
                cells = 2 if column + 1 < len(chars) and chars[column + 1] == TAIL else 1
                alone = (char_cells if len(char) == 1 else cluster_cells)(char) == cells
                before = chars[column - 1] or chars[column - 2] if column else ""
                if alone and not (before and not before.isascii() and joins(before, char[0])):
                    self.parts.append(char)
                else:
                    self.parts.extend((_GRAPHEME_MODE[0], char, _GRAPHEME_MODE[1]))
            column += 1
        return column - start

    def _blanks(self, count: int, style: Style, *, fill: bool) -> None:
        if fill or style != erased(style.background):
            self.pen(style)
            self.parts.append(" " * count)
            return
        if style != PLAIN:
            self.pen(style)
            self.parts.append(f"\x1b[{count}X")
        self.parts.append(f"\x1b[{count}C")

    def primary(self) -> None:
        """Print the history and the primary screen."""
        screen = self.screen
        columns = screen.columns
        hidden = max(len(screen.history) - screen.history_limit, 0)
        prompts = screen.prompts
        found = replayed_marks(prompts.saved(), prompts.commands, prompts.kept_rows)
        marks = {row + hidden: mark for row, mark in found.items()}
        self.rows([*(unpack(packed, columns) for packed in screen.history), *screen.primary], marks)
        self.pen(PLAIN)

    # -- the state without the text

    def tab_stops(self) -> None:
        """Set tab stops, unless they are every eight columns."""
        screen = self.screen
        if screen.tabstops != set(range(8, screen.columns, 8)):
            self.parts.append("\x1b[3g")
            self.parts.extend(f"\x1b[1;{stop + 1}H\x1bH" for stop in sorted(screen.tabstops))

    def margins(self) -> None:
        """Set the scrolling region."""
        screen = self.screen
        if (screen.top, screen.bottom) != (0, screen.lines - 1):
            self.parts.append(f"\x1b[{screen.top + 1};{screen.bottom + 1}r")

    def screens(self) -> None:
        """Set saved cursors, keyboard flags and the alternate screen."""
        screen = self.screen
        self.margins()
        self._saved(screen.saved[0])
        self._keyboard(screen.kitty[0])
        used = any(line.used() for line in screen.other) or screen.kitty[1] != [0] or screen.saved[1]
        if screen.on_alternate:
            mode = next((mode for mode in (1049, 1047) if screen.has_mode(mode)), 47)
        elif used:
            mode = 47
        else:
            return
        if mode == 1049:
            # 1049 saves the cursor again, so it must be in its saved position.
            self.parts.append("\x1b8\x1b[?1049h\x1b[0m\x1b]8;;\x1b\\\x1b)B")
        else:
            self.parts.append(f"\x1b[?{mode}h")
        self.parts.append("\x1b[r\x1b[H")
        self.parts.append("\x1b(B\x0f")
        self.pen(PLAIN)
        self.rows(screen.grid if screen.on_alternate else screen.other)
        self.pen(PLAIN)
        self.margins()
        self._saved(screen.saved[1])
        self._keyboard(screen.kitty[1])
        if not screen.on_alternate:
            self.parts.append("\x1b[?47l")

    def _saved(self, saved: SavedCursor | None) -> None:
        if saved is not None:
            self._move_cursor(saved)
            self.parts.append("\x1b7")
            self.parts.append("\x1b(B\x1b)B\x0f")
            self.pen(PLAIN)

    def _keyboard(self, stack: list[int]) -> None:
        if stack != [0]:
            self.parts.append(f"\x1b[={stack[0]};1u")
            self.parts.extend(f"\x1b[>{flags}u" for flags in stack[1:])

    def _move_cursor(self, saved: SavedCursor) -> None:
        """Move the cursor, and set its style and character sets."""
        screen, column = self.screen, saved.column
        line = screen.grid[saved.row] if saved.row < screen.lines else Line(screen.columns)
        if saved.pending_wrap and line.chars[column] == TAIL and column:
            column -= 1
        self.parts.append(f"\x1b[{saved.row + 1};{column + 1}H")
        if saved.pending_wrap:
            # Only writing into the last column sets the pending wrap.
            self.pen(line.styles[column])
            self._text([" " if line.chars[column] == BLANK else line.chars[column], *line.chars[column + 1 :]], 0, 1)
        self.pen(saved.style)
        for slot, code in zip("()", saved.charsets, strict=True):
            if code != "B":
                self.parts.append(f"\x1b{slot}{code}")
        self.parts.append("\x0e" if saved.charset else "")

    def modes(self) -> None:
        """Set modes; the last of the mouse modes wins."""
        screen = self.screen
        numbers = {code >> 5 for code in screen.mode if code >= 32}
        for mode in sorted({*DEFAULT_MODES} - numbers - _NOT_SIMPLY_SET):
            self.parts.append(f"\x1b[?{mode}l")
        for mode in sorted(numbers - _NOT_SIMPLY_SET):
            self.parts.append(f"\x1b[?{mode}h")
        for mode in sorted(numbers & _MOUSE, key=lambda mode: mode in {screen.mouse, screen.mouse_encoding}):
            self.parts.append(f"\x1b[?{mode}h")
        if screen.modify_other_keys:
            self.parts.append(f"\x1b[>4;{screen.modify_other_keys}m")
        self.parts.append(f"\x1b[{screen.cursor_style} q")

    def colors(self) -> None:
        """Set the program's colours and titles."""
        screen = self.screen
        for index, color in screen.palette.items():
            self.parts.append(f"\x1b]4;{index};{color_text(color & ~RGB)}\x1b\\")
        for code, color in screen.colors.items():
            self.parts.append(f"\x1b]{code};{color_text(color & ~RGB)}\x1b\\")
        for title in screen.titles:
            self.parts.append(f"\x1b]2;{title}\x1b\\\x1b[22;0t")
        if screen.directory:
            self.parts.append(f"\x1b]7;{screen.directory}\x1b\\")
        if screen.title or screen.titles:
            self.parts.append(f"\x1b]2;{screen.title}\x1b\\")

    def cursor(self) -> None:
        """Set the cursor, and the modes that would move it."""
        screen = self.screen
        first, second = screen.charsets
        at = screen.cursor
        self._move_cursor(SavedCursor(at.x, at.y, screen.pending_wrap, screen.style, screen.charset, (first, second)))
        for mode in sorted(code for code in screen.mode if code < 32):
            self.parts.append(f"\x1b[{mode}h")
        if GRAPHEMES not in screen.mode:
            self.parts.append(_GRAPHEME_MODE[0])
