"""A layout that puts widgets beside each other, and continues in the next row if a widget does not fit."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowRow(QLayout):
    """Rows of widgets, each as wide as its text, from the left; after Qt's flow layout example.

    The layout must be a widget's own layout: inside another layout, PySide forgets its items when any chat's page is
    deleted, and the next layout fails.
    """

    def __init__(self, gap_px: int) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap_px = gap_px
        self.setContentsMargins(0, 0, 0, 0)

    def widgets(self) -> list[QWidget]:
        """The widgets, in order."""
        return [widget for item in self._items if (widget := item.widget()) is not None]

    def _place(self, area: QRect, *, moves: bool) -> int:
        """The height at an area's width; with ``moves``, put the items there."""
        x = height = row_px = 0
        for item in self._items:
            size = item.sizeHint().boundedTo(QSize(max(area.width(), 1), 1 << 20))
            if x and x + size.width() > area.width():
                x, height, row_px = 0, height + row_px + self._gap_px, 0
            if moves:
                item.setGeometry(QRect(area.topLeft() + QPoint(x, height), size))
            x += size.width() + self._gap_px
            row_px = max(row_px, size.height())
        return height + row_px

    # ------------------------------------------------------------ QLayout

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), moves=False)

    def setGeometry(self, area: QRect) -> None:
        super().setGeometry(area)
        self._place(area, moves=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size
