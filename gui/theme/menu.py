"""Menus and lists in windows of their own that leave the keyboard to their window.

On X11, Qt has the server send all keys to an open popup's own window. Keys that the user types ahead, while this
process is busy, still go there when the popup is closed, and are lost. So this is undone: the keys go to the window
that has the keyboard, and Qt passes them on to its popup while that is open. The popup closes when another program's
window gets the keyboard.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QHelpEvent, QShowEvent, QWindow
from PySide6.QtWidgets import QMenu, QWidget

from gui.theme.tooltips import hide_others


class LeavesKeyboard(QObject):
    """Leaves the keyboard to the window of a popup; as an event filter of the popup, each time it is shown."""

    def __init__(self, popup: QWidget, close: Callable[[], object]) -> None:
        """Filter the events of a popup.

        Args:
            popup: the window to which Qt gives the keyboard.
            close: closes the popup.
        """
        super().__init__(popup)
        self._popup, self._close = popup, close

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and watched is self._popup:
            self.on_shown()
        return False

    def on_shown(self) -> None:
        """Leave the keyboard; the popup gets its event that shows it."""
        if QGuiApplication.platformName() == "xcb" and QGuiApplication.focusWindow() is not None:
            QTimer.singleShot(0, self, self._leave)  # Qt takes it after the event that shows the popup.

    def _leave(self) -> None:
        handle = self._popup.windowHandle()
        if self._popup.isVisible() and handle is not None:
            handle.setKeyboardGrabEnabled(False)
            application = QGuiApplication.instance()
            assert isinstance(application, QGuiApplication)
            application.focusWindowChanged.connect(self._on_focus, Qt.ConnectionType.UniqueConnection)

    def _on_focus(self, window: QWindow | None) -> None:
        if window is None and self._popup.isVisible():
            self._close()


class Menu(QMenu):
    """A menu of a window; it leaves the keyboard to the window."""

    _keyboard: LeavesKeyboard | None = None

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and (action := self.actionAt(event.pos())) is not None:
            hide_others(action.toolTip(), self)
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._keyboard is None:
            self._keyboard = LeavesKeyboard(self, self.close)
        self._keyboard.on_shown()
