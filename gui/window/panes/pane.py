"""One pane: a row of tabs, and the page in front; tabs move from one pane to another."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from gui.bridge.sessions import Sessions
from gui.theme.controls import set_look
from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import BAR_HEIGHT_PX
from gui.window.widgets.parts import Area, Hairline, IconButton, LazyWidget
from gui.wording import window_texts

from .tab_bar import OVERFLOW_PX, OverflowButton, TabBar
from .tabs import OtherPages, RecentChats, Tabs

NARROW_PX = 140


class PaneWidget(Area):
    """A pane of the window.

    Attributes:
        number: its number in the window's tree of panes.
        bar, overflow: the tabs, and the list of those without room.
        stack: the pages.
        tabs: opens, closes and shows them.
    """

    def __init__(
        self,
        theme: Theme,
        sessions: Sessions,
        others: OtherPages,
        recent: RecentChats,
        number: int,
        maximise: Callable[[], object],
    ) -> None:
        """Make a pane; ``maximise`` shows it alone, or all panes again."""
        super().__init__("page")
        self.number = number
        self._theme = theme
        self._maximise = maximise
        self.bar = TabBar(theme)
        self.overflow = OverflowButton(theme, self.bar)
        self.stack = QStackedWidget()
        self.tabs = Tabs(theme, sessions, others, recent, self.bar, self.stack)
        self._show_all = LazyWidget(self._make_show_all)
        head = Area("sidebar")
        head.setFixedHeight(BAR_HEIGHT_PX - 1)
        self._row = QHBoxLayout(head)
        self._row.setContentsMargins(0, 0, 4, 0)
        self._row.setSpacing(4)
        self._row.addWidget(self.bar, 1)
        self._row.addWidget(self.overflow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(Hairline(theme))
        column.addWidget(self.stack, 1)

    def _make_show_all(self) -> IconButton:
        button = IconButton(self._theme, Glyph.RESTORE_PANE, window_texts.RESTORE_PANE(), self._maximise)
        self._row.insertWidget(2, button)
        return button

    def add_button(self, button: QWidget) -> None:
        """Show a button of the window at the end of the row."""
        self._row.addWidget(button)
        self._row.setContentsMargins(0, 0, 4, 0)

    def show_state(self, *, is_active: bool, is_alone: bool, is_maximised: bool) -> None:
        """Mark the pane with the keyboard among several, and a pane that covers the others."""
        state = "" if is_alone else "active" if is_active else "other"
        set_look(self.bar, "pane", state)
        if is_maximised:
            self._show_all.get().show()
        else:
            self._show_all.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In a pane of a few columns nothing but a part of the tab is seen.
        is_narrow = self.width() < NARROW_PX
        overflow_px = 0 if is_narrow else OVERFLOW_PX
        if self.overflow.width() != overflow_px:
            self.overflow.setFixedWidth(overflow_px)
            self.bar.overflow_px = overflow_px + self._row.spacing()

    def show_empty(self, empty: QWidget) -> None:
        """Show the page of a window without tabs."""
        self.stack.addWidget(empty)
        self.stack.setCurrentWidget(empty)


def move_tab(session_id: str, source: PaneWidget, target: PaneWidget, at: int = -1) -> None:
    """Move a tab with its page to another pane, or within its row; it comes to the front there."""
    if source is target:
        index = source.bar.index_of(session_id)
        source.bar.moveTab(index, at - (at > index) if at >= 0 else source.bar.count() - 1)
    elif target.bar.index_of(session_id) >= 0:
        source.tabs.close(session_id)
        if at >= 0:
            move_tab(session_id, target, target, at)
        target.tabs.activate(session_id)
    elif source.tabs.has_page(session_id):
        source.tabs.move_page(session_id, target.tabs, at)
    else:
        reopen_tab(session_id, source, target, at)


def reopen_tab(session_id: str, source: PaneWidget, target: PaneWidget, at: int = -1) -> None:
    """Open a tab with a new page that shows the same place in another pane, and close it in its own.

    The page of a tab without a chat moves to the other pane, also to one of another window.
    """
    chat = next((chat for chat in source.tabs.chats() if chat.id == session_id), None)
    if chat is not None:
        target.tabs.insert(chat, at, source.tabs.place_of(session_id))
        target.tabs.activate(session_id)
    elif source.tabs.has_page(session_id):
        source.tabs.move_page(session_id, target.tabs, at)
    else:
        target.tabs.insert_other(session_id, at)
        target.tabs.activate(session_id)
    source.tabs.close(session_id)
