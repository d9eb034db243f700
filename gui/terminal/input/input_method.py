"""The input method of one view: text that is composed at the cursor and sent once it is committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QRegion

from gui.input.composing import Composition, is_of_a_shortcut
from gui.qt_symbols import deliver_window_events
from gui.terminal.display import CURSOR_MOVED, TerminalDisplay
from gui.terminal.links.link_pointer import LinkPointer

from .recipients import Recipients


class InputMethod:
    """Composes text in one view."""

    def __init__(
        self, display: TerminalDisplay, recipients: Recipients, links: LinkPointer, takes_text: Callable[[], bool]
    ) -> None:
        """``takes_text`` tells whether composed text goes to the program."""
        self._display = display
        self._recipients = recipients
        self._links = links
        self._takes_text = takes_text
        self._composition = Composition()

    @property
    def composed_text(self) -> str:
        """The uncommitted text, "" for none."""
        return self._composition.text

    def cancel(self) -> None:
        """Cancel the composition, and make Qt ask again whether the view accepts text.

        Qt asks when the view gets the keyboard focus; a new tab gets the focus before its session exists.
        """
        if self._composition.text:
            QGuiApplication.inputMethod().reset()
        self._composition.clear()
        self._display.surface.composing = ()
        self._display.widget.updateMicroFocus()

    def apply(self, event: QInputMethodEvent) -> None:
        """Show the composed text, and send what is committed."""
        if event.commitString():
            deliver_window_events()
        if is_of_a_shortcut(event, self._composition.text):
            return
        before = self._display.surface.cursor_rect()
        committed = self._composition.apply_event(event) if self._takes_text() else ""
        self._display.surface.composing = self._composition.runs()
        self._display.repaint_device(QRegion(before.united(self._display.surface.cursor_rect())))
        if committed:
            self.commit(committed)
        self._display.widget.updateMicroFocus(CURSOR_MOVED)  # moves the list of candidates
        event.accept()

    def commit(self, text: str) -> None:
        """Send a composed text to the program."""
        if (receiver := self._recipients.input) is not None:
            receiver.text(text)
            self._links.hide_cursor()
            self._recipients.note_typed()

    def answer(self, query: Qt.InputMethodQuery) -> Any:
        """The answer to a query of the input method; None for Qt's default answer."""
        if query == Qt.InputMethodQuery.ImEnabled:
            return self._takes_text()
        if query == Qt.InputMethodQuery.ImHints:
            return Qt.InputMethodHint.ImhNoAutoUppercase | Qt.InputMethodHint.ImhNoPredictiveText
        return None
