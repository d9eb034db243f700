"""Paints the sidebar's headings and rows."""

from __future__ import annotations

import re

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui.theme.follow import Theme
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.marks import Mark, paint_mark
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, HEADING_PX, RADIUS_PX, SECONDARY_PX, font
from gui.window.sidebar.model import ENTRY_ROLE, ChatRow, Heading
from gui.wording.groups import Group, group_words

ROW_HEIGHT_PX = 48
COLLAPSED_ROW_HEIGHT_PX = 40
HEADING_HEIGHT_PX = 28
_TEXT_LEFT_PX = 36
_TILE_PX = 28
_BELL_PX = 12
_WORDS = re.compile(r"[\W_]+|(?<=\D)(?=\d)")
_BETWEEN = " · "
_FIRST_SHARE = 0.45
_LEAST_PX = 32
"""Less room than this is not worth a dot and an ellipsis."""


def initials(name: str) -> str:
    """Two letters for a chat: those with which the first and the last of its words begin."""
    words = [word for word in _WORDS.split(name) if word]
    if not words:
        return "·"
    if len(words) == 1:
        return words[0][:2].capitalize()
    return (words[0][0] + words[-1][0]).upper()


class SidebarDelegate(QStyledItemDelegate):
    """A row is a mark, a name and an age, and a quieter line below; collapsed, initials with the mark."""

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
                self._paint_initials(painter, area, entry)
            else:
                self._paint_row(painter, area, entry)
        painter.restore()

    def _paint_heading(self, painter: QPainter, area: QRect, entry: Heading) -> None:
        tokens = self._theme.tokens
        line = QRect(area.left(), area.bottom() - HEADING_HEIGHT_PX + 1, area.width(), HEADING_HEIGHT_PX)
        painter.setFont(font(HEADING_PX, bold=True, capitals=True))
        painter.setPen(tokens.color("needs_you" if entry.group is Group.NEEDS_YOU else "secondary"))
        text = line.adjusted(GAP_M_PX, 0, -GAP_M_PX, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, group_words(entry.group))
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
        bells = [(Glyph.MUTED, "secondary")] * entry.muted + [(Glyph.BELL, "accent")] * entry.rang
        for glyph, color in bells:
            bell = QRectF(
                first.right() - age_width - _BELL_PX - 4, first.center().y() - _BELL_PX / 2, _BELL_PX, _BELL_PX
            )
            paint_glyph(painter, glyph, bell, tokens.color(color))
            age_width += _BELL_PX + 4
        self._paint_second_line(painter, second, entry)

        name_font = font(bold=entry.unseen)
        painter.setFont(name_font)
        painter.setPen(tokens.color("secondary" if entry.over and not entry.active else "text"))
        room = first.width() - age_width - GAP_S_PX
        painter.drawText(
            first, left | middle, QFontMetrics(name_font).elidedText(entry.name, Qt.TextElideMode.ElideMiddle, room)
        )

    def _paint_initials(self, painter: QPainter, area: QRect, entry: ChatRow) -> None:
        """Collapsed: a chat's initials, its state as a badge, and a dot or a bell for what was not seen."""
        tokens = self._theme.tokens
        tile = QRectF(
            area.center().x() - _TILE_PX / 2 + 0.5, area.center().y() - _TILE_PX / 2 + 0.5, _TILE_PX, _TILE_PX
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("border" if entry.active else "hairline"))
        painter.drawRoundedRect(tile, RADIUS_PX, RADIUS_PX)
        painter.setPen(tokens.color("text" if entry.active or not entry.over else "secondary"))
        painter.setFont(font(HEADING_PX, bold=entry.unseen))
        painter.drawText(tile, Qt.AlignmentFlag.AlignCenter, initials(entry.name))
        badge = tile.bottomRight() + QPointF(-1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("selected" if entry.active else "sidebar"))
        painter.drawEllipse(badge, 7.5, 7.5)
        paint_mark(painter, Mark(entry.mark), badge, tokens, 11)
        if entry.rang:
            corner = QRectF(tile.right() - _BELL_PX / 2, tile.top() - _BELL_PX / 2, _BELL_PX, _BELL_PX)
            paint_glyph(painter, Glyph.BELL, corner, tokens.color("accent"))
        elif entry.unseen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.color("accent"))
            painter.drawEllipse(tile.topRight() + QPointF(-1, 1), 3, 3)

    def _paint_second_line(self, painter: QPainter, area: QRect, entry: ChatRow) -> None:
        """Where it works and what was said; a question comes first, and in the colour of what is to be read."""
        tokens = self._theme.tokens
        pieces = [(entry.said, "text" if entry.asks else "secondary"), (entry.place, "secondary")]
        pieces = [piece for piece in (pieces if entry.said_first else pieces[::-1]) if piece[0]]
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
            if shown != text:
                shown = shown[:-1].rstrip(_BETWEEN) + "…"
            painter.drawText(place, middle, shown)
            place.setLeft(place.left() + metrics.horizontalAdvance(shown))
            if place.width() < _LEAST_PX:
                return
