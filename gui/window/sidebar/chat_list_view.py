"""The sidebar's list: several rows can be selected, and chats dragged to another position or onto a pane."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractItemView, QListView

from gui.input.dragging import CHATS_MIME
from gui.theme.icons import paint_mark
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX, Tokens, font
from gui.timers import single_shot
from gui.wording import window_texts
from session_host.standing.groups import Mark

from .accessible_list import ChatListInterface, ListedEntries
from .entries import ChatRow, Entry, Heading
from .model import Index, SidebarModel

HEIGHT_PX = 28
NAME_PX = 200
"""The room for a name; a longer one is cut in the middle."""
_MARK_PX = 16


def drag_picture(rows: Sequence[ChatRow], tokens: Tokens, ratio: float) -> QPixmap:
    """One chat by its mark and name, several by their number.

    The picture is opaque, and rectangular: without a compositor, the desktop does not blend it with what is below.

    Args:
        rows: the dragged chats, one at least.
        tokens: the theme's colours.
        ratio: pixels of the screen for one of ours.
    """
    is_one = len(rows) == 1
    metrics = QFontMetrics(font())
    text = metrics.elidedText(
        rows[0].name if is_one else window_texts.CHATS_COUNT(n=len(rows)), Qt.TextElideMode.ElideRight, NAME_PX
    )
    left = GAP_S_PX + (_MARK_PX + GAP_S_PX if is_one else 0)
    # A text that just fits is wider than its advance in whole pixels.
    area = QRect(0, 0, left + metrics.horizontalAdvance(text) + 2 + GAP_S_PX, HEIGHT_PX)
    picture = QPixmap(area.size() * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(tokens.color("border"))
    painter = QPainter(picture)
    painter.fillRect(area.adjusted(1, 1, -1, -1), tokens.color("raised"))
    if is_one:
        paint_mark(painter, Mark(rows[0].mark), QPointF(GAP_S_PX + _MARK_PX / 2, HEIGHT_PX / 2), tokens)
    painter.setFont(font())
    painter.setPen(tokens.color("text"))
    painter.drawText(area.adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    painter.end()
    return picture


TYPING_MS = 1000
"""How long after a letter a space belongs to what the user types."""


class ChatListView(QListView):
    """The list; a line shows where dragged chats would go, and letters go to the chat with a name that begins so.

    Signals:
        run_requested: a screen reader does with a row what Enter does.
    """

    run_requested = Signal(QModelIndex)

    def __init__(self, theme: Theme, model: SidebarModel) -> None:
        super().__init__()
        self._theme = theme
        self._rows = model
        self._drop_row: int | None = None
        self._entries = ListedEntries(self, model, self.run_requested.emit)
        self._typing = single_shot(self, TYPING_MS)
        self.setProperty("kind", "chats")
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(False)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)

    def accessible_interface(self) -> ChatListInterface:
        """The list's accessible interface."""
        return ChatListInterface(self, self._entries)

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """Paint the changed rows. Qt would lay out and paint all rows, but few changes of a row change its height."""
        for row in range(first.row(), last.row() + 1):
            index = self._rows.index(row)
            if self._has_other_height(index):
                self.scheduleDelayedItemsLayout()
                return
            self.update(index)

    def _has_other_height(self, index: QModelIndex) -> bool:
        """Whether a row is not as high as the place that it was given."""
        below = index.siblingAtRow(index.row() + 1)
        end = self.visualRect(below).top() if below.isValid() else self.contentsSize().height() - self.verticalOffset()
        return self.visualRect(index).bottom() + 1 != end

    def reveal(self, index: QModelIndex) -> None:
        """Scroll to a chat; to the first one of a group with the group's heading."""
        above = index.siblingAtRow(index.row() - 1)
        if above.isValid() and not isinstance(self._rows.entry(above), ChatRow):
            self.scrollTo(above)
        self.scrollTo(index)

    def is_typed(self, event: QKeyEvent) -> bool:
        """Whether a key belongs to a text: a space that opened a chat would give it the rest of the text."""
        return event.key() == Qt.Key.Key_Space and self._typing.isActive()

    def keyboardSearch(self, search: str) -> None:
        self._typing.start()
        super().keyboardSearch(search)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.is_typed(event):
            self.keyboardSearch(event.text())  # Qt would also select the row.
        else:
            super().keyPressEvent(event)

    def selectAll(self) -> None:
        """Select the chats below the heading of the current row; once they are, those of its group, then all."""
        rows = self._rows
        entries = rows.entries()
        current = self.currentIndex().row()
        for ends in (_is_heading, _is_heading_of_group, _is_none):
            while not any(map(ends, entries[current + 1 :])) and rows.canFetchMore(QModelIndex()):
                rows.fetchMore(QModelIndex())
                entries = rows.entries()
            first = next((row + 1 for row in range(current, -1, -1) if ends(entries[row])), 0)
            end = next((row for row in range(current + 1, len(entries)) if ends(entries[row])), len(entries))
            count = sum(isinstance(entry, ChatRow) for entry in entries[first:end])
            chosen = QItemSelection(rows.index(first), rows.index(end - 1)) if count else QItemSelection()
            if any(not self.selectionModel().isSelected(index) for index in chosen.indexes()):
                self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
                return

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Drag the selected chats; the picture is beside the pointer, and leaves the line between the rows visible."""
        rows = self._dragged()
        data = self._rows.mimeData(self.selectedIndexes())
        data.setData(CHATS_MIME, "\n".join(row.chat.id for row in rows).encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(drag_picture(rows, self._theme.tokens, self.devicePixelRatioF()))
        drag.setHotSpot(QPoint(-8, -8))
        drag.exec(Qt.DropAction.MoveAction)

    def _dragged(self) -> list[ChatRow]:
        """The selected chats, from top to bottom."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        entries = [self._rows.entry(self._rows.index(row)) for row in rows]
        return [entry for entry in entries if isinstance(entry, ChatRow)]

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
        chats = [row.chat for row in self._dragged()]
        self._drop_row = self._rows.drop_row(chats, self._row_at(event.position().toPoint().y()))
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        self.viewport().update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._end_drag()

    def dropEvent(self, event: QDropEvent) -> None:
        row = self._row_at(event.position().toPoint().y())
        chats = [row.chat for row in self._dragged()]
        self._end_drag()
        # As a copy: after a move, Qt would remove the rows itself.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._rows.hold(False)
        self._rows.move(chats, row)

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
        if self.hasFocus() and not self.currentIndex().isValid():
            painter = QPainter(self.viewport())  # No row shows that the list has the keyboard.
            paint_frame(painter, QRectF(self.viewport().rect()), self._theme.tokens.color("accent"))
            painter.end()
        if self._drop_row is None:
            return
        last = self._rows.rowCount() - 1
        row = min(self._drop_row, last)
        area: QRect = self.visualRect(self._rows.index(row))
        y = area.top() if self._drop_row <= last else area.bottom()
        painter = QPainter(self.viewport())
        painter.fillRect(QRect(area.left() + 8, y - 1, area.width() - 16, 2), self.palette().highlight())
        painter.end()


def _is_heading(entry: Entry) -> bool:
    return not isinstance(entry, ChatRow)


def _is_heading_of_group(entry: Entry) -> bool:
    """Whether it is the heading of a whole group, not of a day or month, nor of a project."""
    return isinstance(entry, Heading) and entry.group is not None


def _is_none(_entry: Entry) -> bool:
    return False
