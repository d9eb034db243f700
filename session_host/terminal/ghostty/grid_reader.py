"""Reads rows of the screen and its history, for text and copies; ``frame`` reads rows for frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from session_host.terminal.rows import Row

from .cells import RowReader, without_marks
from .library.calls import ffi, lib, scroll_viewport
from .render_state import RenderState, RowKind


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
        rows: list[Row] = []
        reader: RowReader | None = None
        for state, skipped, height in self._viewports(first, count):
            reader = reader or RowReader(state)
            rows.extend(reader.all_rows(height, with_selection=False)[skipped:])
        has_marks = reader is not None and reader.has_marks
        return [*map(without_marks, rows)] if has_marks and not keeps_marks else rows

    def kinds(self, first: int, is_blank: Sequence[bool]) -> Iterator[RowKind]:
        """The kinds of rows counted from the top of the history; ``is_blank``: for each, as in ``RenderState.kind``."""
        number, is_wrapped = 0, False
        for state, skipped, height in self._viewports(first, len(is_blank)):
            for y in islice(state.all_rows(), height):
                if y >= skipped:
                    kind = state.kind(is_blank=is_blank[number], continues=is_wrapped)
                    is_wrapped = kind.is_wrapped
                    number += 1
                    yield kind

    def _viewports(self, first: int, count: int) -> Iterator[tuple[RenderState, int, int]]:
        """Move a render state over rows; yields it, and of its rows those before the first one, and those to read."""
        get = lib.ghostty_terminal_get
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, self._scrollbar)
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_VIEWPORT_ACTIVE, self._following)
        offset, height, total = int(self._scrollbar.offset), int(self._scrollbar.len), int(self._scrollbar.total)
        end = min(first + count, total)
        state = RenderState(self._terminal)
        try:
            while first < end:
                top = min(first, total - height)
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, top)
                state.update()
                read = min(height, end - top)
                yield state, first - top, read
                first = top + read
        finally:
            state.close()
            if self._following[0]:
                # The library keeps an unused viewport's position, and a reflow keeps blank rows for such a position.
                # The oldest row is the position in a terminal that was never read.
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, 1)
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM)
            else:
                scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, offset)
