"""Announces a terminal's new text to screen readers.

Changes are collected: the first one after a pause is announced at once, further ones after an interval that grows while
the program continues to write. Of much new text, only the newest lines are announced.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleTextCursorEvent,
    QAccessibleTextInsertEvent,
    QAccessibleTextRemoveEvent,
)
from PySide6.QtWidgets import QWidget

from gui.terminal.drawing.surface import Surface
from gui.wording import page_texts

from .changes import Change, changes
from .screen_text import ScreenText, length_of

SETTLE_S = 0.02
"""The delay of an announcement: an echo and the cursor's movement after it are announced together."""
SHORTEST_INTERVAL_S = 0.1
LONGEST_INTERVAL_S = 1.0
_GROWTH = 1.5
NEWEST_LINES = 12
"""The maximum number of lines of one change that are announced."""
_SELECTED_CHARACTERS = 500


class TextReporter(QObject):
    """Keeps the visible text of one terminal; announces its changes while the terminal has the keyboard focus.

    Attributes:
        text: the visible text.
    """

    def __init__(self, view: QWidget, surface: Surface) -> None:
        super().__init__(view)
        self._view = view
        self._surface = surface
        self._current: ScreenText | None = None
        self._announced: ScreenText | None = None
        self._announced_at_s = 0.0
        self._interval_s = SHORTEST_INTERVAL_S
        self._timer: QTimer | None = None

    @property
    def text(self) -> ScreenText:
        """The text in view."""
        if self._current is None:
            surface = self._surface
            self._current = ScreenText(surface.rows, surface.size.columns, surface.cursor)
        if self._announced is None:
            self._announced = self._current  # A screen reader that begins to read now knows this text.
        return self._current

    def restart(self) -> None:
        """Another screen is shown, or the view got the keyboard focus: do not announce the existing text."""
        self._current = self._announced = None
        if QAccessible.isActive():
            self._announced = self.text

    def on_typed(self) -> None:
        """The user types: announce the echo soon."""
        self._interval_s = SHORTEST_INTERVAL_S

    def on_frame(self) -> None:
        """A frame was painted: announce its changes when they are due."""
        self._current = None
        if not QAccessible.isActive():
            self._announced = None
            return
        if self._timer is None:
            self._timer = QTimer(self, singleShot=True)
            self._timer.timeout.connect(self._announce_changes)
        if not self._timer.isActive():
            wait_s = self._announced_at_s + self._interval_s - time.monotonic()
            self._timer.start(round(max(wait_s, SETTLE_S) * 1000))

    def _announce_changes(self) -> None:
        known = self._announced
        if not QAccessible.isActive() or not self._view.hasFocus():
            self._announced = None
            return
        now_s = time.monotonic()
        is_going_on = now_s - self._announced_at_s < 2 * self._interval_s
        self._announced_at_s = now_s
        self._announced = text = self.text
        if known is None:
            return
        found = changes(known.lines, text.lines)
        # If only the caret moved, the user moved it, and waits for the announcement.
        grown_s = self._interval_s * _GROWTH if found and is_going_on else SHORTEST_INTERVAL_S
        self._interval_s = min(grown_s, LONGEST_INTERVAL_S)
        for change in found:
            self._announce_change(change)
        if text.caret != known.caret:
            QAccessible.updateAccessibility(QAccessibleTextCursorEvent(self._view, text.caret))
        if text.selection is not None and text.selection != known.selection:
            selected = text.text(*text.selection)
            if known.selection is None or selected != known.text(*known.selection):
                announcement = page_texts.SELECTED(text=selected[:_SELECTED_CHARACTERS])
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._view, announcement))

    def _announce_change(self, change: Change) -> None:
        offset, removed, inserted = change
        if removed:
            QAccessible.updateAccessibility(QAccessibleTextRemoveEvent(self._view, offset, removed))
        newest = _newest_lines(inserted)
        if newest:
            offset += length_of(inserted) - length_of(newest)
            QAccessible.updateAccessibility(QAccessibleTextInsertEvent(self._view, offset, newest))


def _newest_lines(text: str) -> str:
    """The last lines of a text."""
    lines = text.splitlines(keepends=True)
    return text if len(lines) <= NEWEST_LINES else "".join(lines[-NEWEST_LINES:])
