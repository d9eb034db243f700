"""The rows of the timeline: a chat's name and sums on the left, its day as a band on the right."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gui.bridge.chat_days import ListedDay, ReadDay
from gui.theme.icons import paint_mark
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, SECONDARY_PX, font, on, project_color
from gui.theme.tooltips import show_tooltip
from gui.wording import phrases, timeline_texts
from session_host.standing.days import Span
from session_host.standing.groups import Mark
from session_host.standing.row_line import project_hue

ROW_PX = 64
NAME_PX = 240
"""The width of the names; less in a narrow window."""
_NAME_SHARE = 0.35
RIGHT_PX = 24
_DOT_PX = 8
_WORK_PX, _WAIT_PX, _FAILURE_PX = 8, 20, 3
_LEAST_PX = 2
"""The width of the shortest time that is painted."""
_TRIANGLE_PX = 6
_NEAR_PX = 5
"""How far from a mark the pointer may be."""
_LABEL_PX = 64
"""The least distance of two hours with a label."""
_STEPS_H = (1, 2, 3, 4, 6, 12)
_LEAST_H = 4
"""The least hours that are shown."""


class Scale(NamedTuple):
    """Where times are painted.

    Attributes:
        begin_s, end_s: what is shown, in seconds since 1970.
        left, width: the area of the bands in a row, in logical pixels.
    """

    begin_s: float
    end_s: float
    left: float
    width: float

    def x(self, at_s: float) -> float:
        """The x coordinate of a time, inside of the band."""
        share = (at_s - self.begin_s) / (self.end_s - self.begin_s)
        return self.left + self.width * min(max(share, 0.0), 1.0)

    def hours(self) -> list[tuple[float, datetime]]:
        """The full hours that get a line: their times in seconds and in local time."""
        begin = datetime.fromtimestamp(self.begin_s).astimezone()
        length_h = (self.end_s - self.begin_s) / 3600
        step = next((each for each in _STEPS_H if self.width / length_h * each >= _LABEL_PX), _STEPS_H[-1])
        found, moment = [], begin.replace(minute=0, second=0, microsecond=0)
        while moment.timestamp() <= self.end_s:
            if moment.timestamp() >= self.begin_s and moment.hour % step == 0:
                found.append((moment.timestamp(), moment))
            moment = (moment + timedelta(hours=1)).astimezone()
        return found


def shown_hours(day: ReadDay) -> tuple[float, float]:
    """The time that is shown of a day: from the hour of the first activity to an hour after the last one or now."""
    begins = [each.day.spans[0].begin_s for each in day.listed if each.day.spans]
    begins += [each.day.prompts_s[0] for each in day.listed if each.day.prompts_s]
    begin_s = min(begins, default=day.now_s)
    is_over = day.now_s >= day.end_s
    ends = [span.end_s for each in day.listed for span in each.day.spans]
    end_s = max(ends, default=begin_s) if is_over else day.now_s
    whole_s = 3600.0
    begin_s = max(day.begin_s, begin_s - (begin_s - day.begin_s) % whole_s)
    end_s = min(day.end_s, max(end_s + whole_s, begin_s + _LEAST_H * whole_s))
    return min(begin_s, end_s - whole_s), end_s


class Role(IntEnum):
    """What the model has for a row beside Qt's own roles."""

    LISTED = Qt.ItemDataRole.UserRole + 1


class DayModel(QAbstractListModel):
    """The chats of a day."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.day: ReadDay | None = None

    def show(self, day: ReadDay) -> None:
        """Show another day, or the same one read again."""
        is_same = self.day is not None and [each.id for each in self.day.listed] == [each.id for each in day.listed]
        if is_same:
            self.day = day
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
            return
        self.beginResetModel()
        self.day = day
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return len(self.day.listed) if self.day is not None and not parent.isValid() else 0

    def listed(self, index: QModelIndex | QPersistentModelIndex) -> ListedDay:
        """The chat of a row."""
        assert self.day is not None
        return self.day.listed[index.row()]

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        listed = self.listed(index)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return timeline_texts.spoken(listed.name, listed.day)
        return listed.name if role == Qt.ItemDataRole.DisplayRole else None


class BandDelegate(QStyledItemDelegate):
    """Paints the rows, and says what is under the pointer.

    Attributes:
        chosen: the number of the time in the current row that the keyboard is at; -1 for none.
    """

    def __init__(self, theme: Theme, view: QListView, model: DayModel) -> None:
        super().__init__(view)
        self._theme, self._view, self._model = theme, view, model
        self.chosen = -1

    def scale(self, width: int) -> Scale:
        """Where times are painted in rows of a width."""
        day = self._model.day
        begin_s, end_s = shown_hours(day) if day is not None else (0.0, 3600.0)
        left = min(NAME_PX, width * _NAME_SHARE) + GAP_M_PX
        return Scale(begin_s, end_s, left, max(width - left - RIGHT_PX, 1))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, ROW_PX)

    # ------------------------------------------------------------ painting

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        tokens, listed = self._theme.tokens, self._model.listed(index)
        has_focus = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_hovered = has_focus or bool(state & QStyle.StateFlag.State_MouseOver)
        ground = tokens.color("hover" if is_hovered else "page")
        if is_hovered:
            line = tokens.color("accent") if has_focus else None
            paint_frame(painter, QRectF(area).adjusted(4, 1, -4, -1), line, ground)
        scale = self.scale(area.width())
        self._paint_name(painter, area, scale, listed, ground)
        self._paint_hours(painter, area, scale)
        self._paint_band(painter, area, scale, listed, chosen=self.chosen if has_focus else -1)
        painter.restore()

    def _paint_name(self, painter: QPainter, area: QRect, scale: Scale, listed: ListedDay, ground: QColor) -> None:
        tokens, day = self._theme.tokens, listed.day
        middle = area.top() + ROW_PX / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(project_color(project_hue(listed.project), tokens))
        painter.drawEllipse(QPointF(GAP_L_PX + _DOT_PX / 2, middle - 9), _DOT_PX / 2, _DOT_PX / 2)
        left = GAP_L_PX + _DOT_PX + GAP_S_PX
        room = round(scale.left) - left - GAP_S_PX
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font())
        painter.setPen(tokens.color("text"))
        name = QFontMetrics(painter.font()).elidedText(listed.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(left, middle - 20, room, 20), align, name)
        painter.setFont(font(SECONDARY_PX))
        painter.setPen(tokens.color("secondary"))
        worked = phrases.whole_duration(day.worked_s) if day.worked_s else ""
        line = QRectF(left, middle, room, 20)
        painter.drawText(line, align, worked)
        if day.waited_s:
            line.setLeft(left + (QFontMetrics(painter.font()).horizontalAdvance(worked) + GAP_S_PX if worked else 0))
            paint_mark(painter, Mark.NEEDS_YOU, QPointF(line.left() + 5, line.center().y() + 0.5), tokens, 10)
            painter.setPen(on(tokens.color("needs_you"), ground))
            painter.drawText(line.adjusted(14, 0, 0, 0), align, phrases.whole_duration(day.waited_s))

    def _paint_hours(self, painter: QPainter, area: QRect, scale: Scale) -> None:
        tokens, day = self._theme.tokens, self._model.day
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for at_s, _moment in scale.hours():
            x = round(scale.x(at_s))
            painter.fillRect(QRect(x, area.top(), 1, area.height()), tokens.color("hairline"))
        if day is not None and day.now_s < day.end_s:
            painter.fillRect(QRect(round(scale.x(day.now_s)), area.top(), 1, area.height()), tokens.color("text"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _paint_band(self, painter: QPainter, area: QRect, scale: Scale, listed: ListedDay, chosen: int) -> None:
        tokens, day = self._theme.tokens, listed.day
        middle = area.top() + ROW_PX / 2
        painter.setPen(QPen(tokens.color("border"), 1))
        painter.drawLine(QPointF(scale.x(day.begin_s), middle), QPointF(scale.x(day.end_s), middle))
        painter.setPen(Qt.PenStyle.NoPen)
        for number, span in enumerate(day.spans):
            bar = self.area_of(span, scale, middle)
            painter.setBrush(tokens.color("needs_you_fill" if span.waits else "accent"))
            painter.drawRoundedRect(bar, 2, 2)
            if number == chosen:
                paint_frame(painter, bar.adjusted(-3, -3, 3, 3), tokens.color("text"), None)
                painter.setPen(Qt.PenStyle.NoPen)
        for at_s, _error in day.failures:
            x = scale.x(at_s)
            painter.fillRect(QRectF(x, middle - _WAIT_PX / 2, _FAILURE_PX, _WAIT_PX), tokens.color("failed"))
            self._paint_cross(painter, QPointF(x + 8, middle - _WAIT_PX / 2 + 2), tokens.color("failed"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("secondary"))
        for at_s in day.prompts_s:
            x, top = scale.x(at_s), middle + _WAIT_PX / 2 + 2
            half = _TRIANGLE_PX / 2
            painter.drawPolygon(QPolygonF([QPointF(x, top), QPointF(x + half, top + 5), QPointF(x - half, top + 5)]))

    @staticmethod
    def _paint_cross(painter: QPainter, middle: QPointF, color: QColor) -> None:
        painter.setPen(QPen(color, 1.5))
        for sign in (1, -1):
            painter.drawLine(middle + QPointF(-2.5, -2.5 * sign), middle + QPointF(2.5, 2.5 * sign))

    @staticmethod
    def area_of(span: Span, scale: Scale, middle: float) -> QRectF:
        """The bar of a time in a row with this middle."""
        left, right, height = scale.x(span.begin_s), scale.x(span.end_s), _WAIT_PX if span.waits else _WORK_PX
        return QRectF(left, middle - height / 2, max(right - left, _LEAST_PX), height)

    # ------------------------------------------------------------ what is at a point

    def time_at(self, x: float, width: int, listed: ListedDay) -> tuple[float, list[str]] | None:
        """The time to go to for a point of a row, and what is there, line by line; None outside of the band."""
        scale = self.scale(width)
        if x < scale.left - _NEAR_PX:
            return None
        day = listed.day
        near_s = _NEAR_PX * (scale.end_s - scale.begin_s) / scale.width
        at_s = scale.begin_s + (x - scale.left) / scale.width * (scale.end_s - scale.begin_s)
        for failed_s, error in day.failures:
            if abs(failed_s - at_s) <= near_s:
                return failed_s, timeline_texts.failure_lines(failed_s, error)
        # A short wait inside of a long work is what one means.
        for span in sorted(day.spans, key=lambda each: (not each.waits, each.end_s - each.begin_s)):
            if span.begin_s - near_s <= at_s <= span.end_s + near_s:
                return max(span.begin_s, min(at_s, span.end_s)), timeline_texts.span_lines(span)
        for prompt_s in day.prompts_s:
            if abs(prompt_s - at_s) <= near_s:
                return prompt_s, timeline_texts.prompt_lines(prompt_s)
        return at_s, []

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        if not index.isValid():
            return False
        found = self.time_at(event.pos().x(), option.rect.width(), self._model.listed(index))
        lines = [*found[1], timeline_texts.GOES_THERE()] if found is not None and found[1] else []
        show_tooltip(event, "\n".join(lines), view.viewport())
        return True
