"""The menus of the parts of a window without a chat: in the sidebar, and beside the tabs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint

from gui.window.actions.actions import Actions
from gui.window.sidebar.sidebar import ViewOptions
from gui.wording import sheet_texts


def show_in_sidebar(
    actions: Actions, options: ViewOptions, remove_ended: Callable[[], object] | None, point: QPoint
) -> None:
    """Show the sidebar's own menu at a point of the screen; ``remove_ended`` is None if no chat has ended."""
    menu = actions.new_menu()
    actions.fill(menu, ("new_chat", ""))
    options.fill(menu)
    actions.fill(menu, ("", "sidebar"))
    if remove_ended is not None:
        menu.addSeparator()
        menu.addAction(sheet_texts.REMOVE_ENDED(), remove_ended)
    menu.popup(point)


def show_beside_tabs(actions: Actions, point: QPoint) -> None:
    """Show the menu of a row of tabs at a point of the screen."""
    menu = actions.new_menu()
    actions.fill(menu, ("new_chat", "new_shell", "", "reopen_tab"))
    menu.popup(point)
