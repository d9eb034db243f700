"""Scrolls a view in the history, and scrolls to a pending position once the history has it."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import SignalInstance

from gui.terminal.drawing.surface import Surface
from session_host.terminal.base import Emulator, Frame

from .scroll_position import ScrollPosition, go_to, position_of_row


class ScrolledOwner(Protocol):
    """The widget, as scrolling uses it."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    def request_frame(self) -> None:
        """Paint a frame soon: the viewport has changed."""


class Scrolling:
    """The position of one view in its history.

    Attributes:
        pending: the position to scroll to once the history has it; None for no such position.
        may_look_back: False while the view is known to be at the end of the history; asking the emulator costs a frame.
    """

    def __init__(self, owner: ScrolledOwner, surface: Surface, scrolled: SignalInstance) -> None:
        """``scrolled``: the signal that says that the user scrolled."""
        self._owner = owner
        self._scrolled = scrolled
        self._surface = surface
        self.pending: ScrollPosition | None = None
        self.may_look_back = True

    @property
    def scroll_position(self) -> ScrollPosition | None:
        """The pending position, or the current one; None at the end of the history."""
        emulator = self._owner.emulator
        if self.pending is not None or emulator is None:
            return self.pending
        if not self.may_look_back:
            return None
        frame = emulator.frame()
        emulator.damage_all()
        return _position_of(frame, emulator)

    def keep(self, frame: Frame, emulator: Emulator) -> None:
        """Keep the position of a frame as pending, until there is another emulator."""
        self.pending = self.pending or _position_of(frame, emulator)

    def go_to_position(self, position: ScrollPosition | None) -> None:
        """Scroll to a position once the history has it; scrolling or typing cancels this."""
        self.pending = position
        self.try_pending()

    def try_pending(self) -> None:
        """Scroll to the pending position, if the history has it."""
        emulator = self._owner.emulator
        if self.pending is not None and emulator is not None and go_to(emulator, self.pending):
            self.pending = None
            self.may_look_back = True

    def by_lines(self, lines: int) -> None:
        """Scroll down, or back with negative lines."""
        emulator = self._owner.emulator
        if emulator is not None and lines:
            self.pending = None
            emulator.scroll(lines)
            self._owner.request_frame()
            self._scrolled.emit()

    def by_pages(self, pages: int) -> None:
        """Scroll by whole screens, less one line that stays visible."""
        self.by_lines(pages * max(min(self._surface.size.rows, self._surface.layout.largest_grid.rows) - 1, 1))

    def to_row(self, row: int) -> None:
        """Scroll so that a row, counted from the oldest, is the first one, or the screen is shown."""
        emulator = self._owner.emulator
        self.pending = None
        if emulator is not None:
            emulator.scroll_to_bottom()
            emulator.scroll(min(row - emulator.scrollback_rows, 0))
            self._owner.request_frame()

    def to_start(self) -> None:
        """Scroll to the oldest line."""
        emulator = self._owner.emulator
        if emulator is not None:
            self.by_lines(-emulator.scrollback_rows)

    def to_end(self) -> None:
        """Scroll to the active screen."""
        emulator = self._owner.emulator
        self.pending = None
        if emulator is not None:
            emulator.scroll_to_bottom()
            self._owner.request_frame()
            self._scrolled.emit()


def _position_of(frame: Frame, emulator: Emulator) -> ScrollPosition | None:
    if not frame.scroll_offset:
        return None
    return position_of_row(emulator, frame.scrollback_rows - frame.scroll_offset)
