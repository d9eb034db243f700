"""Menus that leave the keyboard to their window."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QShowEvent, QWindow
from PySide6.QtWidgets import QMenu


class Menu(QMenu):
    """A menu of a window.

    On X11, Qt has the server send all keys to an open menu's own window. Keys that the user types ahead, while this
    process is busy, still go there when the menu is closed, and are lost. So this is undone: the keys go to the window
    that has the keyboard, and Qt passes them on to its menu while that is open. The menu closes when another program's
    window gets the keyboard.
    """

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if QGuiApplication.platformName() == "xcb" and QGuiApplication.focusWindow() is not None:
            QTimer.singleShot(0, self, self._leave_keyboard)  # Qt takes it after this event.

    def _leave_keyboard(self) -> None:
        handle = self.windowHandle()
        if self.isVisible() and handle is not None:
            handle.setKeyboardGrabEnabled(False)
            application = QGuiApplication.instance()
            assert isinstance(application, QGuiApplication)
            application.focusWindowChanged.connect(self._on_focus, Qt.ConnectionType.UniqueConnection)

    def _on_focus(self, window: QWindow | None) -> None:
        if window is None:
            self.close()
