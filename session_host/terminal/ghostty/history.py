"""Sets the limits of the library's history.

The library frees history by whole pages, and can limit it in lines or in bytes. At the limit in bytes it reuses the
oldest page. At the limit in lines it frees the page and allocates a new one, which costs several times more than all
other work on a line. So the limit is in bytes, computed from the width. It is in lines only for text
that needs far more bytes per line than usual (a separate style for each cell): the limit in bytes would keep too few.

The first limit in bytes has room for such text. Once the history has enough lines, the limit becomes what they take in
fact: memory that is written for the first time costs more than the text in it.

Rows beyond the limit are hidden: see ``GhosttyEmulator.scrollback_rows``.

A narrower grid wraps lines into more rows. The limits stay those of the widest grid that the terminal had, so that the
lines are still there when it becomes wide again.
"""

from __future__ import annotations

from typing import Any

from session_host.protocol.values import GridSize

from .library.calls import Getter, ffi, lib, set_option, track

_PAGE_CELLS = 45_000
"""How many cells a page of the library holds at least, counting one more for each row."""

_PAGE_BYTES = 420_000
"""The size of a page, at most."""

_MIN_PAGE_BYTES = 393_216
"""The size of a page, at least."""

_PAGE_OVERHEAD = 1.5
"""Factor for pages with more styles and links than the library expects."""

_SPLIT_PAGES = 16
"""Room for pages that are not full: a terminal that is restored and resized again and again gets about 8 of them."""

_SPARE_PAGES = 2
"""How many pages the history has beyond its lines when its limit is lowered."""

_TRIM_PAGES = 4
"""How many pages it may have beyond its lines in a snapshot."""

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
        self._history_rows = Getter(terminal, "SCROLLBACK_ROWS", "size_t")
        self._current_bytes = 0
        self._is_lowered = False
        """Whether the limit in bytes is what the lines take."""
        self._oldest: Any = ffi.NULL
        self._is_line_limited = not lines
        self._set_limits(self._byte_limit(), None)
        if lines:
            self._track_oldest()

    def _rows_per_page(self) -> int:
        return max(1, _PAGE_CELLS // (self._size.columns + 1))

    def _rows_with(self, pages: int) -> int:
        """The rows of a history with this many pages more than its lines need, each as wide as the grid was."""
        rows_per_line = -(-self.widest_columns // self._size.columns)
        return self._lines * rows_per_line + pages * self._rows_per_page()

    def _byte_limit(self) -> int:
        """The limit in bytes that has room for text with many styles."""
        if not self._lines:
            return 0
        rows_per_page = max(1, _PAGE_CELLS // (self.widest_columns + 1))
        pages = -(-(self._lines + self._size.rows) // rows_per_page) + 2
        return int(pages * _PAGE_BYTES * _PAGE_OVERHEAD) + _SPLIT_PAGES * _PAGE_BYTES

    def _line_limit(self) -> int:
        return self._rows_with(1) + 1

    def _set_limits(self, limit_bytes: int, limit_lines: int | None) -> None:
        self._current_bytes = limit_bytes
        self._is_lowered = False
        set_option(self._terminal, "SCROLLBACK_MAX_BYTES", "size_t", limit_bytes)
        if limit_lines is None:
            set_option(self._terminal, "SCROLLBACK_MAX_LINES", None)
        else:
            set_option(self._terminal, "SCROLLBACK_MAX_LINES", "size_t", limit_lines)

    def rows_left(self, rows: int) -> None:
        """Adjust the limits; called with the number of history rows after output."""
        self._is_blank = False
        if self._is_line_limited:
            return
        if rows > self._lines and not self._is_lowered and rows > self._rows_with(_SPARE_PAGES):
            self._lower_limit()
        elif lib.ghostty_tracked_grid_ref_has_value(self._oldest):
            return
        elif self._is_lowered and rows < self._rows_with(1):
            # The text has more styles than before: more pages would be freed than filled.
            self._set_limits(self._byte_limit(), None)
        elif 4 * self._rows_per_page() < rows < self._lines:
            # The oldest page is gone before the history had enough lines.
            self._limit_by_lines()
            return
        self._track_oldest()

    def _lower_limit(self) -> None:
        """Lower the limit in bytes page by page, until the history has only a little more than its lines."""
        limit_bytes = self._current_bytes
        while limit_bytes > _MIN_PAGE_BYTES and self._history_rows() > self._rows_with(_SPARE_PAGES):
            limit_bytes -= _MIN_PAGE_BYTES
            set_option(self._terminal, "SCROLLBACK_MAX_BYTES", "size_t", limit_bytes)
        self._set_limits(limit_bytes + _MIN_PAGE_BYTES, None)
        self._is_lowered = True

    def _track_oldest(self) -> None:
        """Track the oldest row, which disappears with its page, or when the terminal is reset."""
        self.close()
        self._oldest = track(self._terminal, lib.GHOSTTY_POINT_TAG_SCREEN, 0, 0) or ffi.NULL

    def close(self) -> None:
        """Free the library's object, before its terminal."""
        if self._oldest != ffi.NULL:
            ffi.release(self._oldest)
            self._oldest = ffi.NULL

    def _limit_by_lines(self) -> None:
        self._is_line_limited = True
        self.close()
        self._set_limits(max(self._current_bytes, self._lines * _MAX_BYTES_PER_LINE), self._line_limit())

    def before_resize(self, size: GridSize) -> None:
        """Adjust the limits before a resize, so that no lines are lost to limits for the wrong width."""
        self._size = size
        # A grid without text has no wider lines.
        self.widest_columns = size.columns if self._is_blank else max(self.widest_columns, size.columns)
        if self._is_line_limited and self._lines:
            self._limit_by_lines()
        else:
            self._set_limits(max(self._current_bytes, self._byte_limit()), None)

    def after_resize(self) -> None:
        """Adjust the limits after a resize."""
        if self._is_line_limited and self._lines:
            self._limit_by_lines()
        else:
            self._set_limits(self._byte_limit(), None)

    def trim(self, rows: int) -> None:
        """Free many rows beyond the limit, as far as they fill whole pages."""
        if self._lines and not self._is_line_limited and rows > self._rows_with(_TRIM_PAGES):
            self._lower_limit()
            self._track_oldest()
