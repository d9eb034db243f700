"""Keeps the text that an input method composes in the field in which it was begun.

Qt lets the input method compose on in the next field if the previous one is hidden, and on Wayland always: a text for
one chat would go to another one. As Qt does at other changes of the keyboard focus, the text is committed.

On Wayland, Qt (6.11) does not begin anew with the compositor for another field of the same window, either
(text-input-v3: disable and enable). So the candidates would be where the previous field's cursor was.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QInputMethodQueryEvent
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget
from shiboken6 import isValid

from gui.terminal.view import TerminalView

_ENABLED = Qt.InputMethodQuery.ImEnabled


class FieldChanges(QObject):
    """Ends the composition of each field that loses the keyboard focus, and begins anew with the next one."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        application.focusChanged.connect(self._on_focus)

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        method = QGuiApplication.inputMethod()
        if old is not None and isValid(old):  # else it is being deleted
            event = QInputMethodEvent()
            event.setCommitString(_composed(old))
            QApplication.sendEvent(old, event)
            method.reset()
        if new is not None and QGuiApplication.platformName() == "wayland":
            new.installEventFilter(self)
            method.update(_ENABLED)
            new.removeEventFilter(self)
            method.update(_ENABLED)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Let a field say that it takes no text."""
        if isinstance(event, QInputMethodQueryEvent) and event.queries() & _ENABLED:
            event.setValue(_ENABLED, False)
            return True
        return False


def _composed(field: QWidget) -> str:
    """The text that is composed in a field. Of a field with one line, Qt does not tell it: there it is dropped."""
    if isinstance(field, TerminalView):
        return field.input_method.composed_text
    return field.textCursor().block().layout().preeditAreaText() if isinstance(field, QPlainTextEdit) else ""
