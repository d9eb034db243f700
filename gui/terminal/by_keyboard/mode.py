"""One mode of the keyboard: it holds the view's scroll position while output arrives, and changes the view's frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from PySide6.QtGui import QKeyEvent

from gui.terminal.display import TerminalDisplay
from gui.terminal.finding.line_search import RowNumbers
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


class Mode(ABC):
    """A mode of one view; a subclass enters it by ``_hold``."""

    def __init__(self, display: TerminalDisplay, on_change: Callable[[], None]) -> None:
        """``on_change`` is called after the mode was entered or left, or its state has changed."""
        self._display = display
        self._on_change = on_change
        self._view: HeldView | None = None

    @property
    def is_on(self) -> bool:
        """Whether the mode is on."""
        return self._view is not None

    @abstractmethod
    def press(self, event: QKeyEvent) -> None:
        """Handle a key of the mode."""

    @abstractmethod
    def before_frame(self) -> None:
        """Keep the view's scroll position."""

    @abstractmethod
    def on_scrolled(self) -> None:
        """The view was scrolled by other code."""

    @abstractmethod
    def _change_frame(self, emulator: Emulator, frame: Frame) -> Frame:
        """A frame as the mode shows it."""

    @abstractmethod
    def _forget(self, view: HeldView) -> None:
        """Reset the state of the mode, which was just left; another emulator may be displayed than in ``view``."""

    def _hold(self, emulator: Emulator) -> HeldView:
        """Keep the scroll position, and change the frames from now on."""
        self._view = view = HeldView(emulator)
        self._display.surface.change_frames(self._change_frame)
        return view

    def leave(self) -> None:
        """End the mode; a view that was at the end of the history returns there."""
        if (view := self._view) is not None:
            self.leave_in_place()
            view.release(self._display.emulator)

    def leave_in_place(self) -> None:
        """End the mode without scrolling."""
        view, self._view = self._view, None
        if view is not None:
            self._display.surface.stop_changing(self._change_frame)
            self._forget(view)
            self._display.repaint_all()
            self._on_change()
