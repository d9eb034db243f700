"""The chat's history in this terminal, after Ctrl+B PageUp: keys, search, and the line with the position. Pure.

It moves the replica's viewport and selection, and nothing else: the host does not notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import KeyAction, Modifiers, MouseButton
from session_host.terminal.base import Emulator, Frame
from session_host.terminal.lines import MAX_ROWS, Match, joined_lines
from session_host.terminal.prompts import RowMark
from session_host.terminal.rows import Row

from .input_parser import KeyTyped, MouseMoved, Pasted, TerminalInput, TextTyped

ROWS_AT_ONCE = 500


def pattern_of(text: str) -> re.Pattern[str]:
    """The pattern for a text; it is case-sensitive only if the text has a capital letter."""
    return re.compile(re.escape(text), 0 if text != text.lower() else re.IGNORECASE)


def find(emulator: Emulator, pattern: re.Pattern[str], start: tuple[int, int], by: int) -> Match | None:
    """The nearest match that begins before (``by`` < 0) or after a cell; None if there is none.

    Args:
        emulator: the emulator; its rows are numbered from the oldest of the history.
        pattern: the pattern to find; soft-wrapped rows count as one line.
        start: the cell's row and column.
        by: the direction.
    """
    history, columns = emulator.scrollback_rows, emulator.size.columns
    screen = emulator.rows()
    total = history + len(screen)

    def rows_at(first: int, end: int) -> list[Row]:
        rows = emulator.history(first, min(end, history) - first) if first < history else []
        return rows + screen[max(first - history, 0) : max(end - history, 0)]

    for first, end in _parts(start[0], total, by):
        begin = first
        # The part begins with a line's first row.
        while begin and first - begin < MAX_ROWS and rows_at(begin - 1, begin)[0].wrapped:
            begin -= 1
        rows = rows_at(begin, min(end + MAX_ROWS, total))
        matches = [
            match
            for line in joined_lines(rows, begin, columns)
            for match in (line.match(*found.span()) for found in pattern.finditer(line.text))
            if first <= match.row < end and ((match.row, match.column) < start if by < 0 else match[:2] > start)
        ]
        if matches:
            return matches[-1 if by < 0 else 0]
    return None


def _parts(row: int, total: int, by: int) -> Iterator[tuple[int, int]]:
    """Parts of the rows as (first, end), the nearest first."""
    if by < 0:
        for end in range(min(row + 1, total), 0, -ROWS_AT_ONCE):
            yield max(end - ROWS_AT_ONCE, 0), end
    else:
        for first in range(max(row, 0), total, ROWS_AT_ONCE):
            yield first, min(first + ROWS_AT_ONCE, total)


WHEEL_ROWS: Final = 3
MAX_PATTERN_CHARACTERS: Final = 200
"""The limit of the text to find."""
KEYS: Final = "PageUp PageDown · / find · q back"
_FIND_KEYS: Final = "Enter finds it above · Esc"
_ABOVE_SHARE: Final = 3
"""A match that was not visible is scrolled to a third of the rows."""
_FAR: Final = 1_000_000_000
"""More rows than any history has."""
_TYPED: Final = Modifiers.SHIFT | Modifiers.CAPS_LOCK | Modifiers.NUM_LOCK


class ScrolledBack:
    """Scrolls and searches one replica.

    Attributes:
        is_over: whether the user has left, by a key or by scrolling to the end.
    """

    def __init__(self, emulator: Emulator, rows: int) -> None:
        """Begin at the end.

        Args:
            emulator: the replica.
            rows: how many rows of it are visible.
        """
        self.is_over = False
        self._emulator = emulator
        self._rows = rows
        self._typing: str | None = None
        self._pattern: re.Pattern[str] | None = None
        self._mark: tuple[RowMark | None, int, int] | None = None
        """The current match: a mark of its row, its row on the screen, its column."""
        self._problem = ""
        self._back = self._total = 0

    @property
    def page(self) -> int:
        """The rows of one page: one row stays visible, and the position line covers the last one."""
        return max(1, self._rows - 2)

    def replaced(self, emulator: Emulator, rows: int) -> None:
        """Continue with another replica, or with another number of visible rows."""
        if emulator is not self._emulator:
            self._mark = None
        self._emulator, self._rows = emulator, rows

    def shown(self, frame: Frame) -> None:
        """Note the position of a painted frame."""
        self._back, self._total = frame.scroll_offset, frame.scrollback_rows

    def line(self) -> str:
        """The line with the position and the keys."""
        if self._typing is not None:
            return f"Find: {self._typing}▏ {_FIND_KEYS}" if not self._typing else f"Find: {self._typing}▏"
        position = f"{self._back} of {self._total} rows back"
        keys = " · n N next" if self._pattern is not None else ""
        return f"{self._problem or position} · {KEYS}{keys}"

    def leave(self) -> None:
        """Return to the screen."""
        self.is_over = True
        self._emulator.clear_selection()
        self._emulator.scroll_to_bottom()

    # ------------------------------------------------------------ input

    def take(self, value: TerminalInput) -> None:
        """Handle the user's input; the program gets none of it."""
        match value:
            case KeyTyped(action=KeyAction.RELEASE):
                return
            case KeyTyped() if self._typing is not None:
                self._key_of_text(value, self._typing)
            case KeyTyped():
                self._problem = ""
                self._key(value)
            case TextTyped(text) | Pasted(text) if self._typing is not None:
                self._typing = (self._typing + one_line(text))[:MAX_PATTERN_CHARACTERS]
            case MouseMoved(button=MouseButton.WHEEL_UP | MouseButton.WHEEL_DOWN as button):
                self.scroll(-WHEEL_ROWS if button is MouseButton.WHEEL_UP else WHEEL_ROWS)
            case _:
                return

    def scroll(self, rows: int) -> None:
        """Scroll by rows, negative ones up; down at the end leaves."""
        emulator = self._emulator
        emulator.scroll(rows)
        self.shown(frame := emulator.frame())
        emulator.damage_all()
        if rows > 0 and not frame.scroll_offset:
            self.leave()

    def _key(self, value: KeyTyped) -> None:  # noqa: C901 - a table
        held = value.modifiers & ~_TYPED
        word = value.text or value.key
        if held == Modifiers.CTRL:
            word = f"Ctrl+{value.key}"
        elif held:
            return
        match word:
            case "PageUp" | "b":
                self.scroll(-self.page)
            case "PageDown" | "f" | " " | "Space" | "Ctrl+f":
                self.scroll(self.page)
            case "Ctrl+u":
                self.scroll(-max(1, self.page // 2))
            case "Ctrl+d":
                self.scroll(max(1, self.page // 2))
            case "ArrowUp" | "k":
                self.scroll(-1)
            case "ArrowDown" | "j":
                self.scroll(1)
            case "Home" | "g":
                self.scroll(-_FAR)
            case "End" | "G":
                self.scroll(_FAR)
            case "/" | "?":
                self._typing = ""
            case "n":
                self._find(-1)
            case "N":
                self._find(1)
            case "q" | "Escape" | "Enter" | "Ctrl+c":
                self.leave()
            case _:
                pass

    def _key_of_text(self, value: KeyTyped, typed: str) -> None:
        word = f"Ctrl+{value.key}" if value.modifiers & Modifiers.CTRL else value.key
        match word:
            case "Enter" | "NumpadEnter":
                self._typing = None
                if typed:
                    self._pattern, self._mark = pattern_of(typed), None
                self._find(-1)
            case "Backspace" if typed:
                self._typing = typed[:-1]
            case "Escape" | "Ctrl+c" | "Backspace":
                self._typing = None
            case "Ctrl+u":
                self._typing = ""
            case _ if value.text and not value.modifiers & ~_TYPED:
                self._typing = (typed + value.text)[:MAX_PATTERN_CHARACTERS]
            case _:
                pass

    # ------------------------------------------------------------ finding

    def _find(self, by: int) -> None:
        """Go to the next match above (-1) or below (1), and select it."""
        if self._pattern is None:
            return
        emulator = self._emulator
        match = find(emulator, self._pattern, self._start(), by)
        if match is None:
            self._problem = "No matches above" if by < 0 else "No matches below"
            return
        history = emulator.scrollback_rows
        mark = emulator.mark_row(match.row) if match.row < history else None
        self._mark = (mark, match.row - history, match.column)
        top = history - self._offset()
        if not top <= match.row < top + self._rows - 1:
            emulator.scroll_to_bottom()
            emulator.scroll(min(max(match.row - self._rows // _ABOVE_SHARE, 0), history) - history)
            top = history - self._offset()
        last = min(match.last_row - top, emulator.size.rows - 1)
        emulator.select((match.column, match.row - top), (match.last_column, last), "cell")
        self._offset()

    def _start(self) -> tuple[int, int]:
        """The start of the search: the current match, or the end of the visible rows."""
        history = self._emulator.scrollback_rows
        if self._mark is not None:
            mark, row, column = self._mark
            row_number = history + row if mark is None else mark.row_number()
            if row_number is not None:
                return row_number, column
        return history - self._offset() + self._rows, 0

    def _offset(self) -> int:
        """How far the viewport is scrolled back."""
        self.shown(frame := self._emulator.frame())
        self._emulator.damage_all()
        return frame.scroll_offset
