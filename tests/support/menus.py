"""The open menu, and the entries of a menu and of its submenus."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu


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
