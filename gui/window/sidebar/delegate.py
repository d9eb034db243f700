"""Paints the sidebar's headings and rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui.bridge.sparklines import BARS, HIGHEST, LIVE_BARS
from gui.theme.icons import LABEL_PX, Glyph, paint_glyph, paint_label, paint_live_mark, paint_mark
from gui.theme.painting import SQUARES_PX, paint_frame, paint_squares, squares
from gui.theme.theme import Theme
from gui.theme.tokens import (
    FULL_PERCENT,
    GAP_M_PX,
    GAP_S_PX,
    HEADING_PX,
    RADIUS_PX,
    SECONDARY_PX,
    Tokens,
    blend,
    font,
    on,
    project_color,
)
from gui.theme.tooltips import hide_others
from gui.wording import chat_texts
from session_host.standing.groups import Group, Mark

from .arrangement import PINNED
from .entries import ChatRow, DayHeading, Heading, MachineLine
from .model import ENTRY_ROLE

ROW_HEIGHT_PX = 48
COMPACT_ROW_HEIGHT_PX = 28
COMPACT_LONG_ROW_HEIGHT_PX = 46
"""A compact row keeps the second line of a question or a failure: rows get smaller, questions do not."""
DAY_HEIGHT_PX = 24
MACHINE_HEIGHT_PX = 24
COLLAPSED_ROW_HEIGHT_PX = 40
HEADING_HEIGHT_PX = 28
_TEXT_LEFT_PX = 36
_TILE_PX, _TILE_SHARE = 32, 0.16
DOT_PX = 8
_PIN_PX = 12
_COMPACT_TEXT_LEFT_PX = 54
_BELL_PX = 12
_BETWEEN = " · "
_FIRST_SHARE = 0.45
_WORD_SHARE = 0.35
_MORE_PX = 16
_ACCOUNT_PX = 56
_MIN_PX = 32
"""Less room than this is not worth a dot and an ellipsis."""

_LEAST_CHARACTERS = 4
"""A part of a line that is cut to fewer characters than this says nothing, and is left out."""


def shortened(metrics: QFontMetrics, text: str, width_px: int, *, asks: bool = False) -> str:
    """The text cut at its end to a width, without a last part of which too little would be left.

    A question is cut in its middle: both ends of a command are visible.
    """
    if asks:
        return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, width_px)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width_px)
    if shown == text:
        return text
    kept = shown[:-1].rstrip(_BETWEEN)
    if text.startswith(kept + _BETWEEN):
        return kept
    before, _, cut = kept.rpartition(_BETWEEN)
    return before if before and len(cut) < _LEAST_CHARACTERS else f"{kept}…"


def paint_state(painter: QPainter, center: QPointF, entry: ChatRow, tokens: Tokens) -> None:
    """Paint the mark of what a chat does, which shows its output while it works; what does nothing has none."""
    if entry.mark == Mark.WORKING.value and entry.bars:
        paint_live_mark(painter, center, tokens, [bar / HIGHEST for bar in entry.bars[-LIVE_BARS:]])
    elif entry.mark != Mark.IDLE.value:
        paint_mark(painter, Mark(entry.mark), center, tokens)


def _keeps_line(entry: ChatRow) -> bool:
    """Whether a compact row has its second line."""
    return entry.asks or entry.failed


class SidebarDelegate(QStyledItemDelegate):
    """A row is a mark, a name and an age, and a quieter line below; collapsed, the chat's letters with the mark.

    Attributes:
        collapsed: rows show only agents and marks.
        compact: rows have one line.
        is_by_state: the rows are in groups by state; collapsed, a line is between two groups.
        is_by_project: the rows are below the names of their projects.
    """

    def __init__(self, theme: Theme, view: QWidget) -> None:
        super().__init__(view)
        self._theme = theme
        self.collapsed = False
        self.compact = False
        self.is_by_state, self.is_by_project = True, False
        self.is_single = True
        """Whether at most one row is selected: the current one, which is only outlined."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        entry = index.data(ENTRY_ROLE)
        if isinstance(entry, Heading):
            return QSize(0, HEADING_HEIGHT_PX + (GAP_S_PX if index.row() else 0))
        if isinstance(entry, DayHeading):
            return QSize(0, DAY_HEIGHT_PX)
        if isinstance(entry, MachineLine):
            return QSize(0, MACHINE_HEIGHT_PX)
        usual = ROW_HEIGHT_PX
        if self.compact:
            usual = COMPACT_LONG_ROW_HEIGHT_PX if _keeps_line(entry) else COMPACT_ROW_HEIGHT_PX
        return QSize(0, COLLAPSED_ROW_HEIGHT_PX if self.collapsed else usual)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        if self.collapsed and isinstance(index.data(ENTRY_ROLE), ChatRow):
            return True  # The flyout says it.
        hide_others(index.data(Qt.ItemDataRole.ToolTipRole) or "", view.viewport())
        return super().helpEvent(event, view, option, index)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry = index.data(ENTRY_ROLE)
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if isinstance(entry, Heading):
            self._paint_heading(painter, area, entry, has_focus=bool(state & QStyle.StateFlag.State_HasFocus))
        elif isinstance(entry, DayHeading):
            self._paint_day(painter, area, entry)
        elif isinstance(entry, MachineLine):
            self._paint_machine(painter, area, entry, state)
        elif isinstance(entry, ChatRow):
            ground = self._paint_background(painter, area, entry, state)
            is_hovered = bool(state & QStyle.StateFlag.State_MouseOver)
            if entry.label:
                left = area.left() + (5 if self.collapsed else 7)
                stripe = QRectF(left, area.top() + 8, LABEL_PX, area.height() - 17)
                paint_label(painter, stripe, self._theme.tokens.label_color(entry.label))
            if self.collapsed:
                above = index.sibling(index.row() - 1, 0).data(ENTRY_ROLE)
                if self.is_by_state and isinstance(above, ChatRow) and above.chat.group is not entry.chat.group:
                    line = QRect(area.left() + GAP_M_PX, area.top(), area.width() - 2 * GAP_M_PX, 1)
                    painter.fillRect(line, self._theme.tokens.color("hairline"))
                self._paint_collapsed(painter, area, entry, ground)
            elif self.compact:
                self._paint_compact(painter, area, entry, ground, is_hovered=is_hovered)
            else:
                self._paint_row(painter, area, entry, ground, is_hovered=is_hovered)
        painter.restore()

    def _paint_heading(self, painter: QPainter, area: QRect, entry: Heading, *, has_focus: bool) -> None:
        tokens = self._theme.tokens
        line = QRect(area.left(), area.bottom() - HEADING_HEIGHT_PX + 1, area.width(), HEADING_HEIGHT_PX)
        if has_focus:
            paint_frame(painter, QRectF(line).adjusted(4, 0, -4, -1), tokens.color("accent"))
        # Directories are not written in capitals: two names may differ only in that.
        painter.setFont(font(HEADING_PX, bold=True, capitals=entry.group is not None or entry.key == PINNED))
        painter.setPen(tokens.color("needs_you" if entry.group is Group.NEEDS_YOU else "secondary"))
        text = line.adjusted(GAP_M_PX, 0, -GAP_M_PX, 0)
        # Of two projects of one name, the paths are shown: both their ends tell.
        cut = Qt.TextElideMode.ElideMiddle if "/" in entry.title else Qt.TextElideMode.ElideRight
        title = QFontMetrics(painter.font()).elidedText(entry.title, cut, text.width() - 48)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(font(HEADING_PX))
        painter.drawText(
            text.adjusted(0, 0, -16, 0),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            str(entry.count) if entry.count else "",
        )
        caret = QRectF(text.right() - 11, line.center().y() - 5, 12, 12)
        paint_glyph(painter, Glyph.FOLDED if entry.folded else Glyph.EXPANDED, caret, tokens.color("secondary"))

    def _paint_day(self, painter: QPainter, area: QRect, entry: DayHeading) -> None:
        painter.setFont(font(HEADING_PX))
        painter.setPen(self._theme.tokens.color("secondary"))
        text = area.adjusted(GAP_M_PX, 4, -GAP_M_PX, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, entry.title)

    def _paint_machine(self, painter: QPainter, area: QRect, entry: MachineLine, state: QStyle.StateFlag) -> None:
        """Its state, and what the user can do about it; the whole line does that."""
        tokens = self._theme.tokens
        if state & QStyle.StateFlag.State_HasFocus:
            paint_frame(painter, QRectF(area).adjusted(4, 0, -4, -1), tokens.color("accent"))
        painter.setFont(font(SECONDARY_PX))
        metrics = painter.fontMetrics()
        text, middle = area.adjusted(GAP_M_PX, 0, -GAP_M_PX, -1), Qt.AlignmentFlag.AlignVCenter
        if entry.action:
            painter.setPen(tokens.color("accent"))
            painter.drawText(text, Qt.AlignmentFlag.AlignRight | middle, entry.action)
            text.setRight(text.right() - metrics.horizontalAdvance(entry.action) - GAP_S_PX)
        painter.setPen(tokens.color("secondary"))
        shown = metrics.elidedText(entry.text, Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | middle, shown)

    def _paint_background(self, painter: QPainter, area: QRect, entry: ChatRow, state: QStyle.StateFlag) -> QColor:
        """Paint what is behind a row; returns its colour."""
        tokens = self._theme.tokens
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        selected = bool(state & QStyle.StateFlag.State_Selected) and not self.is_single
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        # Beside several selected rows, the shown chat's would look like one of them.
        shown = entry.active and self.is_single
        if not (hovered or focused or selected or shown):
            return tokens.color("sidebar")
        line = tokens.color("accent") if focused else None
        background = tokens.color("selected" if shown or selected else "hover")
        paint_frame(painter, QRectF(area).adjusted(4, 0, -4, -1), line, background)
        return background

    def _paint_row(self, painter: QPainter, area: QRect, entry: ChatRow, ground: QColor, *, is_hovered: bool) -> None:
        """Two lines: the project's dot, name, machine, agent and age; below them the mark and what the chat does."""
        first = QRect(area.left() + _TEXT_LEFT_PX, area.top() + 5, area.width() - _TEXT_LEFT_PX - GAP_M_PX, 20)
        second = first.translated(0, 18)
        middle = area.left() + 22
        self._paint_dot(painter, QPointF(middle, first.center().y() + 0.5), entry)
        paint_state(painter, QPointF(middle, second.center().y() + 0.5), entry, self._theme.tokens)
        self._paint_name(painter, first, entry, entry.machine, is_hovered=is_hovered)
        painter.setFont(font(SECONDARY_PX))
        if entry.bars:
            self._paint_bars(painter, second, entry.bars)
            second.setRight(second.right() - 2 * BARS - GAP_S_PX)
        elif any(entry.lines) and not entry.asks:  # A question gets all of the line.
            paint_squares(painter, second, *squares(*entry.lines), self._theme.tokens)
            second.setRight(second.right() - SQUARES_PX - GAP_S_PX)
        if entry.context and not entry.asks:
            self._paint_context(painter, second, entry.context, ground)
        self._paint_second_line(painter, second, entry, ground)

    def _paint_dot(self, painter: QPainter, center: QPointF, entry: ChatRow) -> None:
        """The project's dot."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(project_color(entry.hue, self._theme.tokens))
        painter.drawEllipse(center, DOT_PX / 2, DOT_PX / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_bars(self, painter: QPainter, area: QRect, bars: Sequence[int]) -> None:
        """Paint a working chat's output at the right: bars on a base line."""
        tokens, left, bottom = self._theme.tokens, area.right() + 2 - 2 * BARS, area.center().y() + 5
        painter.fillRect(QRect(left, bottom, 2 * BARS - 1, 1), tokens.color("border"))
        for number, height in enumerate(bars):
            if height:
                painter.fillRect(QRect(left + 2 * number, bottom - height, 1, height + 1), tokens.color("accent"))

    def _paint_context(self, painter: QPainter, area: QRect, percent: int, ground: QColor) -> None:
        """Paint how full the context is at an area's right, and take its room from the area."""
        text = chat_texts.PERCENT(percent=percent)
        color = self._theme.tokens.color("failed" if percent >= FULL_PERCENT else "needs_you")
        painter.setPen(on(color, ground))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        area.setRight(area.right() - painter.fontMetrics().horizontalAdvance(text) - GAP_S_PX)

    def _paint_compact(
        self, painter: QPainter, area: QRect, entry: ChatRow, ground: QColor, *, is_hovered: bool
    ) -> None:
        """One line: mark, the project's dot, name, agent and age; in place of the age until when a limit lasts.

        After the name is what tells the chat from others of that name, and its machine. Below is a question or a
        failure.
        """
        line = QRect(area.topLeft(), QSize(area.width(), COMPACT_ROW_HEIGHT_PX))
        line.adjust(_COMPACT_TEXT_LEFT_PX, 0, -GAP_M_PX, -1)
        height = line.center().y() + 0.5
        paint_state(painter, QPointF(area.left() + 22, height), entry, self._theme.tokens)
        self._paint_dot(painter, QPointF(area.left() + 40, height), entry)
        difference = chat_texts.joined(entry.machine, entry.difference)
        self._paint_name(painter, line, entry, difference, is_hovered=is_hovered)
        if _keeps_line(entry):
            painter.setFont(font(SECONDARY_PX))
            self._paint_second_line(painter, line.translated(0, 18), entry, ground)

    def more_area(self, row: QRect) -> QRect:
        """Where a row under the pointer has its three dots, which open its menu."""
        height_px = min(row.height(), _MORE_PX + 10)
        return QRect(row.right() - GAP_M_PX - _MORE_PX, row.top(), _MORE_PX + GAP_M_PX, height_px)

    def _paint_name(
        self, painter: QPainter, area: QRect, entry: ChatRow, difference: str = "", *, is_hovered: bool
    ) -> None:
        """The name, a quieter text after it, and on the right its agent and age, with a bell or a pin before them.

        Under the pointer, agent and age make room for the project's word and three dots; nothing else moves.
        """
        tokens = self._theme.tokens
        middle = Qt.AlignmentFlag.AlignVCenter
        small = font(SECONDARY_PX)
        agent = entry.monogram if entry.shows_agent else ""
        age = (self.compact and entry.until) or entry.age
        taken = QFontMetrics(small).horizontalAdvance(age)
        account = ""
        if entry.account:
            account = QFontMetrics(small).elidedText(entry.account, Qt.TextElideMode.ElideRight, _ACCOUNT_PX)
            taken += QFontMetrics(small).horizontalAdvance(account) + GAP_S_PX
        account_px = taken
        if agent:
            taken += QFontMetrics(font(HEADING_PX, bold=True)).horizontalAdvance(agent) + GAP_S_PX
        if is_hovered:
            dots = QRectF(area.right() - _MORE_PX + 1, area.center().y() - _MORE_PX / 2 + 1, _MORE_PX, _MORE_PX)
            paint_glyph(painter, Glyph.MORE, dots, tokens.color("secondary"))
        else:
            painter.setFont(small)
            painter.setPen(tokens.color("secondary"))
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, age)
            if account:
                words = area.adjusted(area.width() - account_px, 0, 0, 0)
                painter.drawText(words, Qt.AlignmentFlag.AlignLeft | middle, account)
            if agent:
                painter.setFont(font(HEADING_PX, bold=True))
                letters = area.adjusted(area.width() - taken, 0, 0, 0)
                painter.drawText(letters, Qt.AlignmentFlag.AlignLeft | middle, agent)
        marks = (
            (Glyph.MUTED, "secondary", entry.muted),
            (Glyph.BELL, "accent", bool(entry.rang)),
            (Glyph.PIN, "secondary", entry.pinned),
        )
        for glyph, color, is_shown in marks:
            if is_shown:
                taken += _PIN_PX + 4
                rect = QRectF(area.right() - taken, area.center().y() - _PIN_PX / 2, _PIN_PX, _PIN_PX)
                paint_glyph(painter, glyph, rect, tokens.color(color))
        if is_hovered:
            word = age if self.is_by_project else entry.project
            word = QFontMetrics(small).elidedText(word, Qt.TextElideMode.ElideRight, round(area.width() * _WORD_SHARE))
            taken = (taken if any(is_shown for _, _, is_shown in marks) else _MORE_PX) + GAP_S_PX
            painter.setFont(small)
            painter.setPen(tokens.color("secondary"))
            painter.drawText(area.adjusted(0, 0, -taken, 0), Qt.AlignmentFlag.AlignRight | middle, word)
            taken += QFontMetrics(small).horizontalAdvance(word)
        name_font = font(bold=entry.unseen)
        painter.setFont(name_font)
        painter.setPen(tokens.color("secondary" if entry.dimmed and not entry.active else "text"))
        room = area.width() - taken - GAP_S_PX
        metrics = QFontMetrics(name_font)
        # The name gives way to the difference, but keeps the larger part.
        given = QFontMetrics(small).horizontalAdvance(difference) + GAP_S_PX + 2 if difference else 0
        own = max(room - given, int(room * (1 - _FIRST_SHARE)))
        name = metrics.elidedText(entry.name, Qt.TextElideMode.ElideRight, own)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | middle, name)
        left = metrics.horizontalAdvance(name) + GAP_S_PX
        if difference and room - left >= _MIN_PX:
            painter.setFont(small)
            painter.setPen(tokens.color("secondary"))
            shown = QFontMetrics(small).elidedText(difference, Qt.TextElideMode.ElideRight, room - left)
            painter.drawText(area.adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | middle, shown)

    def _paint_collapsed(self, painter: QPainter, area: QRect, entry: ChatRow, ground: QColor) -> None:
        """Collapsed: the chat's letters on its project's colour, a badge for its state, and what was not seen.

        A shell's letters are in a frame.
        """
        tokens = self._theme.tokens
        tile = QRectF(
            area.center().x() - _TILE_PX / 2 + 0.5, area.center().y() - _TILE_PX / 2 + 0.5, _TILE_PX, _TILE_PX
        )
        color = project_color(entry.hue, tokens)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if entry.chat.record.origin.is_shell_or_command:
            paint_frame(painter, tile, tokens.color("border"), radius_px=RADIUS_PX + 2)
            behind = ground
        else:
            behind = blend(color.name(), tokens.sidebar, _TILE_SHARE)
            paint_frame(painter, tile, None, behind, radius_px=RADIUS_PX + 2)
        painter.setFont(font(SECONDARY_PX, bold=True))
        painter.setPen(on(tokens.color("secondary") if entry.dimmed else color, behind))
        painter.drawText(tile, Qt.AlignmentFlag.AlignCenter, entry.letters)
        if entry.mark != Mark.IDLE.value:
            badge = tile.bottomRight() + QPointF(-1, -1)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawEllipse(badge, 7.5, 7.5)
            paint_mark(painter, Mark(entry.mark), badge, tokens, 11)
        if entry.rang:
            corner = QRectF(tile.right() - _BELL_PX / 2, tile.top() - _BELL_PX / 2, _BELL_PX, _BELL_PX)
            paint_glyph(painter, Glyph.BELL, corner, tokens.color("accent"))
        elif entry.unseen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.color("accent"))
            painter.drawEllipse(tile.topRight() + QPointF(-1, 1), 3, 3)

    def _paint_second_line(self, painter: QPainter, area: QRect, entry: ChatRow, ground: QColor) -> None:
        """Paint a chat's status and directory. A question is in the text's colour, an error in that of failures."""
        tokens = self._theme.tokens
        status_color = "text" if entry.asks else "failed" if entry.failed else "secondary"
        pieces = [(entry.status, status_color), (entry.location, "secondary")]
        pieces = [piece for piece in (pieces if entry.status_first else pieces[::-1]) if piece[0]]
        metrics = painter.fontMetrics()
        width = area.width()
        if len(pieces) == 2:
            room = width - metrics.horizontalAdvance(_BETWEEN)
            # A text that just fits is wider than its advance in whole pixels.
            first, second = (metrics.horizontalAdvance(text) + 2 for text, _ in pieces)
            # A question, and a location before the agent’s title, do not shrink for the second text; others do.
            is_whole = entry.asks or not entry.status_first
            width = min(first, room if is_whole else max(room - second, int(room * _FIRST_SHARE)))
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        rect = QRect(area)
        for number, (text, color) in enumerate(pieces):
            if number:
                width = rect.width() - metrics.horizontalAdvance(_BETWEEN)
                if metrics.horizontalAdvance(text) > width < _MIN_PX:
                    return
                painter.setPen(tokens.color("secondary"))
                painter.drawText(rect, middle, _BETWEEN)
                rect.setLeft(rect.left() + metrics.horizontalAdvance(_BETWEEN))
            painter.setPen(on(tokens.color(color), ground))
            shown = shortened(metrics, text, width, asks=entry.asks and text == entry.status)
            painter.drawText(rect, middle, shown)
            rect.setLeft(rect.left() + metrics.horizontalAdvance(shown))
