"""Lines that say how much of an account's limit is used: its name, a meter, the number, until when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.theme.painting import full_colors, paint_meter
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX, SECONDARY_PX, Tokens, font, on
from gui.wording import chat_texts

LINE_PX, FOOT_LINE_PX = 28, 22
_NAME_PX, _WIDEST_NAME_PX, _METER_PX, _LEAST_METER_PX = 84, 132, 56, 20
_FOOT_NAME_PX, _FOOT_METER_PX = 56, 42


class LimitSaid(NamedTuple):
    """What a line says.

    Attributes:
        name: the limit's name, or its account's.
        percent: how much is used.
        until: when it is reset; "" if that is not known.
    """

    name: str
    percent: int
    until: str

    @property
    def spoken(self) -> str:
        """The line for screen readers."""
        return f"{self.name} {chat_texts.joined(chat_texts.PERCENT(percent=self.percent), self.until)}"


class FootColumns(NamedTuple):
    """Where the parts of quiet lines below each other are.

    Attributes:
        name_px: the width of the names.
        meter_px: that of the meters; 0 without room for them.
        shows_until: whether there is room for the end.
    """

    name_px: int
    meter_px: int
    shows_until: bool


def percent_px(metrics: QFontMetrics) -> int:
    """The width of the numbers; an agent may say more than 100 %."""
    return metrics.horizontalAdvance(chat_texts.PERCENT(percent=100)) + 1


def foot_columns(lines: Sequence[LimitSaid], width: int) -> FootColumns:
    """The columns for a width: first names are cut, then meters are shorter, then the end goes, at last the meters."""
    metrics = QFontMetrics(font(SECONDARY_PX))
    whole = max((metrics.horizontalAdvance(each.name) + 1 for each in lines), default=0)
    until = max((metrics.horizontalAdvance(each.until) for each in lines), default=0)
    room = width - percent_px(metrics) - 2 * GAP_S_PX
    least = min(whole, _FOOT_NAME_PX)
    shows_until = room - until - GAP_S_PX >= least + _LEAST_METER_PX
    room -= until + GAP_S_PX if shows_until else 0
    name = min(max(room - _FOOT_METER_PX, least), whole)
    meter = min(room - name, _FOOT_METER_PX)
    if meter < _LEAST_METER_PX:
        return FootColumns(max(min(whole, room + GAP_S_PX), 0), 0, shows_until)
    return FootColumns(name, meter, shows_until)


def paint_foot_limit(
    painter: QPainter, area: QRect, said: LimitSaid, columns: FootColumns, tokens: Tokens, ground: QColor
) -> None:
    """Paint a quiet line."""
    painter.setFont(font(SECONDARY_PX))
    quiet = tokens.color("secondary")
    if columns.shows_until:
        _say(painter, area, said.until, quiet, Qt.AlignmentFlag.AlignRight)
    _say(painter, QRect(area.left(), area.top(), columns.name_px, area.height()), said.name, quiet)
    x = area.left() + columns.name_px + GAP_S_PX
    if columns.meter_px:
        paint_meter(painter, QRectF(x, area.top(), columns.meter_px, area.height()), said.percent, tokens)
        x += columns.meter_px + GAP_S_PX
    color = on(tokens.color(full_colors(said.percent)[1]), ground)
    place = QRect(x, area.top(), percent_px(painter.fontMetrics()), area.height())
    align = Qt.AlignmentFlag.AlignRight if columns.meter_px else Qt.AlignmentFlag.AlignLeft
    _say(painter, place, _number(said), color, align)


def _number(said: LimitSaid) -> str:
    return chat_texts.PERCENT(percent=said.percent)


def _say(
    painter: QPainter,
    area: QRect,
    text: str,
    color: QColor,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    painter.setPen(color)
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width() + 1)
    painter.drawText(area, align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


class LineColumns(NamedTuple):
    """The widths of the names and the ends of limits that stand below each other."""

    name_px: int
    until_px: int


def line_columns(lines: Sequence[LimitSaid]) -> LineColumns:
    """The columns of limits that stand below each other."""
    metrics = QFontMetrics(font(SECONDARY_PX))
    name = max((min(metrics.horizontalAdvance(each.name), _WIDEST_NAME_PX) for each in lines), default=0)
    until = max((metrics.horizontalAdvance(each.until) for each in lines), default=0)
    return LineColumns(max(name, _NAME_PX), until + 1)


class LimitLine(QWidget):
    """One limit of an account.

    Attributes:
        said: what the line says.
    """

    def __init__(self, theme: Theme, said: LimitSaid, columns: LineColumns) -> None:
        super().__init__()
        self._theme, self.said, self._columns = theme, said, columns
        self.setFixedHeight(LINE_PX)
        self.setAccessibleName(said.spoken)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, said = self._theme.tokens, self.said
        painter = QPainter(self)
        painter.setFont(font(SECONDARY_PX))
        height, name_px, number_px = self.height(), self._columns.name_px, percent_px(painter.fontMetrics())
        rest = self.width() - name_px - number_px - 3 * GAP_S_PX
        meter = min(max(rest - self._columns.until_px, _LEAST_METER_PX), _METER_PX)
        _say(painter, QRect(0, 0, name_px, height), said.name, tokens.color("secondary"))
        x = name_px + GAP_S_PX
        paint_meter(painter, QRectF(x, 0, meter, height), said.percent, tokens)
        x += meter + GAP_S_PX
        color = full_colors(said.percent)[1]
        color = "text" if color == "secondary" else color
        _say(painter, QRect(x, 0, number_px, height), _number(said), tokens.color(color), Qt.AlignmentFlag.AlignRight)
        x += number_px + GAP_S_PX
        place = QRect(x, 0, self.width() - x, height)
        _say(painter, place, said.until, tokens.color("secondary"), Qt.AlignmentFlag.AlignRight)
        painter.end()
