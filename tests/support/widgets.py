"""Menus, their entries, and the mouse over a widget."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QStyleOptionMenuItem, QWidget


def entries(menu: QMenu) -> dict[str, QAction]:
    """The entries by their texts, with those of submenus."""
    found: dict[str, QAction] = {}
    for action in menu.actions():
        if isinstance(submenu := action.menu(), QMenu):
            found |= entries(submenu)
        elif not action.isSeparator():
            found[action.text()] = action
    return found


def shown_letters(menu: QMenu) -> list[str]:
    """The letters that a menu underlines, "" for an entry without one."""
    found = []
    for action in menu.actions():
        if action.isVisible() and not action.isSeparator():
            option = QStyleOptionMenuItem()
            menu.initStyleOption(option, action)
            found.append(QKeySequence.mnemonic(option.text).toString())
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
