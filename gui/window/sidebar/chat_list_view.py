"""The sidebar's list: several rows can be selected, and chats dragged to another place."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from gui.window.sidebar.model import ChatRow, SidebarModel


class ChatListView(QListView):
    """The list; a line shows where dragged chats would go."""

    def __init__(self, model: SidebarModel) -> None:
        super().__init__()
        self._rows = model
        self._drop_row: int | None = None
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(False)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is self:
            event.accept()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)  # It scrolls near the edges.
        if event.source() is not self:
            event.ignore()
            return
        self._drop_row = self._row_at(event.position().toPoint().y())
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        self.viewport().update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._end_drag()

    def dropEvent(self, event: QDropEvent) -> None:
        row = self._row_at(event.position().toPoint().y())
        rows = sorted(index.row() for index in self.selectedIndexes())
        entries = [self._rows.entry(self._rows.index(each)) for each in rows]
        chats = [entry.chat for entry in entries if isinstance(entry, ChatRow)]
        self._end_drag()
        # As a copy: after a move, Qt would remove the rows itself.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._rows.hold(False)
        self._rows.place(chats, row)

    def _end_drag(self) -> None:
        self._drop_row = None
        self.setState(QAbstractItemView.State.NoState)
        self.viewport().update()

    def _row_at(self, y: int) -> int:
        """The insertion row for an item that is dropped at this height."""
        index = self.indexAt(QPoint(8, y))
        if not index.isValid():
            return self._rows.rowCount()
        area = self.visualRect(index)
        return index.row() + (1 if y > area.center().y() else 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._drop_row is None:
            return
        last = self._rows.rowCount() - 1
        row = min(self._drop_row, last)
        area: QRect = self.visualRect(self._rows.index(row))
        y = area.top() if self._drop_row <= last else area.bottom()
        painter = QPainter(self.viewport())
        painter.fillRect(QRect(area.left() + 8, y - 1, area.width() - 16, 2), self.palette().highlight())
        painter.end()
