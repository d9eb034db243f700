"""Keeps a view's scroll position in the history while output arrives, and numbers its rows."""

from __future__ import annotations

from gui.terminal.finding.row_numbers import RowNumbers
from session_host.terminal.base import Emulator, Frame


class HeldView:
    """The scroll position of one view while a mode is on.

    Attributes:
        emulator: the displayed emulator.
        top: the number of the first visible row.
        was_at_end: whether the view showed the end of the history when the mode was entered.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        frame = emulator.frame()
        emulator.damage_all()
        self.was_at_end = frame.scroll_offset == 0
        self.renumber(frame)

    def release(self, displayed: Emulator | None) -> None:
        """Return to the end of the history, if the view was there, unless another emulator is displayed now."""
        if self.was_at_end and displayed is self.emulator:
            self.emulator.scroll_to_bottom()

    def renumber(self, frame: Frame) -> None:
        """Renumber the rows from a frame, after a resize or a change of screens."""
        self._numbers = RowNumbers(self.emulator)
        if frame.scrollback_rows:
            self._numbers.mark(frame.scrollback_rows - 1)
        self._is_at_end = frame.scroll_offset == 0
        self._was_scrolled = False
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
        """Keep the scroll position although output has arrived; False if the rows must be renumbered."""
        if not self._numbers.follow():
            return False
        moved = self._is_at_end and self.top < self.dropped + self.emulator.scrollback_rows
        if not self._was_scrolled and (moved or self.top < self.dropped):
            # An engine keeps the position only if the view is scrolled back, and leaves dropped rows at the next frame.
            self.scroll_to(self.top)
        return True

    def on_scrolled(self) -> None:
        """Other code scrolled the view: keep the next frame's position from now on."""
        self._was_scrolled = True

    def update(self, frame: Frame) -> None:
        """Take over the scroll position of a frame. Call ``follow`` before."""
        self._was_scrolled = False
        self._is_at_end = frame.scroll_offset == 0
        self.top = self.dropped + frame.scrollback_rows - frame.scroll_offset

    def scroll_to(self, row: int) -> None:
        """Make a row the first visible one, as far as the history and the screen allow."""
        history = self.emulator.scrollback_rows
        self.top = min(max(row, self.dropped), self.dropped + history)
        self.emulator.scroll_to_bottom()
        self.emulator.scroll(self.top - self.dropped - history)
        self._is_at_end = self.top == self.dropped + history
        self._was_scrolled = False

    def show(self, row: int) -> None:
        """Scroll by as few rows as needed to show a row."""
        if row < self.top:
            self.scroll_to(row)
        elif row >= self.top + self.rows:
            self.scroll_to(row - self.rows + 1)
