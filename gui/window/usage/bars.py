"""The days as bars, a piece for each agent; under the pointer a day's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFocusEvent, QHideEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui.theme.contrast import readable
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, Tokens, blend, font
from gui.window.widgets.parts import own_viewport
from gui.wording import usage_texts

LEFT_PX = 40
"""The room for the numbers of the lines."""
ABOVE_PX = 10
"""The room for the upper half of the uppermost number."""
HEIGHT_PX = 220
_BELOW_PX = 24
_BAR_SHARE, _WIDEST_PX, _AROUND_PX = 16 / 26, 40, 4
_SHARE = 0.75
_SQUARE_PX = 8
_LABEL_GAP_PX = 12
_FLYOUT_PX, _LINE_PX = 216, 20


def agent_color(hue: int, tokens: Tokens) -> QColor:
    """The colour of an agent's bars, by its index in the catalog; −1 for an agent that is not in it."""
    if hue < 0:
        return tokens.color("secondary")
    area = blend(tokens.tiles[hue % len(tokens.tiles)], tokens.page, _SHARE)
    return readable(area, tokens.color("page"), tokens.mark_ratio)


class Piece(NamedTuple):
    """An agent's part of a day.

    Attributes:
        agent: its title.
        hue: its index in the catalog; −1 if it is not in it.
        value: how long its piece is, in what is shown.
        text: the same for the user.
    """

    agent: str
    hue: int
    value: float
    text: str


class BarDay(NamedTuple):
    """A day as a bar.

    Attributes:
        day: its date.
        name: the date for the user.
        label: what is written below it; "" for nothing.
        pieces: the agents' parts, from below.
        text: the sum for the user.
        chats: how many chats there were.
    """

    day: date
    name: str
    label: str
    pieces: tuple[Piece, ...]
    text: str
    chats: int

    @property
    def value(self) -> float:
        """The height of the bar."""
        return sum(piece.value for piece in self.pieces)


class _Days(QAbstractListModel):
    """The days, the oldest first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.days: Sequence[BarDay] = ()

    def show(self, days: Sequence[BarDay]) -> None:
        if [each.day for each in days] == [each.day for each in self.days]:
            self.days = days
            if days:
                self.dataChanged.emit(self.index(0), self.index(len(days) - 1))
            return
        self.beginResetModel()
        self.days = days
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return 0 if parent.isValid() else len(self.days)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        day = self.days[index.row()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            pieces = [(each.agent, each.text) for each in day.pieces if each.value]
            return usage_texts.spoken_day(day.name, day.text, pieces, day.chats)
        return day.name if role == Qt.ItemDataRole.DisplayRole else None


class _Delegate(QStyledItemDelegate):
    """Paints a day; ``top`` is the value at the upper line, ``chosen`` the date that the table shows alone."""

    def __init__(self, theme: Theme, view: QListView, model: _Days) -> None:
        super().__init__(view)
        self._theme, self._view, self._model = theme, view, model
        self.top = 1.0
        self.chosen: date | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        width, count, row = self._view.viewport().width(), max(len(self._model.days), 1), index.row()
        return QSize((row + 1) * width // count - row * width // count, HEIGHT_PX + 1)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        tokens, day = self._theme.tokens, self._model.days[index.row()]
        width = min(max(round(area.width() * _BAR_SHARE), 2), _WIDEST_PX)
        left, bottom = area.left() + (area.width() - width) // 2, HEIGHT_PX
        painter.save()
        high = 0.0
        for number, piece in enumerate(each for each in day.pieces if each.value):
            low, high = high, high + piece.value
            y, top = (bottom - round(HEIGHT_PX * each / self.top) for each in (low, high))
            gap = bool(number)
            top = min(top, y - 1 - gap)
            painter.fillRect(QRect(left, top, width, y - top - gap), agent_color(piece.hue, tokens))
            high = max(high, self.top * (bottom - top) / HEIGHT_PX)
        has_focus = bool(state & QStyle.StateFlag.State_HasFocus)
        if has_focus or state & QStyle.StateFlag.State_MouseOver or day.day == self.chosen:
            top = bottom - max(round(HEIGHT_PX * high / self.top), 0) - GAP_S_PX
            beside = min(_AROUND_PX, (area.width() - width) // 2)
            around = QRectF(left - beside, max(top, 0), width + 2 * beside, bottom - max(top, 0) + 1)
            paint_frame(painter, around, tokens.color("accent" if has_focus else "text"), None, radius_px=3)
        painter.restore()


class _View(QListView):
    """The bars.

    Signals:
        hovered(int): the pointer or the keyboard is at a day, −1 for none.
        pressed_day(int): the user chose one.
    """

    hovered = Signal(int)
    pressed_day = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.days = _Days(self)
        self.delegate = _Delegate(theme, self, self.days)
        self.setModel(self.days)
        self.setItemDelegate(self.delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setSpacing(0)
        self.setMouseTracking(True)
        self.setProperty("kind", "pages")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        own_viewport(self)
        self.viewport().setAutoFillBackground(False)
        self.entered.connect(lambda index: self.hovered.emit(index.row()))
        self.clicked.connect(lambda index: self.pressed_day.emit(index.row()))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hovered.emit(-1)
        return super().viewportEvent(event)

    def begin_at_today(self) -> None:
        """Put the keyboard at today, unless it is at a day. Nothing is said of it before the user moves."""
        if not self.currentIndex().isValid() and self.days.days:
            with QSignalBlocker(self):
                today = self.days.index(len(self.days.days) - 1)
                self.selectionModel().setCurrentIndex(today, QItemSelectionModel.SelectionFlag.NoUpdate)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.begin_at_today()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.hovered.emit(-1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if self.hasFocus():
            self.hovered.emit(current.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self.currentIndex().isValid():
            self.pressed_day.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # The page scrolls.


class _Flyout(QWidget):
    """A day's numbers, beside its bar.

    Attributes:
        page: what it may cover.
    """

    def __init__(self, theme: Theme, page: QWidget) -> None:
        super().__init__(page)
        self._theme, self.page = theme, page
        self._day: BarDay | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_day(self, day: BarDay, beside: QRect) -> None:
        """Show a day beside an area of the page, as near as there is room."""
        self._day = day
        lines = 1 + sum(bool(piece.value) for piece in day.pieces) + bool(day.chats)
        height, room = 2 * GAP_M_PX + lines * _LINE_PX, self.page.rect()
        width = min(_FLYOUT_PX, room.width())
        x = beside.right() + GAP_M_PX
        if x + width > room.right():
            x = max(beside.left() - GAP_M_PX - width, 0)
        self.setGeometry(x, max(min(beside.top(), room.bottom() - height), 0), width, height)
        self.update()
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        if (day := self._day) is None:
            return
        tokens = self._theme.tokens
        painter = QPainter(self)
        paint_frame(painter, QRectF(self.rect()), tokens.color("border"), tokens.color("raised"), radius_px=8)
        line = QRect(14, GAP_M_PX, self.width() - 28, _LINE_PX)
        painter.setFont(font(bold=True))
        painter.setPen(tokens.color("text"))
        _two(painter, line, day.name, day.text)
        painter.setFont(font(SECONDARY_PX))
        for piece in reversed([each for each in day.pieces if each.value]):
            line.translate(0, _LINE_PX)
            paint_square(painter, line.topLeft(), agent_color(piece.hue, tokens))
            painter.setPen(tokens.color("text"))
            _two(painter, line.adjusted(18, 0, 0, 0), piece.agent, piece.text)
        if day.chats:
            line.translate(0, _LINE_PX)
            painter.setPen(tokens.color("secondary"))
            _two(painter, line, usage_texts.A_CLICK_LISTS(n=day.chats), "")
        painter.end()


def _two(painter: QPainter, line: QRect, left: str, right: str) -> None:
    metrics, middle = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
    taken = metrics.horizontalAdvance(right) + GAP_S_PX if right else 0
    left = metrics.elidedText(left, Qt.TextElideMode.ElideRight, line.width() - taken)
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | middle, left)
    painter.drawText(line, Qt.AlignmentFlag.AlignRight | middle, right)


def paint_square(painter: QPainter, line_top_left: QPoint, color: QColor) -> None:
    """Paint the square that stands for an agent's colour, at the left of a line."""
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    top = line_top_left.y() + (_LINE_PX - _SQUARE_PX) / 2
    painter.drawRoundedRect(QRectF(line_top_left.x(), top, _SQUARE_PX, _SQUARE_PX), 2, 2)
    painter.restore()


class Bars(QWidget):
    """The days with their lines, numbers and dates.

    Attributes:
        view: the days alone, a list.

    Signals:
        chosen(date): the user lists the chats of a day.
    """

    chosen = Signal(object)

    def __init__(self, theme: Theme, page: QWidget) -> None:
        """Make it empty; a day's numbers may cover any part of ``page``."""
        super().__init__()
        self._theme = theme
        self._lines: list[tuple[float, str]] = []
        self._row = -1
        """The day of which the numbers are shown; −1 for none."""
        self.view = _View(theme, self)
        self.view.setAccessibleName(usage_texts.DAYS())
        self._flyout = _Flyout(theme, page)
        self.setFocusProxy(self.view)
        self.setFixedHeight(ABOVE_PX + HEIGHT_PX + 1 + _BELOW_PX)
        self.view.hovered.connect(self._on_hovered)
        self.view.pressed_day.connect(self._on_pressed)
        theme.changed.connect(self.update)

    def show_days(self, days: Sequence[BarDay], lines: Sequence[tuple[float, str]]) -> None:
        """Show days, the oldest first, between lines at these values, the uppermost last."""
        self._lines = list(lines)
        self.view.delegate.top = lines[-1][0] if lines else 1.0
        self.view.days.show(days)
        self.view.begin_at_today()
        self.view.viewport().update()
        self.update()
        if self._flyout.isVisible():
            self._on_hovered(self._row)

    def set_chosen(self, day: date | None) -> None:
        """Mark the day of which the chats are listed."""
        self.view.delegate.chosen = day
        self.view.viewport().update()

    def _on_hovered(self, row: int) -> None:
        self._row = row
        if not 0 <= row < len(self.view.days.days):
            self._flyout.hide()
            return
        area = self.view.visualRect(self.view.days.index(row))
        corner = self.view.viewport().mapTo(self._flyout.page, area.topLeft())
        self._flyout.show_day(self.view.days.days[row], QRect(corner + QPoint(0, 34), area.size()))

    def _on_pressed(self, row: int) -> None:
        self._flyout.hide()
        self.chosen.emit(self.view.days.days[row].day)

    def hideEvent(self, event: QHideEvent) -> None:
        self._flyout.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.view.setGeometry(LEFT_PX, ABOVE_PX, self.width() - LEFT_PX, HEIGHT_PX + 1)
        self._flyout.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setFont(font(SECONDARY_PX))
        painter.translate(0, ABOVE_PX)
        top = self.view.delegate.top
        for value, text in self._lines:
            y = HEIGHT_PX - round(HEIGHT_PX * value / top)
            painter.fillRect(QRect(LEFT_PX, y, self.width() - LEFT_PX, 1), tokens.color("hairline"))
            painter.setPen(tokens.color("secondary"))
            place = QRect(0, y - ABOVE_PX, LEFT_PX - GAP_S_PX, 2 * ABOVE_PX)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        if self._lines:
            painter.fillRect(QRect(LEFT_PX, HEIGHT_PX, self.width() - LEFT_PX, 1), tokens.color("border"))
        self._paint_labels(painter)
        painter.end()

    def _paint_labels(self, painter: QPainter) -> None:
        """Paint the dates that have room, the newest first."""
        metrics, days = painter.fontMetrics(), self.view.days.days
        width, free = self.width() - LEFT_PX, self.width()
        for row in range(len(days) - 1, -1, -1):
            if not days[row].label:
                continue
            middle = LEFT_PX + (2 * row + 1) * width // (2 * len(days))
            wide = metrics.horizontalAdvance(days[row].label)
            left = min(max(middle - wide // 2, LEFT_PX), self.width() - wide)
            if left + wide <= free:
                painter.drawText(
                    QRect(left, HEIGHT_PX + 4, wide + 1, 20), Qt.AlignmentFlag.AlignVCenter, days[row].label
                )
                free = left - _LABEL_GAP_PX
