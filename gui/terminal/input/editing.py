"""Copy, paste and select all in one view, as its keys, its menu and the window's actions ask for it."""

from __future__ import annotations

from PySide6.QtCore import QMimeData

from gui.clipboard import reading
from gui.terminal.display import TerminalDisplay

from .clipboard import Pasting, copy_text
from .selection import Selection


class Editing:
    """Copies, pastes and selects in one view."""

    def __init__(self, display: TerminalDisplay, selection: Selection, pasting: Pasting) -> None:
        self._display, self._selection, self._pasting = display, selection, pasting

    def copy(self) -> None:
        """Put the selected text on the clipboard; the selection stays. Output may just have cleared it."""
        copy_text(self._selection.text)

    def paste(self) -> None:
        """Paste the clipboard: a text, the names of files, or the name of a file with the image."""
        reading.read(self._display.widget, "clipboard", self._pasting.paste_data)

    def paste_primary(self) -> None:
        """Paste the primary selection."""
        reading.read(self._display.widget, "selection", lambda data: self._pasting.paste(data.text()))

    def paste_primary_or_clipboard(self) -> None:
        """Paste the primary selection; the clipboard, if nothing is selected or the window system has no selection."""

        def paste(selected: QMimeData) -> None:
            if text := selected.text():
                self._pasting.paste(text)
            else:
                self.paste()

        reading.read(self._display.widget, "selection", paste)

    def select_all(self) -> None:
        """Select the history and the screen."""
        if (emulator := self._display.emulator) is not None:
            emulator.select_all()
            self._selection.note()
            self._selection.offer()
            self._display.request_frame()
