"""The button beside tabs that do not all fit."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt

from gui.theme.icons import Glyph
from gui.theme.menu import temporary_menu
from gui.theme.theme import Theme
from gui.window.tabs.tab_bar import TabBar
from gui.window.widgets.parts import IconButton
from gui.wording import window_texts


class OverflowButton(IconButton):
    """Lists all open chats, when not all tabs can be seen."""

    def __init__(self, theme: Theme, bar: TabBar) -> None:
        super().__init__(theme, Glyph.EXPANDED, window_texts.ALL_OPEN_CHATS(), self.show_list)
        self._bar = bar
        self.hide()
        # The signal comes while the row is laid out; what is shown then gets the place of its neighbour.
        bar.crowded.connect(self.setVisible, Qt.ConnectionType.QueuedConnection)

    def show_list(self) -> None:
        """Show the list below the button; the chat that is shown is marked."""
        menu, bar = temporary_menu(self), self._bar
        for index in range(bar.count()):
            action = menu.addAction(bar.tabIcon(index), bar.tabText(index), partial(bar.setCurrentIndex, index))
            font = action.font()
            font.setBold(index == bar.currentIndex())
            action.setFont(font)
        point = self.mapToGlobal(self.rect().bottomRight())
        point.setX(point.x() - menu.sizeHint().width())
        menu.popup(point)
