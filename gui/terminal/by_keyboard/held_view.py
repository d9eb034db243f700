"""Keeps a view at its place in the history while output arrives, and numbers its rows."""

from __future__ import annotations

from typing import Protocol

from gui.terminal.finding.row_numbers import RowNumbers
from session_host.terminal.base import Emulator, Frame


class ModeHost(Protocol):
    """The modes' view of their widget."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    def emulator_touched(self) -> None:
        """Paint, since the selection or the viewport has changed."""

    def on_mode(self) -> None:
        """A mode was entered or left, or has another state."""


class HeldView:
    """The place of one view while a mode is on.

    Attributes:
        emulator: the displayed emulator.
        top: the number of the first visible row.
        was_at_end: whether the view showed the end of the history at first.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        frame = emulator.frame()
        emulator.damage_all()
        self.was_at_end = frame.scroll_offset == 0
        self.begin_anew(frame)

    def begin_anew(self, frame: Frame) -> None:
        """Number the rows of a frame anew, after a resize or a change of screens."""
        self._numbers = RowNumbers(self.emulator)
        if frame.scrollback_rows:
            self._numbers.mark(frame.scrollback_rows - 1)
        self._is_at_end = frame.scroll_offset == 0
        self._is_free = False
        self.top = frame.scrollback_rows - frame.scroll_offset

    @property
    def dropped(self) -> int:
        """The number of the oldest row, as of the last call of ``follow``."""
        return self._numbers.dropped

    @property
    def rows(self) -> int:
        """The number of visible rows."""
        return self.emulator.size.rows

    def follow(self) -> bool:
        """Stay at the place although output has arrived; False if the rows must be numbered anew."""
        if not self._numbers.follow():
            return False
        moved = self._is_at_end and self.top < self.dropped + self.emulator.scrollback_rows
        if not self._is_free and (moved or self.top < self.dropped):
            # An engine holds a view only if it is scrolled back, and lets go of dropped rows with the next frame.
            self.scroll_to(self.top)
        return True

    def let_go(self) -> None:
        """The view was scrolled by others: take the next frame's place."""
        self._is_free = True

    def note(self, frame: Frame) -> bool:
        """Take the place of a frame; returns whether others have scrolled the view. Call ``follow`` before."""
        was_free, self._is_free = self._is_free, False
        self._is_at_end = frame.scroll_offset == 0
        self.top = self.dropped + frame.scrollback_rows - frame.scroll_offset
        return was_free

    def scroll_to(self, row: int) -> None:
        """Make a row the first visible one, or show the oldest row or the screen."""
        history = self.emulator.scrollback_rows
        self.top = min(max(row, self.dropped), self.dropped + history)
        self.emulator.scroll_to_bottom()
        self.emulator.scroll(self.top - self.dropped - history)
        self._is_at_end = self.top == self.dropped + history
        self._is_free = False

    def show(self, row: int) -> None:
        """Scroll by as few rows as needed to show a row."""
        if row < self.top:
            self.scroll_to(row)
        elif row >= self.top + self.rows:
            self.scroll_to(row - self.rows + 1)
