"""A row of controls that wraps to further lines."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget

from gui.theme.tokens import GAP_S_PX


class FlowLayout(QLayout):
    """Places items from left to right, in as many lines as needed; after Qt's flow layout example.

    Each item has its own size, but is never wider than the layout; hidden items take no space. Lower items are in the
    middle of their line.

    It is always a widget's own layout: inside another layout, PySide forgets its items when any chat's page is
    deleted, and the next layout crashes.
    """

    def __init__(self, parent: QWidget, gap_px: int = GAP_S_PX) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setSpacing(gap_px)
        self.setContentsMargins(QMargins())

    def widgets(self) -> list[QWidget]:
        """The widgets, in order."""
        return [widget for item in self._items if (widget := item.widget()) is not None]

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

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, moves=True)

    def sizeHint(self) -> QSize:
        """The size of all items in one line."""
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        width = sum(size.width() for size in sizes) + self.spacing() * max(len(sizes) - 1, 0)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        size = QSize(0, 0)
        for item in self._items:
            if not item.isEmpty():
                size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, area: QRect, *, moves: bool) -> int:
        """The height of the items at an area's width; with ``moves``, put them there."""
        lines: list[list[tuple[QLayoutItem, QRect]]] = [[]]
        x = y = line_px = 0
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            size.setWidth(min(size.width(), max(area.width(), 1)))
            if x and x + size.width() > area.width():
                x, y, line_px = 0, y + line_px + self.spacing(), 0
                lines.append([])
            lines[-1].append((item, QRect(area.topLeft() + QPoint(x, y), size)))
            x += size.width() + self.spacing()
            line_px = max(line_px, size.height())
        for line in lines if moves else ():
            highest_px = max((rect.height() for _, rect in line), default=0)
            for item, rect in line:
                item.setGeometry(rect.translated(0, (highest_px - rect.height()) // 2))
        return y + line_px


def flow(*controls: QWidget) -> QWidget:
    """A widget that contains these controls."""
    made = QWidget()
    layout = FlowLayout(made)
    for control in controls:
        layout.addWidget(control)
    policy = QSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    made.setSizePolicy(policy)
    return made
