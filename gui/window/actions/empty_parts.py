"""The menus of the parts of a window without a chat: in the sidebar, and beside the tabs."""

from __future__ import annotations

from PySide6.QtCore import QPoint

from gui.window.actions.actions import Actions
from gui.window.sidebar.view_options import ViewOptions


def show_in_sidebar(actions: Actions, options: ViewOptions, point: QPoint) -> None:
    """Show the sidebar's own menu at a point of the screen."""
    menu = actions.new_menu()
    actions.fill(menu, ("new_chat", ""))
    options.fill(menu)
    actions.fill(menu, ("", "sidebar"))
    menu.popup(point)


def show_beside_tabs(actions: Actions, point: QPoint) -> None:
    """Show the menu of a row of tabs at a point of the screen."""
    menu = actions.new_menu()
    actions.fill(menu, ("new_chat", "new_shell", "", "reopen_tab"))
    menu.popup(point)
