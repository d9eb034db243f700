"""Paints the sidebar's headings and rows."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui.sessions.groups import Group
from gui.theme.follow import Theme
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.marks import Mark, paint_mark
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, HEADING_PX, RADIUS_PX, SECONDARY_PX, font
from gui.window.sidebar_model import ENTRY_ROLE, ChatRow, Heading

ROW_HEIGHT_PX = 48
COLLAPSED_ROW_HEIGHT_PX = 40
HEADING_HEIGHT_PX = 28
_TEXT_LEFT_PX = 36
_BETWEEN = " · "
_FIRST_SHARE = 0.45
_LEAST_PX = 32
"""Less room than this is not worth a dot and an ellipsis."""


class SidebarDelegate(QStyledItemDelegate):
    """A row is a mark, a name and an age, and a quieter line below; collapsed, the mark alone."""

    def __init__(self, theme: Theme, view: QWidget) -> None:
        super().__init__(view)
        self._theme = theme
        self.collapsed = False

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        if isinstance(index.data(ENTRY_ROLE), Heading):
            return QSize(0, HEADING_HEIGHT_PX + (GAP_S_PX if index.row() else 0))
        return QSize(0, COLLAPSED_ROW_HEIGHT_PX if self.collapsed else ROW_HEIGHT_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry = index.data(ENTRY_ROLE)
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if isinstance(entry, Heading):
            self._paint_heading(painter, area, entry)
        elif isinstance(entry, ChatRow):
            self._paint_ground(painter, area, entry, state)
            if self.collapsed:
                paint_mark(painter, Mark(entry.mark), QRectF(area).center(), self._theme.tokens)
            else:
                self._paint_row(painter, area, entry)
        painter.restore()

    def _paint_heading(self, painter: QPainter, area: QRect, entry: Heading) -> None:
        tokens = self._theme.tokens
        line = QRect(area.left(), area.bottom() - HEADING_HEIGHT_PX + 1, area.width(), HEADING_HEIGHT_PX)
        painter.setFont(font(HEADING_PX, bold=True, capitals=True))
        painter.setPen(tokens.color("needs_you" if entry.group is Group.NEEDS_YOU else "secondary"))
        text = line.adjusted(GAP_M_PX, 0, -GAP_M_PX, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, entry.group.value)
        painter.setFont(font(HEADING_PX))
        painter.drawText(
            text.adjusted(0, 0, -16, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(entry.count)
        )
        caret = QRectF(text.right() - 11, line.center().y() - 5, 12, 12)
        paint_glyph(painter, Glyph.FOLDED if entry.folded else Glyph.EXPANDED, caret, tokens.color("secondary"))

    def _paint_ground(self, painter: QPainter, area: QRect, entry: ChatRow, state: QStyle.StateFlag) -> None:
        tokens = self._theme.tokens
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = bool(state & QStyle.StateFlag.State_Selected) and bool(state & QStyle.StateFlag.State_HasFocus)
        if not (hovered or focused or entry.active):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(area).adjusted(4.5, 0.5, -4.5, -1.5)
        painter.setPen(tokens.color("accent") if focused else Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("selected" if entry.active else "hover"))
        painter.drawRoundedRect(ground, RADIUS_PX, RADIUS_PX)

    def _paint_row(self, painter: QPainter, area: QRect, entry: ChatRow) -> None:
        tokens = self._theme.tokens
        first = QRect(area.left() + _TEXT_LEFT_PX, area.top() + 5, area.width() - _TEXT_LEFT_PX - GAP_M_PX, 20)
        second = first.translated(0, 18)
        paint_mark(painter, Mark(entry.mark), QPointF(area.left() + 22, first.center().y() + 0.5), tokens)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        middle = Qt.AlignmentFlag.AlignVCenter

        small = font(SECONDARY_PX)
        painter.setFont(small)
        painter.setPen(tokens.color("secondary"))
        age_width = QFontMetrics(small).horizontalAdvance(entry.age)
        painter.drawText(first, right | middle, entry.age)
        self._paint_second_line(painter, second, entry)

        name_font = font(bold=entry.unseen)
        painter.setFont(name_font)
        painter.setPen(tokens.color("secondary" if entry.over and not entry.active else "text"))
        room = first.width() - age_width - GAP_S_PX
        painter.drawText(
            first, left | middle, QFontMetrics(name_font).elidedText(entry.name, Qt.TextElideMode.ElideRight, room)
        )

    def _paint_second_line(self, painter: QPainter, area: QRect, entry: ChatRow) -> None:
        """Where it works and what was said; a question comes first, and in the colour of what is to be read."""
        tokens = self._theme.tokens
        pieces = [(entry.said, "text" if entry.asks else "secondary"), (entry.place, "secondary")]
        pieces = [piece for piece in (pieces if entry.asks else pieces[::-1]) if piece[0]]
        metrics = painter.fontMetrics()
        room = area.width()
        widths = [room]
        if len(pieces) == 2:
            room -= metrics.horizontalAdvance(_BETWEEN)
            # A text that just fits is wider than its advance in whole pixels.
            first, second = (metrics.horizontalAdvance(text) + 2 for text, _ in pieces)
            # The first gives way to the second as far as a part of its own; a question gives way to nothing.
            first = min(first, room if entry.asks else max(room - second, int(room * _FIRST_SHARE)))
            widths = [first, room - first]
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        place = QRect(area)
        for number, ((text, color), width) in enumerate(zip(pieces, widths, strict=False)):
            if number:
                painter.setPen(tokens.color("secondary"))
                painter.drawText(place, middle, _BETWEEN)
                place.setLeft(place.left() + metrics.horizontalAdvance(_BETWEEN))
            painter.setPen(tokens.color(color))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            painter.drawText(place, middle, shown)
            place.setLeft(place.left() + metrics.horizontalAdvance(shown))
            if place.width() < _LEAST_PX:
                return
