"""The input method of one view: text that is composed at the cursor and sent once it is committed."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QRegion

from gui.input.composing import Composition, is_of_a_shortcut
from gui.input.earlier_keys import deliver_earlier_keys
from gui.terminal.drawing.surface import Surface

CURSOR_MOVED = Qt.InputMethodQuery.ImCursorRectangle | Qt.InputMethodQuery.ImSurroundingText
"""The values that Qt asks for again when the cursor has moved. On Wayland (Qt 6.11, text-input-v3), Qt passes a new
rectangle on only if it is also told to ask for the text around the cursor, of which a terminal has none.
"""


class ComposingOwner(Protocol):
    """The widget, as the input method uses it."""

    @property
    def takes_text(self) -> bool:
        """Whether composed text goes to the program."""

    def commit(self, text: str) -> None:
        """Send a committed text to the program."""

    def repaint_device(self, region: QRegion) -> None:
        """Repaint a region given in device pixels."""

    def updateMicroFocus(self, query: Qt.InputMethodQuery = ...) -> None:
        """See ``QWidget``."""


class InputMethod:
    """Composes text in one view."""

    def __init__(self, owner: ComposingOwner, surface: Surface) -> None:
        self._owner = owner
        self._surface = surface
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
        self._surface.composing = ()
        self._owner.updateMicroFocus()

    def apply(self, event: QInputMethodEvent) -> None:
        """Show the composed text, and send what is committed."""
        if event.commitString():
            deliver_earlier_keys()
        if is_of_a_shortcut(event, self._composition.text):
            return
        before = self._surface.cursor_rect()
        committed = self._composition.apply_event(event) if self._owner.takes_text else ""
        self._surface.composing = self._composition.runs()
        self._owner.repaint_device(QRegion(before.united(self._surface.cursor_rect())))
        if committed:
            self._owner.commit(committed)
        self._owner.updateMicroFocus(CURSOR_MOVED)  # moves the list of candidates
        event.accept()

    def answer(self, query: Qt.InputMethodQuery) -> Any:
        """The answer to a query of the input method; None for Qt's default answer."""
        if query == Qt.InputMethodQuery.ImEnabled:
            return self._owner.takes_text
        if query == Qt.InputMethodQuery.ImHints:
            return Qt.InputMethodHint.ImhNoAutoUppercase | Qt.InputMethodHint.ImhNoPredictiveText
        return None
