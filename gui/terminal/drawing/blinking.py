"""The blinking of the cursor, and of text (SGR 5 and 6)."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication

from gui.timers import repeating
from session_host.terminal.base import Cursor, Emulator, Frame
from session_host.terminal.rows import Attribute, Row

from .surface import Surface

BLINK_MS = 530
IDLE_AFTER_S = 10.0
"""The idle time after which blinking stops, with the cursor visible."""


class CursorBlink(QObject):
    """Toggles a blinking cursor; a cursor that does not blink is always visible.

    Attributes:
        shown: whether the cursor is visible now.

    Signals:
        changed: ``shown`` has changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = repeating(self)
        self._timer.timeout.connect(self._toggle)
        self._wanted = False
        self._last_life_s = 0.0
        self.shown = True

    @property
    def running(self) -> bool:
        """Whether the timer is running."""
        return self._timer.isActive()

    def set_blinking(self, *, blinking: bool) -> None:
        """Blink if ``blinking``: the cursor asks for it and the view has the keyboard focus."""
        flash_ms = QGuiApplication.styleHints().cursorFlashTime()
        blinking = blinking and flash_ms > 0  # the desktop may have disabled blinking
        if blinking == self._wanted:
            return
        self._wanted = blinking
        if blinking:
            self.touch()
        else:
            self._timer.stop()
            self._show()

    def touch(self) -> None:
        """Show the cursor and begin a new interval, after input or output."""
        self._last_life_s = time.monotonic()
        self._show()
        if self._wanted:
            self._timer.start(BLINK_MS)

    def note_life(self) -> None:
        """Blink on after output, without a new interval."""
        self._last_life_s = time.monotonic()
        if self._wanted and not self._timer.isActive():
            self._timer.start(BLINK_MS)

    def _show(self) -> None:
        if not self.shown:
            self.shown = True
            self.changed.emit()

    @Slot()
    def _toggle(self) -> None:
        if self.shown and time.monotonic() - self._last_life_s > IDLE_AFTER_S:
            self._timer.stop()
            return
        self.shown = not self.shown
        self.changed.emit()


def is_blinking(cursor: Cursor | None, *, focused: bool) -> bool:
    """Whether this cursor must blink now."""
    return focused and cursor is not None and cursor.visible and cursor.blinking


_BLINK, _HIDDEN = int(Attribute.BLINK), int(Attribute.HIDDEN)


class TextBlink(QObject):
    """Hides and shows the blinking text of one view, by the clock of cursors; no timer runs without such text.

    Signals:
        changed: the text is to be hidden or shown: all rows must be painted again.
    """

    changed = Signal()

    def __init__(self, surface: Surface, parent: QObject) -> None:
        super().__init__(parent)
        self._surface = surface
        self._blink = CursorBlink(self)
        self._blink.changed.connect(self._change)
        self._is_changing = False
        self._knows_style = False

    def on_painted(self, *, focused: bool) -> None:
        """Rows were painted, perhaps the first ones with blinking text: their styles are not known before."""
        if self._surface.had_blinking_text and not self._knows_style:
            self._knows_style = True
            self.on_frame(focused=focused)

    def on_frame(self, *, focused: bool) -> None:
        """A frame was taken, or the focus has changed."""
        if self._is_changing:
            return
        self._blink.set_blinking(blinking=focused and self._surface.theme.text_blinks and self._is_shown())
        self._blink.note_life()

    def stop(self) -> None:
        """Show the text: the view is hidden."""
        self._is_changing = True  # A hidden view is not painted.
        self._blink.set_blinking(blinking=False)
        self._surface.stop_changing(_without_blinking_text)
        self._is_changing = False

    def _is_shown(self) -> bool:
        """Whether there is blinking text on the screen; without such a style, no row is looked at."""
        surface = self._surface
        return surface.had_blinking_text and any(_blinks(row) for row in surface.rows if row is not None)

    @Slot()
    def _change(self) -> None:
        if self._blink.shown:
            self._surface.stop_changing(_without_blinking_text)
        else:
            self._surface.change_frames(_without_blinking_text)
        if not self._is_changing:
            self._is_changing = True
            self.changed.emit()
            self._is_changing = False


def _blinks(row: Row) -> bool:
    return any(run.style.attributes & _BLINK for run in row.runs)


def _without_blinking_text(_emulator: Emulator, frame: Frame) -> Frame:
    return frame._replace(rows={number: _hidden(row) for number, row in frame.rows.items()})


def _hidden(row: Row) -> Row:
    """A row in which the blinking text is hidden."""
    if not _blinks(row):
        return row
    runs = tuple(
        run._replace(style=run.style._replace(attributes=run.style.attributes | _HIDDEN))
        if run.style.attributes & _BLINK
        else run
        for run in row.runs
    )
    return row._replace(runs=runs)
