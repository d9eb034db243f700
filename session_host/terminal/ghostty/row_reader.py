"""Reads rows of the screen and its history, for text and copies; ``frame`` reads frames."""

from __future__ import annotations

from typing import Any

from session_host.terminal.base import Row

from .cells import RenderState
from .library.calls import ffi, lib, scroll_viewport


class GridReader:
    """Reads rows anywhere on a terminal's active screen, whatever its viewport shows.

    It moves the terminal's viewport and puts it back. Each reading begins with a render state that
    knows nothing, since the marks of change may have gone to another; and it takes those left, so
    who needs them must have taken them before.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._scrollbar = ffi.new("GhosttyTerminalScrollbar*")
        self._following = ffi.new("bool*")

    def history_rows(self) -> int:
        """Rows above the active screen. The alternate screen shows none, whatever the library keeps."""
        lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, self._scrollbar)
        return int(self._scrollbar.total - self._scrollbar.len)

    def read(self, first: int, count: int) -> list[Row]:
        """Rows counted from the top of the history; the screen comes after it. Short at the end."""
        get = lib.ghostty_terminal_get
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, self._scrollbar)
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_VIEWPORT_ACTIVE, self._following)
        offset, height, total = int(self._scrollbar.offset), int(self._scrollbar.len), int(self._scrollbar.total)
        rows: list[Row] = []
        end = min(first + count, total)
        state = RenderState(self._terminal)
        try:
            while first < end:
                top = min(first, total - height)
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, top)
                state.update()
                page = state.all_rows(min(height, end - top), with_selection=False)
                rows.extend(page[first - top :])
                first = top + len(page)
        finally:
            state.close()
            if self._following[0]:
                # A viewport's place is kept even while it is not used, and a reflow keeps blank rows
                # with a place in them. The oldest row is where it stands in a terminal never read.
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, 1)
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM)
            else:
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, offset)
        return rows
