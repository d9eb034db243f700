"""The prompts of the primary screen, marked by positions that move with their text."""

from __future__ import annotations

from collections.abc import Iterator

from session_host.terminal.prompts import PromptMarks

from .anchors import Anchor
from .grid import GridScreen


class PrimaryRow(Anchor):
    """A row of the primary screen or its history, as a ``RowMark``."""

    __slots__ = ("_screen",)

    def __init__(self, screen: GridScreen, line: int) -> None:
        super().__init__(line, 0)
        self._screen = screen

    def row_number(self) -> int | None:
        """See ``RowMark``."""
        screen = self._screen
        row = self.line - _oldest_line(screen)
        # A smaller grid may have cut off blank rows below the cursor.
        return row if row >= 0 and self.line < screen.evicted + len(screen.history) + screen.lines else None

    def is_erased(self) -> bool:
        """See ``PromptRow``."""
        return self.is_overwritten


class PrimaryPrompts(PromptMarks[PrimaryRow]):
    """The prompts of a screen, while its primary screen is active."""

    def __init__(self, screen: GridScreen) -> None:
        super().__init__()
        self._screen = screen

    def row(self, row: int) -> PrimaryRow:
        """Mark a row, counted from the oldest of the primary screen's history."""
        return PrimaryRow(self._screen, _oldest_line(self._screen) + row)

    def row_of_cursor(self) -> PrimaryRow:
        """Mark the cursor's row."""
        return PrimaryRow(self._screen, self._screen.top_line + self._screen.cursor.y)

    def rows_erased(self, first: int, count: int) -> None:
        """Handle rows that were erased as a whole, counted from the top of the screen."""
        if count > 0 and self and not self._screen.on_alternate:
            begin = self._screen.shown_rows + first
            self.erase(begin, begin + count - 1, self.row)

    def on_screen(self) -> Iterator[PrimaryRow]:
        """The marks on the screen, and perhaps some above it."""
        if not self._screen.on_alternate:
            top = self._screen.top_line
            for rows in self.newest():
                if all(row.line < top for row in rows):
                    break
                yield from rows


def _oldest_line(screen: GridScreen) -> int:
    """The absolute number of the oldest row that is shown of the primary screen's history."""
    return screen.evicted + max(len(screen.history) - screen.history_limit, 0)
