"""The row that the user has just opened: the page has the keyboard then, but the next key may still be for the row."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid


class OpenedRow(QObject):
    """Gives the row the first key after it was opened, if the row has such a key.

    Any other key, a click or a change of the focus ends this.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._run_key: Callable[[QKeyEvent], bool] = lambda _event: False
        self._watched: list[QObject] = []

    def begin(self, window: QWidget, run_key: Callable[[QKeyEvent], bool]) -> None:
        """Begin, now that the row's page has the keyboard of this window.

        Args:
            window: the window.
            run_key: runs a key for the row, and returns whether the row has such a key.
        """
        self._end()
        self._run_key = run_key
        # A click anywhere comes to the window's handle, a change of the focus to the widget.
        self._watched = [window.windowHandle(), window.focusWidget()]
        for each in self._watched:
            each.installEventFilter(self)

    def _end(self) -> None:
        for each in self._watched:
            if isValid(each):
                each.removeEventFilter(self)
        self._watched = []

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        match event.type():
            case QEvent.Type.KeyPress:
                assert isinstance(event, QKeyEvent)
                self._end()
                return self._run_key(event)
            case QEvent.Type.InputMethod:
                assert isinstance(event, QInputMethodEvent)
                if event.commitString() or event.preeditString():  # Input methods also send empty ones.
                    self._end()
            case QEvent.Type.MouseButtonPress | QEvent.Type.FocusOut:
                self._end()
        return False
