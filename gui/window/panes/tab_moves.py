"""Moves tabs between panes, and between windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCursor

from gui.window.panes.drop_zone import Drop
from gui.window.panes.pane import PaneWidget
from gui.window.panes.tab_drag import TabDrag

if TYPE_CHECKING:
    from gui.window.panes.panes import Panes


class TabMoves:
    """Moves the tabs of one window's panes."""

    def __init__(self, panes: Panes) -> None:
        self._panes = panes

    def move(self, session_id: str, source: PaneWidget, target: PaneWidget, at: int = -1) -> None:
        """Move a tab with its page to another pane, or within its row; it comes to the front there."""
        if source is target:
            index = source.bar.index_of(session_id)
            source.bar.moveTab(index, at - (at > index) if at >= 0 else source.bar.count() - 1)
        elif target.bar.index_of(session_id) >= 0:
            source.tabs.close(session_id)
            target.tabs.activate(session_id)
        elif source.tabs.page_of(session_id) is not None:
            source.tabs.move_page(session_id, target.tabs, at)
        else:
            self._copy(session_id, source, target, at)
            source.tabs.close(session_id)

    @staticmethod
    def _copy(session_id: str, source: PaneWidget, target: PaneWidget, at: int) -> None:
        """Open a pane's tab in another one, at the same scroll position."""
        chat = next((chat for chat in source.tabs.chats() if chat.id == session_id), None)
        if chat is not None:
            target.tabs.insert(chat, at, source.tabs.scroll_position_of(session_id))
            target.tabs.activate(session_id)

    def drag_soon(self, pane: PaneWidget, session_id: str) -> None:
        """Drag a tab out of its row, once the tab bar has handled the mouse's movement."""
        QTimer.singleShot(0, pane, lambda: self._drag(pane, session_id))

    def _drag(self, pane: PaneWidget, session_id: str) -> None:
        drag = TabDrag(pane, session_id)
        is_outside = drag.run()
        if self._panes.pane(pane.number) is not pane or pane.bar.index_of(session_id) < 0:
            return  # The chat was removed during the drag.
        if drag.drop_target is not None:
            panes, drop = drag.drop_target
            panes.moves.accept_drop(self._panes, pane, session_id, drop)
        elif is_outside and len(self._panes.ids()) > 1:
            self._panes.torn_off.emit(session_id, QCursor.pos())

    def accept_drop(self, owner: Panes, source: PaneWidget, session_id: str, drop: Drop) -> None:
        """Move a dropped tab to its target; the tab may come from these panes or from another window."""
        panes = self._panes
        target = panes.pane(drop.pane)
        if target is None:
            return
        if drop.side is not None:
            target = panes.split_pane(target, drop.side)
        if owner is panes:
            self.move(session_id, source, target, drop.at)
        else:
            self._copy(session_id, source, target, drop.at)
            source.tabs.close(session_id)
            panes.area.window().activateWindow()
        panes.activate_pane(target.number)
        if (page := panes.active_page) is not None:
            page.focus_content()
