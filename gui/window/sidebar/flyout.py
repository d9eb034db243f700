"""The whole row of a chat, shown beside the collapsed list while the pointer is over its tile."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font, on, project_color
from gui.wording import window_texts
from gui.wording.chat_texts import joined

from .delegate import DOT_PX, paint_state
from .entries import ChatRow

WIDTH_PX = 304
_RADIUS_PX = 8
_TEXT_LEFT_PX = GAP_M_PX + 20
_LINE_PX = 19


class Flyout(QWidget):
    """The row: name and age; mark and second line; project and agent. It lies over the pages.

    Attributes:
        entry: the row; None while it is hidden.
    """

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._window = theme, window
        self.entry: ChatRow | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        theme.changed.connect(self.update)

    @property
    def last_line(self) -> str:
        """Project, agent and machine, and how full the model's context is."""
        entry = self.entry
        if entry is None:
            return ""
        context = entry.chat.record.status.context
        known = window_texts.CONTEXT(percent=context) if 0 < context <= 100 and not entry.chat.has_ended else ""
        project = entry.project if entry.project != entry.second_line else ""
        return joined(project, entry.chat.agent_and_account, entry.machine, known)

    def show_at(self, entry: ChatRow, left_px: int, top_px: int) -> None:
        """Show a row, its left upper corner at a point of the window, or as near as the window has room."""
        self.entry = entry
        height_px = 2 * GAP_M_PX + (3 if entry.second_line else 2) * _LINE_PX
        room = self._window.rect()
        width_px = min(WIDTH_PX, room.width() - left_px - GAP_S_PX)
        self.setGeometry(left_px, max(min(top_px, room.height() - height_px - GAP_S_PX), 0), width_px, height_px)
        self.update()
        self.show()
        self.raise_()

    def hide_row(self) -> None:
        """Show nothing."""
        self.entry = None
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        entry, tokens = self.entry, self._theme.tokens
        if entry is None:
            return
        painter = QPainter(self)
        ground = tokens.color("raised")
        paint_frame(painter, QRectF(self.rect()), tokens.color("border"), ground, radius_px=_RADIUS_PX)
        line = QRect(_TEXT_LEFT_PX, GAP_M_PX, self.width() - _TEXT_LEFT_PX - GAP_M_PX, _LINE_PX)
        middle = GAP_M_PX + DOT_PX / 2 + 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(project_color(entry.hue, tokens))
        painter.drawEllipse(QPointF(middle, line.center().y() + 0.5), DOT_PX / 2, DOT_PX / 2)
        painter.setFont(font(SECONDARY_PX))
        painter.setPen(tokens.color("secondary"))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, entry.age)
        age_px = painter.fontMetrics().horizontalAdvance(entry.age) + GAP_S_PX
        painter.setFont(font(bold=True))
        painter.setPen(tokens.color("text"))
        _draw(painter, line.adjusted(0, 0, -age_px, 0), entry.chat.full_name)
        painter.setFont(font(SECONDARY_PX))
        if entry.second_line:
            line.translate(0, _LINE_PX)
            paint_state(painter, QPointF(middle, line.center().y() + 0.5), entry, tokens)
            color = "text" if entry.asks else "failed" if entry.failed else "secondary"
            painter.setPen(on(tokens.color(color), ground))
            _draw(painter, line, entry.second_line)
        line.translate(0, _LINE_PX)
        painter.setPen(tokens.color("secondary"))
        _draw(painter, line, self.last_line)
        painter.end()


def _draw(painter: QPainter, area: QRect, text: str) -> None:
    """Draw a text that is cut at its end."""
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
