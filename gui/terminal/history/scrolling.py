"""Scrolls a view in the history, and shows a wanted place once the history has it."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import SignalInstance

from gui.terminal.drawing.surface import Surface
from session_host.terminal.base import Emulator, Frame

from .scroll_place import ScrollPosition, go_to, place_of_row


class ScrolledHost(Protocol):
    """The scrolling's view of its widget."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    def emulator_touched(self) -> None:
        """Paint, since the viewport has changed."""


class Scrolling:
    """The place of one view in its history.

    Attributes:
        wanted: the place to show once the history has it; None for no such place.
        may_look_back: False while the emulator is known to be at its end: asking it costs a frame.
    """

    def __init__(self, host: ScrolledHost, surface: Surface, scrolled: SignalInstance) -> None:
        """``scrolled``: the signal that says that the user scrolled."""
        self._host = host
        self._scrolled = scrolled
        self._surface = surface
        self.wanted: ScrollPosition | None = None
        self.may_look_back = True

    @property
    def place(self) -> ScrollPosition | None:
        """The current or the wanted place; None at the end of the history."""
        emulator = self._host.emulator
        if self.wanted is not None or emulator is None:
            return self.wanted
        if not self.may_look_back:
            return None
        frame = emulator.frame()
        emulator.damage_all()
        return _place_of(frame, emulator)

    def keep(self, frame: Frame, emulator: Emulator) -> None:
        """Want the place of a frame, since the emulator goes away for a moment."""
        self.wanted = self.wanted or _place_of(frame, emulator)

    def look_at(self, place: ScrollPosition | None) -> None:
        """Show a place once it exists; scrolling or typing cancels this."""
        self.wanted = place
        self.try_wanted()

    def try_wanted(self) -> None:
        """Show the wanted place, if the history has it."""
        emulator = self._host.emulator
        if self.wanted is not None and emulator is not None and go_to(emulator, self.wanted):
            self.wanted = None
            self.may_look_back = True

    def by_lines(self, lines: int) -> None:
        """Scroll down, or back with negative lines."""
        emulator = self._host.emulator
        if emulator is not None and lines:
            self.wanted = None
            emulator.scroll(lines)
            self._host.emulator_touched()
            self._scrolled.emit()

    def by_pages(self, pages: int) -> None:
        """Scroll by whole screens, less one line that stays visible."""
        self.by_lines(pages * max(min(self._surface.size.rows, self._surface.layout.room.rows) - 1, 1))

    def to_row(self, row: int) -> None:
        """Scroll so that a row, counted from the oldest, is the first one, or the screen is shown."""
        emulator = self._host.emulator
        self.wanted = None
        if emulator is not None:
            emulator.scroll_to_bottom()
            emulator.scroll(min(row - emulator.scrollback_rows, 0))
            self._host.emulator_touched()

    def to_start(self) -> None:
        """Scroll to the oldest line."""
        emulator = self._host.emulator
        if emulator is not None:
            self.by_lines(-emulator.scrollback_rows)

    def to_end(self) -> None:
        """Scroll to the active screen."""
        emulator = self._host.emulator
        self.wanted = None
        if emulator is not None:
            emulator.scroll_to_bottom()
            self._host.emulator_touched()
            self._scrolled.emit()


def _place_of(frame: Frame, emulator: Emulator) -> ScrollPosition | None:
    if not frame.scroll_offset:
        return None
    return place_of_row(emulator, frame.scrollback_rows - frame.scroll_offset)
