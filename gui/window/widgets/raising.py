"""Raises a window that the user asked for from outside it, as by a click in the tray."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

GRANT_MS = 300
"""Window managers answer within a few milliseconds; the user waits this long only where one refuses."""


def raise_window(window: QWidget) -> None:
    """Show a window in front, with the keyboard.

    On X11, a window manager may refuse the focus to a window on another desktop, and leave the window there. Then the
    window is hidden and shown again, which moves it to the visible desktop. Qt may report such a window as minimized,
    since both are "iconic" on X11.
    """
    was_visible = window.isVisible()
    if window.isMinimized():
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    _to_the_front(window)
    if was_visible and QGuiApplication.platformName() == "xcb":
        QTimer.singleShot(GRANT_MS, window, lambda: _bring_here(window))


def _to_the_front(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()


def _bring_here(window: QWidget) -> None:
    if window.isVisible() and not window.isMinimized() and not window.windowHandle().isExposed():
        window.hide()
        _to_the_front(window)
