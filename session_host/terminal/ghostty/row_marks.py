"""Marks of rows, as references that the library moves with their content."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from .library.calls import ffi, lib, sized, track

_SCREEN = lib.GHOSTTY_POINT_TAG_SCREEN


class TrackedRow:
    """A mark of one row: a reference to its last column.

    When the history is erased, the library moves references to the first column of the screen.
    """

    def __init__(self, terminal: Any, column: int, row: int, hidden_rows: Callable[[], int]) -> None:
        self._terminal = terminal
        self._column = column
        self._reference = track(terminal, _SCREEN, column, row)
        self._on_screen = _active_screen(terminal)
        self._hidden_rows = hidden_rows

    def place(self) -> int | None:
        """See ``RowMark``."""
        if self._reference is None or _active_screen(self._terminal) != self._on_screen:
            return None
        cell, coordinate = sized("GhosttyGridRef"), ffi.new("GhosttyPointCoordinate*")
        if lib.ghostty_tracked_grid_ref_snapshot(self._reference, cell):
            return None
        if lib.ghostty_terminal_point_from_grid_ref(self._terminal, cell, _SCREEN, coordinate):
            return None
        if coordinate.x != self._column:
            return None
        row = int(coordinate.y) - self._hidden_rows()
        return row if row >= 0 else None

    def close(self) -> None:
        """Free the library's object, before its terminal."""
        if self._reference is not None:
            ffi.release(self._reference)
            self._reference = None


class RowMarks:
    """The marks of one terminal's rows; a mark that nothing refers to any more is freed."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._marks: weakref.WeakSet[TrackedRow] = weakref.WeakSet()

    def mark(self, row: int, hidden_rows: Callable[[], int]) -> TrackedRow:
        """Mark a row, counted from the oldest that is not hidden."""
        columns = ffi.new("uint16_t*")
        lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_COLS, columns)
        mark = TrackedRow(self._terminal, columns[0] - 1, row + hidden_rows(), hidden_rows)
        self._marks.add(mark)
        return mark

    def close(self) -> None:
        """Free the library's objects, before their terminal."""
        for mark in list(self._marks):
            mark.close()


def _active_screen(terminal: Any) -> int:
    out = ffi.new("GhosttyTerminalScreen*")
    lib.ghostty_terminal_get(terminal, lib.GHOSTTY_TERMINAL_DATA_ACTIVE_SCREEN, out)
    return int(out[0])
