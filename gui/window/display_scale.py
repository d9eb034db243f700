"""Follows a change of a display's scale on Wayland.

Qt (6.10, 6.11) reads the scale when a window comes to another display. When the display's own scale changes, it draws
at the new scale, but does not say so to a compositor that has neither fractional scales nor version 6 of wl_compositor,
as sway and GNOME in Debian 12: the window is drawn twice as large, or half as large.
"""

from __future__ import annotations

import ctypes

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication


def follow_display_scale(application: QApplication) -> None:
    """Update all windows when the scale of a display changes."""
    if QGuiApplication.platformName() != "wayland":
        return
    for screen in application.screens():
        _follow(screen)
    application.screenAdded.connect(_follow)


def _follow(screen: QScreen) -> None:
    # The scale changes the display's size, as windows see it.
    screen.geometryChanged.connect(update_scales)


def update_scales() -> None:
    """Let each window read its display's scale: Qt tells the compositor, and paints anew, if it differs.

    Qt's own function does that; Qt calls it when a window changes its display, and exports it to its plugins alone.
    """
    library = ctypes.CDLL("libQt6WaylandClient.so.6")  # Qt has loaded it.
    try:
        window_of = library._ZN15QtWaylandClient14QWaylandWindow13fromWlSurfaceEP10wl_surface  # noqa: SLF001
        update_scale = library._ZN15QtWaylandClient14QWaylandWindow11updateScaleEv  # noqa: SLF001
    except AttributeError:  # another Qt; later ones may do it themselves
        return
    window_of.argtypes, window_of.restype = [ctypes.c_void_p], ctypes.c_void_p
    update_scale.argtypes, update_scale.restype = [ctypes.c_void_p], None
    for widget in QApplication.topLevelWidgets():
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Created):
            surface = widget.windowHandle().winId()  # on Wayland, this is an address; none of a window that was hidden
            if surface and (window := window_of(surface)):
                update_scale(window)
