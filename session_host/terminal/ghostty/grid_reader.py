"""Reads rows of the screen and its history, for text and copies; ``frame`` reads rows for frames."""

from __future__ import annotations

from typing import Any

from session_host.terminal.rows import Row

from .cells import RowReader, without_marks
from .library.calls import ffi, lib, scroll_viewport
from .render_state import RenderState


class GridReader:
    """Reads rows anywhere on a terminal's active screen, independently of its viewport.

    The reader moves the terminal's viewport and puts it back. Each reading uses a new render state, since another one
    may have cleared the marks of change. It clears the remaining marks, so a caller that needs them must read them
    before.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._scrollbar = ffi.new("GhosttyTerminalScrollbar*")
        self._following = ffi.new("bool*")

    def history_rows(self) -> int:
        """How many rows are above the active screen; none above the alternate screen."""
        lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, self._scrollbar)
        return int(self._scrollbar.total - self._scrollbar.len)

    def rows_above(self, limit: int) -> int:
        """How many rows are above the newest ``limit`` of the history."""
        return max(self.history_rows() - limit, 0)

    def read(self, first: int, count: int, *, keeps_marks: bool = False) -> list[Row]:
        """Read rows counted from the top of the history, with the screen after it. Fewer than ``count`` at the end.

        With ``keeps_marks``, text under images has its marks.
        """
        get = lib.ghostty_terminal_get
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, self._scrollbar)
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_VIEWPORT_ACTIVE, self._following)
        offset, height, total = int(self._scrollbar.offset), int(self._scrollbar.len), int(self._scrollbar.total)
        rows: list[Row] = []
        end = min(first + count, total)
        state = RenderState(self._terminal)
        reader = RowReader(state)
        try:
            while first < end:
                top = min(first, total - height)
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, top)
                state.update()
                page = reader.all_rows(min(height, end - top), with_selection=False)
                rows.extend(page[first - top :])
                first = top + len(page)
        finally:
            state.close()
            if self._following[0]:
                # The library keeps an unused viewport's position, and a reflow keeps blank rows for such a position.
                # The oldest row is the position in a terminal that was never read.
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, 1)
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM)
            else:
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, offset)
        return [*map(without_marks, rows)] if reader.has_marks and not keeps_marks else rows
