"""Follows a change of a display's scale on Wayland."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication

from gui.qt_symbols import update_scale


def follow_display_scale(application: QApplication) -> None:
    """Update all windows when the scale of a display changes."""
    if QGuiApplication.platformName() != "wayland":
        return
    for screen in application.screens():
        _follow(screen)
    application.screenAdded.connect(_follow)


def _follow(screen: QScreen) -> None:
    # The scale changes the display's size, as windows see it.
    screen.geometryChanged.connect(_update_scales)


def _update_scales() -> None:
    for widget in QApplication.topLevelWidgets():
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Created):
            update_scale(widget.windowHandle())
