"""Row numbers that stay valid while the history drops older rows."""

from __future__ import annotations

from session_host.protocol.values import GridSize
from session_host.terminal.base import Emulator
from session_host.terminal.prompts import RowMark


class RowNumbers:
    """Numbers the rows of one emulator's active screen.

    Attributes:
        dropped: the number of the oldest row, as of the last call of ``follow``.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.dropped = 0
        self._kind = self._current_kind()
        self._mark: RowMark | None = None
        self._marked_row = 0

    def _current_kind(self) -> tuple[GridSize, bool]:
        return self._emulator.size, self._emulator.modes.alternate_screen

    def dropped_now(self) -> int | None:
        """The number of the oldest row at this moment; None if the rows must be renumbered."""
        if self._kind != self._current_kind():
            return None
        if self._mark is not None:
            row = self._mark.row_number()
            return None if row is None else self._marked_row - row
        rows, limit = self._emulator.scrollback_rows, self._emulator.scrollback_limit
        # There was no history, so no row was marked. If the history is full now, it may have dropped rows.
        return None if rows and rows >= limit else self.dropped

    def mark(self, row: int) -> None:
        """Use the row with the number ``row``, in the history, as the reference from now on."""
        self._marked_row = row
        self._mark = self._emulator.mark_row(row - self.dropped)

    def follow(self) -> bool:
        """Update ``dropped`` after output; False if the rows must be renumbered, by a new ``RowNumbers``."""
        dropped = self.dropped_now()
        if dropped is None:
            return False
        self.dropped = dropped
        history = self._emulator.scrollback_rows
        if history and self._marked_row != dropped + history - 1:
            self.mark(dropped + history - 1)
        return True
