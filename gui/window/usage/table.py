"""The table: what was used by agent, account, project or chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font, project_color
from gui.window.widgets.parts import own_viewport
from gui.wording import usage_texts
from session_host.standing.usage import SAYS_NOTHING

from .bars import agent_color, paint_square

ROW_PX = 28
_DOT_PX, _TEXT_PX = 8, 18
_LEAST_NAME_PX = 168
_LEAVES = (2, 3, 1)
"""The columns that a narrow table does without, the first one first: cached, out, in."""


class Row(NamedTuple):
    """A row.

    Attributes:
        name: whose use it is.
        more: a quieter text after it.
        project: the hue of the dot before it; None for none.
        agent: the index of the agent whose colour is before it; None for none.
        chat: the chat that a click opens; "" for none.
        is_rest: whether it stands for those that are not listed.
        cells: turns, tokens in, of them cached, tokens out, money.
    """

    name: str
    more: str = ""
    project: int | None = None
    agent: int | None = None
    chat: str = ""
    is_rest: bool = False
    cells: tuple[str, ...] = ()


def heads() -> tuple[str, ...]:
    """The titles of the columns."""
    texts = (usage_texts.TURNS, usage_texts.TOKENS_IN, usage_texts.CACHED, usage_texts.TOKENS_OUT, usage_texts.MONEY)
    return tuple(text() for text in texts)


class _Model(QAbstractListModel):
    """The rows."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: Sequence[Row] = ()

    def show(self, rows: Sequence[Row]) -> None:
        if [each[:6] for each in rows] == [each[:6] for each in self.rows]:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            name = " ".join(filter(None, (row.name, row.more)))
            return usage_texts.spoken_row(name, list(zip(heads(), row.cells, strict=True)))
        return row.name if role == Qt.ItemDataRole.DisplayRole else None


class _Columns:
    """Where the columns are: as wide as their texts, from the right; a narrow table has fewer."""

    def __init__(self) -> None:
        self._needed: list[int] = []

    def measure(self, rows: Sequence[Row]) -> None:
        """Take the widths from these rows."""
        head, cell = QFontMetrics(font(SECONDARY_PX, bold=True)), QFontMetrics(font())
        self._needed = [head.horizontalAdvance(text) for text in heads()]
        for row in rows:
            for number, text in enumerate(row.cells):
                self._needed[number] = max(self._needed[number], cell.horizontalAdvance(text))

    def places(self, width: int) -> dict[int, tuple[int, int]]:
        """The left edge and the width of each column that there is, in a table of this width."""
        shown = list(range(len(self._needed)))
        for column in _LEAVES:
            if sum(self._needed[each] + GAP_M_PX for each in shown) + _LEAST_NAME_PX <= width:
                break
            shown.remove(column)
        spare = width - _LEAST_NAME_PX * 2 - sum(self._needed[each] + GAP_M_PX for each in shown)
        gap = GAP_M_PX + max(min(spare // max(len(shown), 1), 40), 0)
        places, right = {}, width
        for column in reversed(shown):
            places[column] = (right - self._needed[column], self._needed[column])
            right -= self._needed[column] + gap
        return places


class _Delegate(QStyledItemDelegate):
    """Paints the rows."""

    def __init__(self, theme: Theme, view: QListView, model: _Model, columns: _Columns) -> None:
        super().__init__(view)
        self._theme, self._model, self._columns = theme, model, columns

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        tokens, row = self._theme.tokens, self._model.rows[index.row()]
        has_focus = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        if has_focus or (state & QStyle.StateFlag.State_MouseOver and (row.chat or row.is_rest)):
            line = tokens.color("accent") if has_focus else None
            paint_frame(painter, QRectF(area).adjusted(0, 1, 0, -1), line, tokens.color("hover"), radius_px=4)
        elif index.row() < len(self._model.rows) - 1:
            painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), tokens.color("hairline"))
        left = area.left() + (_TEXT_PX if row.project is not None or row.agent is not None else 0)
        if row.project is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(project_color(row.project, tokens))
            middle = QPointF(area.left() + 4 + _DOT_PX / 2, area.center().y() + 0.5)
            painter.drawEllipse(middle, _DOT_PX / 2, _DOT_PX / 2)
        elif row.agent is not None:
            paint_square(painter, QPoint(area.left(), area.top() + 4), agent_color(row.agent, tokens))
        places = self._columns.places(area.width())
        first = min((x for x, _width in places.values()), default=area.width())
        self._paint_name(painter, QRect(left, area.top(), area.left() + first - GAP_M_PX - left, ROW_PX), row)
        painter.setFont(font())
        for column, (x, width) in places.items():
            text = row.cells[column]
            painter.setPen(tokens.color("secondary" if text == SAYS_NOTHING else "text"))
            place = QRect(area.left() + x, area.top(), width + 1, ROW_PX)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def _paint_name(self, painter: QPainter, area: QRect, row: Row) -> None:
        tokens, middle = self._theme.tokens, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        small, usual = QFontMetrics(font(SECONDARY_PX)), QFontMetrics(font())
        more = small.elidedText(row.more, Qt.TextElideMode.ElideMiddle, max(area.width() // 2, 1)) if row.more else ""
        taken = small.horizontalAdvance(more) + GAP_S_PX if more else 0
        name = usual.elidedText(row.name, Qt.TextElideMode.ElideRight, area.width() - taken)
        painter.setFont(font())
        painter.setPen(tokens.color("secondary" if row.is_rest else "text"))
        painter.drawText(area, middle, name)
        painter.setFont(font(SECONDARY_PX))
        painter.setPen(tokens.color("secondary"))
        painter.drawText(area.adjusted(usual.horizontalAdvance(name) + GAP_S_PX, 0, 0, 0), middle, more)


class _View(QListView):
    """The rows, as high as they are.

    Signals:
        opened(int): the user chose a row.
    """

    opened = Signal(int)

    def __init__(self, theme: Theme, columns: _Columns) -> None:
        super().__init__()
        self.items = _Model(self)
        self.setModel(self.items)
        self.setItemDelegate(_Delegate(theme, self, self.items, columns))
        self.setMouseTracking(True)
        self.setProperty("kind", "pages")
        self.setAccessibleName(usage_texts.ROWS())
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        own_viewport(self)
        self.clicked.connect(lambda index: self.opened.emit(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # The page scrolls.


class _Head(QWidget):
    """The titles of the columns."""

    def __init__(self, theme: Theme, columns: _Columns) -> None:
        super().__init__()
        self._theme, self._columns = theme, columns
        self.name = ""
        self.setFixedHeight(ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(font(SECONDARY_PX, bold=True))
        painter.setPen(self._theme.tokens.color("secondary"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | middle, self.name)
        titles = heads()
        for column, (x, width) in self._columns.places(self.width()).items():
            painter.drawText(QRect(x, 0, width + 1, ROW_PX), Qt.AlignmentFlag.AlignRight | middle, titles[column])
        painter.fillRect(QRect(0, ROW_PX - 1, self.width(), 1), self._theme.tokens.color("border"))
        painter.end()


class Table(QWidget):
    """The table.

    Attributes:
        view: the rows, a list.

    Signals:
        chat_chosen(str): the user goes to a chat, by its id.
        rest_chosen(): the user lists those that are not listed.
    """

    chat_chosen = Signal(str)
    rest_chosen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._columns = _Columns()
        self._head = _Head(theme, self._columns)
        self.view = _View(theme, self._columns)
        self.view.opened.connect(self._on_opened)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self.view)
        theme.changed.connect(self.update)

    def show_rows(self, name: str, rows: Sequence[Row]) -> None:
        """Show rows; ``name`` is the title of their first column."""
        self._head.name = name
        self._columns.measure(rows)
        self.view.items.show(rows)
        self.view.setFixedHeight(ROW_PX * len(rows))
        self._head.update()
        self.view.viewport().update()

    def _on_opened(self, number: int) -> None:
        row = self.view.items.rows[number]
        if row.chat:
            self.chat_chosen.emit(row.chat)
        elif row.is_rest:
            self.rest_chosen.emit()
