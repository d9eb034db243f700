"""Follows a change of a display's scale on Wayland.

Qt (6.11) does not tell a window of it where the compositor supports neither fractional scales nor version 6 of
wl_compositor, as in Debian 12. The window then gets a new, black picture, in which Qt paints only what changes.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication

_FIXED_SIZES = Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen
"""The compositor sizes such a window anew by itself."""


def follow_display_scale(application: QApplication) -> None:
    """Paint all windows when the scale of a display changes."""
    if QGuiApplication.platformName() != "wayland":
        return
    for screen in application.screens():
        _follow(screen)
    application.screenAdded.connect(_follow)


def _follow(screen: QScreen) -> None:
    # The scale changes the display's size, as windows see it.
    screen.geometryChanged.connect(paint_windows)


def paint_windows() -> None:
    """Paint all windows; Qt reads the display's scale when a window's size changes."""
    for window in QApplication.topLevelWidgets():
        if not window.isVisible() or window.windowType() == Qt.WindowType.ToolTip:
            continue
        handle = window.windowHandle()
        if not handle.windowStates() & _FIXED_SIZES:
            size = handle.size()
            handle.resize(size.width(), size.height() + 1)
            handle.resize(size)
        window.update()
