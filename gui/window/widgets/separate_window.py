"""A window without chats, which is deleted when it is closed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QWidget

from gui.garbage import delete
from gui.input import latin_keys

from .activation import ActivatingClicks, raise_window, watch_exposure


class SeparateWindow(QWidget):
    """The window; it is deleted when it is closed.

    Signals:
        closed: the window is closed, and about to be deleted.
    """

    closed = Signal()

    def __init__(self, name: str, *, size: QSize, min_size: QSize) -> None:
        """Make the window without content; ``name``: for screen readers, sizes in logical pixels."""
        super().__init__(None, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("area", "page")
        self.setAccessibleName(name)
        self.setMinimumSize(min_size)
        self.resize(size)
        self._usual_size = size
        self._clicks = ActivatingClicks(self)

    def sizeHint(self) -> QSize:
        return self._usual_size

    def start(self) -> None:
        """Show the window in front."""
        raise_window(self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        watch_exposure(self, event)
        self._clicks.watch()
        latin_keys.watch(self.windowHandle())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape or event.matches(QKeySequence.StandardKey.Close):
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()
        delete(self)
