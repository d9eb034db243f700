"""The entries of a menu and of its submenus."""

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


def entries_of_open_menu() -> dict[str, QAction]:
    """Close the open menu, and return its entries."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    found = entries(menu)
    menu.close()
    return found
