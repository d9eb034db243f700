"""Text that blinks (SGR 5 and 6): hidden in every second interval, while the view has the keyboard focus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from session_host.terminal.base import Emulator, Frame
from session_host.terminal.rows import Attribute, Row

from .cursor import CursorBlink
from .surface import Surface

_BLINK, _HIDDEN = int(Attribute.BLINK), int(Attribute.HIDDEN)


class TextBlink(QObject):
    """Hides and shows the blinking text of one view, by the clock of cursors; no timer runs without such text."""

    def __init__(self, surface: Surface, repaint: Callable[[], None], parent: QObject) -> None:
        """``repaint`` paints all rows again."""
        super().__init__(parent)
        self._surface, self._repaint = surface, repaint
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

    def _change(self) -> None:
        if self._blink.shown:
            self._surface.stop_changing(_without_blinking_text)
        else:
            self._surface.change_frames(_without_blinking_text)
        if not self._is_changing:
            self._is_changing = True
            self._repaint()
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
