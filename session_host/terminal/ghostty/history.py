"""Sets the limits of the library's history.

The library frees history by whole pages, and can limit it in lines or in bytes. At the limit in bytes it reuses the
oldest page. At the limit in lines it frees the page and allocates a new one, which costs more than all other work on a
line. So the limit is in bytes, computed from the width. It is in lines only for text that needs far more bytes per line
than usual (a separate style for each cell): the limit in bytes would keep too few.

Rows beyond the limit are hidden: see ``GhosttyEmulator.scrollback_rows``.

A narrower grid wraps lines into more rows. The limits stay those of the widest grid that the terminal had, so that the
lines are still there when it becomes wide again.
"""

from __future__ import annotations

from typing import Any

from session_host.protocol.values import GridSize

from .library.calls import ffi, lib, set_option, track

_PAGE_CELLS = 45_000
"""How many cells a page of the library holds at least, counting one more for each row."""

_PAGE_BYTES = 420_000
"""The size of a page, at most."""

_WRAPPED = 1.5
"""Lines that a narrower grid wraps need so much more room, at most."""

_MAX_BYTES_PER_LINE = 32 * 1024


class HistoryLimits:
    """Sets the limits of one terminal's history.

    Attributes:
        widest_columns: the widest grid that the terminal had; part of a snapshot.
    """

    def __init__(self, terminal: Any, lines: int, size: GridSize, widest_columns: int = 0) -> None:
        self._terminal = terminal
        self._lines = lines
        self._size = size
        self.widest_columns = max(widest_columns, size.columns)
        self._is_blank = not widest_columns
        self._current_bytes = 0
        self._oldest: Any = ffi.NULL
        self._is_line_limited = False
        self._limit_bytes(self._byte_limit())
        if lines:
            self._track_oldest()

    def _byte_limit(self) -> int:
        if not self._lines:
            return 0
        rows_per_page = max(1, _PAGE_CELLS // (self.widest_columns + 1))
        pages = -(-(self._lines + self._size.rows) // rows_per_page) + 1
        return int(pages * _PAGE_BYTES * (_WRAPPED if self._size.columns < self.widest_columns else 1))

    def _limit_bytes(self, limit_bytes: int) -> None:
        self._current_bytes = limit_bytes
        set_option(self._terminal, "SCROLLBACK_MAX_BYTES", "size_t", limit_bytes)
        set_option(self._terminal, "SCROLLBACK_MAX_LINES", None)

    def _limit_lines(self) -> None:
        """Limit the history to its lines and a page, each line as wide as the widest grid."""
        rows_per_line = -(-self.widest_columns // self._size.columns)
        self._limit_bytes(max(self._current_bytes, self._lines * _MAX_BYTES_PER_LINE))
        set_option(
            self._terminal, "SCROLLBACK_MAX_LINES", "size_t", self._lines * rows_per_line + self._rows_per_page() + 1
        )

    def _rows_per_page(self) -> int:
        return max(1, _PAGE_CELLS // (self._size.columns + 1))

    def on_output(self, rows: int) -> None:
        """Adjust the limits; called with the number of history rows after output."""
        self._is_blank = False
        if not self._lines or self._is_line_limited or lib.ghostty_tracked_grid_ref_has_value(self._oldest):
            return
        if 4 * self._rows_per_page() < rows < self._lines + self._rows_per_page():
            # With the next page that is gone, the history may have too few lines.
            self._is_line_limited = True
            self.close()
            self._limit_lines()
        else:
            self._track_oldest()

    def _track_oldest(self) -> None:
        """Track the oldest row, which disappears with its page, or when the terminal is reset."""
        self.close()
        self._oldest = track(self._terminal, lib.GHOSTTY_POINT_TAG_SCREEN, 0, 0) or ffi.NULL

    def close(self) -> None:
        """Free the library's object, before its terminal."""
        if self._oldest != ffi.NULL:
            ffi.release(self._oldest)
            self._oldest = ffi.NULL

    def before_resize(self, size: GridSize) -> None:
        """Adjust the limits before a resize, so that no lines are lost to limits for the wrong width."""
        self._size = size
        # A grid without text has no wider lines.
        self.widest_columns = size.columns if self._is_blank else max(self.widest_columns, size.columns)
        if self._is_line_limited:
            self._limit_lines()
        else:
            self._limit_bytes(max(self._current_bytes, self._byte_limit()))

    def after_resize(self) -> None:
        """Adjust the limits after a resize."""
        if self._is_line_limited:
            self._limit_lines()
        else:
            self._limit_bytes(self._byte_limit())
