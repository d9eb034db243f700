"""What an input method composes when the keyboard focus goes to another field: it is typed once, and not twice.

Qt lets the input method compose on in the next field if the previous one is hidden, as with another chat's page, and on
Wayland always; the previous field keeps the text, too, which it shows again later.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QTextCharFormat
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget
from shiboken6 import isValid

from gui.terminal.view import TerminalView


class FieldChanges(QObject):
    """Ends the composition in each field that loses the keyboard focus.

    The text is committed where it was begun, as Qt does at most changes of the focus. But on Wayland, Qt (6.10) cannot
    tell an input method that another field of the window has the focus (text-input-v3: disable and enable, which it
    sends for whole windows). There the input method goes on in the next field, so the text is shown there.
    """

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._moved = ""
        """The text on its way to the next field, while the focus changes."""
        application.focusChanged.connect(self._on_focus)

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        method, is_wayland = QGuiApplication.inputMethod(), QGuiApplication.platformName() == "wayland"
        if old is not None and isValid(old):  # else it is being deleted
            event = QInputMethodEvent()
            if composed := _composed(old):
                if is_wayland and old.isActiveWindow():
                    self._moved = composed
                    QTimer.singleShot(0, self, self._forget)
                else:
                    event.setCommitString(composed)
            QApplication.sendEvent(old, event)
            method.reset()
        if new is not None and is_wayland:
            if self._moved and new.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled):
                QApplication.sendEvent(new, _composing(self._moved))
                self._forget()
            method.update(Qt.InputMethodQuery.ImQueryAll)  # Qt has told where the cursor is before it knew.

    def _forget(self) -> None:
        self._moved = ""


def _composing(text: str) -> QInputMethodEvent:
    """The event that shows this uncommitted text."""
    underlined = QTextCharFormat()
    underlined.setFontUnderline(True)
    form = QInputMethodEvent.AttributeType.TextFormat
    return QInputMethodEvent(text, [QInputMethodEvent.Attribute(form, 0, len(text), underlined)])


def _composed(field: QWidget) -> str:
    """The text that is composed in a field. Of a field with one line, Qt does not tell it: there it is dropped."""
    if isinstance(field, TerminalView):
        return field.composed_text
    return field.textCursor().block().layout().preeditAreaText() if isinstance(field, QPlainTextEdit) else ""
