"""A list of results below a field that keeps the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_S_PX, font

from .parts import Hairline, paint_choice_background

PAGE = 20
"""The number of rows that are made at a time."""


class Results(QStandardItemModel):
    """The rows of a list; those of a long one are made when the user scrolls to them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: Iterator[QStandardItem] = iter(())
        self._may_have_more = False

    def set_rows(self, rows: Iterator[QStandardItem], *, least: int = 0) -> None:
        """Show other rows, of which at least this many are made at once."""
        self.clear()
        self._rows = rows
        self._make(max(least, PAGE))

    def _make(self, count: int) -> None:
        made = list(islice(self._rows, count))
        self._may_have_more = len(made) == count
        for row in made:  # All at once (``QStandardItem.appendRows``), PySide would never free them.
            self.appendRow(row)

    def make_until(self, row: int) -> None:
        """Make the rows up to this one; all of them for a row before the first, which is the last one."""
        while self._may_have_more and not 0 <= row < self.rowCount():
            self._make(PAGE)

    def canFetchMore(self, parent: QModelIndex | QPersistentModelIndex) -> bool:
        return self._may_have_more and not parent.isValid()

    def fetchMore(self, parent: QModelIndex | QPersistentModelIndex) -> None:
        self._make(PAGE)


class ResultList(QListView):
    """A list of results, one of them marked.

    Attributes:
        items: the rows.
    """

    def __init__(self, name: str, row_px: int, rows_shown: int, *, wraps: bool) -> None:
        """Create an empty list.

        Args:
            name: the name for screen readers.
            row_px: the height of a row.
            rows_shown: the maximum number of visible rows.
            wraps: whether a step from the last row goes to the first.
        """
        super().__init__()
        self.items = Results(self)
        self._row_px, self._rows_shown, self._wraps = row_px, rows_shown, wraps
        self.setAccessibleName(name)
        self.setModel(self.items)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def fit_rows(self, marked: int = 0) -> None:
        """Set the height to fit the rows, and mark one; a low window has room for fewer."""
        count = self.items.rowCount()
        self.setVisible(bool(count))
        self.setMinimumHeight(self._height_of(min(count, 1)))
        self.setMaximumHeight(self._height_of(min(count, self._rows_shown)))
        self.updateGeometry()
        if count:
            self.setCurrentIndex(self.items.index(marked, 0))

    def _height_of(self, rows: int) -> int:
        return rows * self._row_px + 2 * self.frameWidth()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.maximumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show whole rows only, if all have one height, and the marked one among them."""
        margin = (self.height() - 2 * self.frameWidth()) % self._row_px if self.uniformItemSizes() else 0
        if margin != self.viewportMargins().bottom():
            self.setViewportMargins(0, 0, 0, margin)
        super().resizeEvent(event)
        self.scrollTo(self.currentIndex())

    def step(self, event: QKeyEvent) -> bool:
        """Move the mark if the key is an arrow or a page key; returns whether it is, and there are rows."""
        page = self._rows_shown
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: page, Qt.Key.Key_PageUp: -page}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self.items.rowCount():
            return False
        row = self.currentIndex().row() + step
        self.items.make_until(row if step == -1 else max(row, 0))
        count = self.items.rowCount()
        row = row % count if self._wraps and abs(step) == 1 else min(max(row, 0), count - 1)
        self.setCurrentIndex(self.items.index(row, 0))
        return True


class RowDelegate(QStyledItemDelegate):
    """Paints a row's text; all rows have one height, and the background shows the marked one.

    A subclass paints more than the text.
    """

    def __init__(self, theme: Theme, row_px: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._row_px = theme, row_px

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, self._row_px)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        paint_choice_background(painter, area, state, self._theme.tokens)
        self.paint_row(painter, area, index)
        painter.restore()

    def paint_row(self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        """Paint a row over its background."""
        painter.setFont(font())
        painter.setPen(self._theme.tokens.color("text"))
        room = area.adjusted(GAP_L_PX, 0, -GAP_S_PX, 0)
        text = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def lay_out_results(body: QWidget, theme: Theme, field: QLineEdit, results: ResultList, *below: QWidget) -> QWidget:
    """Put the field, the results and lines of text below them into a sheet's body; returns all below the field."""
    answer = QWidget()
    column = QVBoxLayout(answer)
    column.setContentsMargins(0, 0, 0, GAP_S_PX)
    column.setSpacing(0)
    column.addWidget(Hairline(theme))
    column.addSpacing(4)
    column.addWidget(results)
    for each in below:
        column.addWidget(each)
    layout = QVBoxLayout(body)
    layout.setContentsMargins(1, 1, 1, 1)
    layout.setSpacing(0)
    layout.addWidget(field)
    layout.addWidget(answer)
    return answer
