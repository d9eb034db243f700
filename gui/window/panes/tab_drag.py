"""Drags tabs out of their row: onto a row of tabs, to an edge of a page, or out of all windows.

Chats are dragged from the sidebar to the same targets, but not out of the windows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QDrag, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication
from shiboken6 import Shiboken

from gui.bridge.chat import Chat
from gui.input.dragging import CHATS_MIME
from gui.settings.layout import Place
from gui.settings.pane_tree import Side
from gui.timers import single_shot
from gui.wording import window_texts

from .pane import PaneWidget, move_tab, reopen_tab
from .pane_area import Drop, half_of, point_in, side_at
from .panes import Panes
from .window_tabs import WindowTabs

MIME = "application/x-outlive-tab"

_DropTarget = tuple[Drop, QRect, str]
"""A drop target, the area to colour, and a text for it."""

_MARK_PX = 2


class TabDrag:
    """A running drag of a tab.

    Attributes:
        session_id: the chat of the dragged tab; ``pane``: the pane that has the tab.
        drop_target: the window's part on which the tab was dropped, and the target in it; None for elsewhere.
    """

    current: ClassVar[TabDrag | None] = None

    def __init__(self, pane: PaneWidget, session_id: str) -> None:
        self.pane = pane
        self.session_id = session_id
        self.drop_target: tuple[TabDragging, Drop] | None = None

    def run(self) -> bool:
        """Drag until the mouse button goes up; returns whether the tab was dropped outside of all windows."""
        bar = self.pane.bar
        data = QMimeData()
        data.setData(MIME, self.session_id.encode())
        drag = QDrag(self.pane.window())
        drag.setMimeData(data)
        drag.setPixmap(bar.picture_of(bar.index_of(self.session_id)))
        drag.setHotSpot(QPoint(-8, -8))  # The mark between two tabs stays visible.
        TabDrag.current = self
        escape = _EscapeFilter(drag)
        try:
            drag.exec(Qt.DropAction.MoveAction)
        finally:
            TabDrag.current = None
            is_there = Shiboken.isValid(drag)  # Else the window has ended during the drag.
            if is_there:
                escape.end()
        return is_there and not escape.was_pressed and self.drop_target is None and drag.target() is None


class _EscapeFilter(QObject):
    """Records whether Escape ended a drag: Qt reports the same result for Escape and for a drop outside.

    The drag's own event filter consumes all keys. The filter that was installed last runs first, so this one is
    installed after the drag has started.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.was_pressed = False
        self._begin = single_shot(self)
        self._begin.timeout.connect(lambda: QApplication.instance().installEventFilter(self))  # type: ignore[union-attr] # there is one
        self._begin.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self.was_pressed = True
        return super().eventFilter(watched, event)

    def end(self) -> None:
        """Stop watching."""
        self._begin.stop()
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr] # there is one


class TabDragging(QObject):
    """Drags tabs out of the panes of a window, and accepts tabs and chats that are dropped there.

    Signals:
        torn_off: a tab was dropped outside of all windows (its chat's id, a point of the screen).
    """

    torn_off = Signal(str, QPoint)

    def __init__(
        self,
        tabs: WindowTabs,
        chat_of: Callable[[str], Chat | None],
        take_elsewhere: Callable[[str], Place | None],
    ) -> None:
        """Accept drops on the panes of these tabs.

        Args:
            tabs: the tabs of the window.
            chat_of: returns the chat with this id.
            take_elsewhere: closes a chat's tab in another window that has it, and returns the place that it showed.
        """
        super().__init__(tabs)
        self._tabs, self._panes = tabs, tabs.panes
        self._chat_of = chat_of
        self._take_elsewhere = take_elsewhere
        self._area = tabs.panes.area
        tabs.panes.tab_dragged_out.connect(self._drag_soon)
        self._area.setAcceptDrops(True)
        self._area.installEventFilter(self)

    # ------------------------------------------------------------ out of these panes

    def _drag_soon(self, pane: PaneWidget, session_id: str) -> None:
        """Drag a tab out of its row, once the tab bar has handled the mouse's movement."""
        QTimer.singleShot(0, pane, lambda: self._drag(pane, session_id))

    def _drag(self, pane: PaneWidget, session_id: str) -> None:
        drag = TabDrag(pane, session_id)
        is_outside = drag.run()
        if not Shiboken.isValid(pane) or self._panes.pane(pane.number) is not pane or pane.bar.index_of(session_id) < 0:
            return  # The window has ended, or the chat was removed, during the drag.
        if drag.drop_target is not None:
            target, drop = drag.drop_target
            target.accept_drop(self._panes, pane, session_id, drop)
        elif is_outside and len(self._tabs.ids()) > 1:
            self.torn_off.emit(session_id, QCursor.pos())

    # ------------------------------------------------------------ onto these panes

    def accept_drop(self, owner: Panes, source: PaneWidget, session_id: str, drop: Drop) -> None:
        """Move a dropped tab to its target; the tab may come from these panes or from another window."""
        panes = self._panes
        target = panes.pane(drop.pane)
        if target is None:
            return
        if drop.side is not None and self._moves_whole(source, target):
            panes.move_pane(source, target, drop.side)
            target = source
        elif drop.side is not None:
            target = panes.split_pane(target, drop.side)
        if owner is panes:
            move_tab(session_id, source, target, drop.at)
        else:
            reopen_tab(session_id, source, target, drop.at)
            self._area.window().activateWindow()
        panes.activate_pane(target.number)
        if (page := target.tabs.front) is not None:
            page.focus_content()

    def open_chats(self, chats: Sequence[Chat], drop: Drop) -> None:
        """Open dropped chats at their target, the first one in front; a chat's tab moves there, also from a window."""
        panes = self._panes
        target = panes.pane(drop.pane)
        if target is None:
            return
        if drop.side is not None:
            target = panes.split_pane(target, drop.side)
        at = drop.at
        for chat in chats:
            self._put(chat, target, at)
            if at >= 0:
                at = target.bar.index_of(chat.id) + 1
        target.tabs.activate(chats[0].id)
        self._area.window().activateWindow()
        panes.activate_pane(target.number)
        if (page := target.tabs.front) is not None:
            page.focus_content()

    def _put(self, chat: Chat, target: PaneWidget, at: int) -> None:
        """Move a chat's tab to an index of a row, or open one there; -1 for the row's end, or where the tab is."""
        having = [pane for pane in (target, *self._panes.all()) if pane.bar.index_of(chat.id) >= 0]
        if not having:
            self._tabs.closed.remove(chat.id)
            target.tabs.insert(chat, at, self._take_elsewhere(chat.id))
        elif having[0] is not target or at >= 0:
            move_tab(chat.id, having[0], target, at)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DragLeave:
            self._area.zone.hide()
        elif isinstance(event, QDropEvent) and event.mimeData().hasFormat(MIME):
            self._on_drag(event)
            return True
        elif isinstance(event, QDropEvent) and event.mimeData().hasFormat(CHATS_MIME):
            self._on_chats(event)
            return True
        return super().eventFilter(watched, event)

    def _on_drag(self, event: QDropEvent) -> None:
        """Show the drop target of a dragged tab, or store it if the tab was dropped."""
        drag = TabDrag.current
        found = self._drop_at(event.position().toPoint(), drag) if drag is not None else None
        drop = self._dropped(event, found)
        if drag is not None and drop is not None:
            drag.drop_target = self, drop
        elif found is None and isinstance(event, QDragMoveEvent):  # Else Qt would report a drop outside of all windows.
            event.accept()

    def _on_chats(self, event: QDropEvent) -> None:
        """Show the drop target of chats from the sidebar, or open them there once the drag has ended."""
        ids = bytes(event.mimeData().data(CHATS_MIME).data()).decode().split("\n")
        chats = [chat for chat in map(self._chat_of, ids) if chat is not None]
        found = self._drop_at(event.position().toPoint(), None, [chat.id for chat in chats])
        is_ours = event.source() is not None and bool(chats)  # Without a source, it is another process's drag.
        if (drop := self._dropped(event, found if is_ours else None)) is not None:
            QTimer.singleShot(0, self, lambda: self.open_chats(chats, drop))

    def _dropped(self, event: QDropEvent, found: _DropTarget | None) -> Drop | None:
        """Take an event of a drag, and show where a drop would go; returns the target if this is the drop.

        Args:
            event: the event; it is ignored without a target.
            found: the target under the pointer; None for none.
        """
        zone = self._area.zone
        is_move = isinstance(event, QDragMoveEvent)
        if found is None or not is_move:
            zone.hide()
        if found is None:
            event.ignore()
            return None
        drop, area, text = found
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        if is_move:
            zone.show_at(area, text)
        return None if is_move else drop

    def _drop_at(self, point: QPoint, drag: TabDrag | None, chats: Sequence[str] = ()) -> _DropTarget | None:
        """The drop target at a point, the area to colour, and a text for it; None if a drop would change nothing.

        Args:
            point: a point of the area of the panes.
            drag: the drag of a tab; None for chats from the sidebar.
            chats: the ids of these chats.
        """
        for pane in self._panes.all():
            if not pane.isVisible() or not pane.geometry().contains(point):
                continue
            page = QRect(point_in(self._area, pane.stack), pane.stack.size())
            is_own = drag is not None and pane is drag.pane
            if not page.contains(point):
                return self._between_tabs(pane, point)
            stays = not set(pane.bar.ids()) <= set(chats)  # A pane that loses all its tabs would go.
            side = side_at(point, page) if pane.bar.count() and stays else None
            if is_own and (side is None or pane.bar.count() < 2):
                return None
            if side is not None and not self._can_split(pane, side, drag):
                text = window_texts.too_small_to_split(is_row=side in {"left", "right"})
                at = pane.bar.index_of(drag.session_id) if drag is not None else -1
                return Drop(pane.number, None, at), page, text
            return Drop(pane.number, side), half_of(page, side), ""
        return None

    def _can_split(self, pane: PaneWidget, side: Side, drag: TabDrag | None) -> bool:
        """Whether there is room for a split, or for the pane of the tab if the tab is its only one."""
        moving = drag.pane.number if drag is not None and self._moves_whole(drag.pane, pane) else None
        return self._area.can_split(pane.number, side, moving)

    def _moves_whole(self, source: PaneWidget, target: PaneWidget) -> bool:
        """Whether a pane of this window moves to an edge of another one with its only tab."""
        return self._panes.pane(source.number) is source is not target and source.bar.count() == 1

    def _between_tabs(self, pane: PaneWidget, point: QPoint) -> _DropTarget:
        bar, origin = pane.bar, point_in(self._area, pane.bar)
        at_px = point.x() - origin.x()
        index = sum(bar.tabRect(each).center().x() < at_px for each in range(bar.count()))
        edge_px = bar.tabRect(index - 1).right() if index else 0
        mark = QRect(origin.x() + min(edge_px, bar.width() - _MARK_PX), origin.y(), _MARK_PX, bar.height())
        return Drop(pane.number, None, index), mark, ""
