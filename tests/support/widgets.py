"""Menus, their entries, and the mouse over a widget."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget


def entries(menu: QMenu) -> dict[str, QAction]:
    """The entries by their texts, with those of submenus."""
    found: dict[str, QAction] = {}
    for action in menu.actions():
        if isinstance(submenu := action.menu(), QMenu):
            found |= entries(submenu)
        elif not action.isSeparator():
            found[action.text()] = action
    return found


def open_menu() -> QMenu:
    """The menu that is open."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def entries_of_open_menu() -> dict[str, QAction]:
    """Close the open menu, and return its entries."""
    menu = open_menu()
    found = entries(menu)
    menu.close()
    return found


LEFT = Qt.MouseButton.LeftButton


def move_held(widget: QWidget, place: QPoint) -> None:
    """Move the mouse to a position in a widget, with the left button held."""
    there, none = QPointF(place), Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, there, widget.mapToGlobal(there), none, LEFT, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)
