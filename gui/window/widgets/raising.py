"""Raises a window that the user asked for from outside it, as by a click in the tray."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

GRANT_MS = 300
"""Window managers answer within a few milliseconds; the user waits this long only where one refuses."""

_WAS_EXPOSED = "wasExposed"
"""Property of a window: it has been on the screen since it was last shown."""


class _ExposureWatch(QObject):
    """Notes that a window is on the screen, and stops watching."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        window.windowHandle().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        handle = self._window.windowHandle()
        if event.type() == QEvent.Type.Expose and handle.isExposed():
            self._window.setProperty(_WAS_EXPOSED, True)
            handle.removeEventFilter(self)
            self.deleteLater()
        return False


def watch_exposure(window: QWidget, event: QShowEvent) -> None:
    """Note when a window is on the screen; for the ``showEvent`` of each window that is raised."""
    if not event.spontaneous():
        window.setProperty(_WAS_EXPOSED, False)
        _ExposureWatch(window)


def raise_window(window: QWidget) -> None:
    """Show a window in front, with the keyboard.

    On X11, a window manager may refuse the focus to a window on another desktop, and leave the window there. Then the
    window is hidden and shown again, which moves it to the visible desktop. Qt may report such a window as minimized,
    since both are "iconic" on X11. A window that has not been on the screen yet is left alone: the window manager is
    about to show it, and a window that is hidden and shown meanwhile may stay hidden.

    On Wayland, a compositor may refuse the focus silently, as sway does after a command that was typed in a terminal.
    Then the window is marked in the desktop's bar.
    """
    was_visible = window.isVisible()
    if window.isMinimized():
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    _to_the_front(window)
    if was_visible and QGuiApplication.platformName() == "xcb":
        QTimer.singleShot(GRANT_MS, window, lambda: _bring_here(window))
    elif was_visible and QGuiApplication.platformName() == "wayland":
        QTimer.singleShot(GRANT_MS, window, lambda: QApplication.alert(window))  # It does not mark the active window.


def _to_the_front(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()


def _bring_here(window: QWidget) -> None:
    is_shown = window.isVisible() and not window.isMinimized() and bool(window.property(_WAS_EXPOSED))
    if is_shown and not window.windowHandle().isExposed():
        window.hide()
        _to_the_front(window)
