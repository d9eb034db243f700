"""A tab that is dragged out of its row: onto a row of tabs, to an edge of a page, or out of all windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QDrag, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication

from gui.window.panes.drop_zone import Drop, half_of, side_at
from gui.window.panes.pane import PaneWidget
from gui.window.panes.pane_area import PaneArea, point_in

if TYPE_CHECKING:
    from gui.window.panes.panes import Panes

MIME = "application/x-outlive-tab"
_MARK_PX = 2


class TabDrag:
    """A running drag of a tab.

    Attributes:
        session_id: the chat of the dragged tab; ``pane``: the pane that has the tab.
        landed: the panes of the window in which the tab was dropped, and the place; None if it was dropped elsewhere.
    """

    current: ClassVar[TabDrag | None] = None

    def __init__(self, pane: PaneWidget, session_id: str) -> None:
        self.pane = pane
        self.session_id = session_id
        self.drop_target: tuple[Panes, Drop] | None = None

    def run(self) -> bool:
        """Drag until the mouse button goes up; returns whether the tab was dropped outside of all windows."""
        bar = self.pane.bar
        data = QMimeData()
        data.setData(MIME, self.session_id.encode())
        drag = QDrag(self.pane.window())
        drag.setMimeData(data)
        drag.setPixmap(bar.grab(bar.tabRect(bar.index_of(self.session_id))))
        drag.setHotSpot(QPoint(-8, -8))  # The mark between two tabs stays visible.
        TabDrag.current = self
        escape = _EscapeFilter(drag)
        try:
            drag.exec(Qt.DropAction.MoveAction)
        finally:
            TabDrag.current = None
            escape.end()
        return not escape.was_pressed and self.drop_target is None and drag.target() is None


class _EscapeFilter(QObject):
    """Records whether Escape ended a drag: Qt reports the same result for Escape and for a drop outside.

    The drag's own event filter consumes all keys. The filter that was installed last runs first, so this one is
    installed after the drag has started.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.was_pressed = False
        self._begin = QTimer(self, singleShot=True, interval=0)
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


class TabDrops(QObject):
    """Handles tabs that are dragged over the panes of a window and dropped there."""

    def __init__(self, owner: Panes, area: PaneArea, panes: Mapping[int, PaneWidget]) -> None:
        super().__init__(area)
        self._owner = owner
        self._area = area
        self._panes = panes
        area.setAcceptDrops(True)
        area.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DragLeave:
            self._area.zone.hide()
        elif isinstance(event, QDropEvent) and event.mimeData().hasFormat(MIME):
            self._on_drag(event)
            return True
        return super().eventFilter(watched, event)

    def _on_drag(self, event: QDropEvent) -> None:
        """Show the drop target of a dragged tab, or store it if the tab was dropped."""
        drag = TabDrag.current
        found = self._drop_at(event.position().toPoint(), drag) if drag is not None else None
        if drag is None or found is None:
            self._area.zone.hide()
            event.ignore()
            if isinstance(event, QDragMoveEvent):  # Else Qt would report a drop outside of all windows.
                event.accept()
            return
        drop, zone = found
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        if isinstance(event, QDragMoveEvent):
            self._area.zone.show_at(zone)
        else:
            self._area.zone.hide()
            drag.drop_target = self._owner, drop

    def _drop_at(self, point: QPoint, drag: TabDrag) -> tuple[Drop, QRect] | None:
        """The drop target at a point, and the area to colour; None if a drop would change nothing."""
        for number, pane in self._panes.items():
            if not pane.isVisible() or not pane.geometry().contains(point):
                continue
            page = QRect(point_in(self._area, pane.stack), pane.stack.size())
            is_own = pane is drag.pane
            if not page.contains(point):
                return self._between_tabs(pane, point)
            side = side_at(point, page)
            if is_own and (side is None or pane.bar.count() < 2):
                return None
            return Drop(number, side), half_of(page, side)
        return None

    def _between_tabs(self, pane: PaneWidget, point: QPoint) -> tuple[Drop, QRect]:
        bar, origin = pane.bar, point_in(self._area, pane.bar)
        at_px = point.x() - origin.x()
        index = sum(bar.tabRect(each).center().x() < at_px for each in range(bar.count()))
        edge_px = bar.tabRect(index - 1).right() if index else 0
        mark = QRect(origin.x() + min(edge_px, bar.width() - _MARK_PX), origin.y(), _MARK_PX, bar.height())
        return Drop(pane.number, None, index), mark
