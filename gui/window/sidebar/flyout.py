"""The whole row of a chat, shown beside the collapsed list while the pointer is over its tile."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.bridge.chat_memory import ChatMemory
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font, on, project_color
from gui.wording import window_texts
from gui.wording.chat_texts import joined
from session_host.standing.sleep import memory_words

from .delegate import DOT_PX, paint_state
from .entries import ChatRow

WIDTH_PX = 304
_RADIUS_PX = 8
_TEXT_LEFT_PX = GAP_M_PX + 20
_LINE_PX = 19


class Flyout(QWidget):
    """The row: name and age; mark and second line; project and agent; memory and context. It lies over the pages.

    Attributes:
        entry: the row; None while it is hidden.
    """

    def __init__(self, theme: Theme, window: QWidget, memory: ChatMemory) -> None:
        super().__init__(window)
        self._theme, self._window, self._memory = theme, window, memory
        self.entry: ChatRow | None = None
        self._corner = QPoint()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        theme.changed.connect(self.update)
        memory.changed.connect(self._place)

    @property
    def last_line(self) -> str:
        """Project, agent with its account, and machine."""
        entry = self.entry
        if entry is None:
            return ""
        project = entry.project if entry.project != entry.second_line else ""
        return joined(project, entry.chat.agent_and_account, entry.machine)

    @property
    def figures(self) -> str:
        """The memory of its processes, and how full the model's context is; "" while neither is known."""
        if self.entry is None or self.entry.chat.has_ended:
            return ""
        context, size = self.entry.chat.record.status.context, self._memory.size_bytes
        return joined(
            memory_words(size) if size is not None else "",
            window_texts.CONTEXT(percent=context) if 0 < context <= 100 else "",
        )

    def show_at(self, entry: ChatRow, left_px: int, top_px: int) -> None:
        """Show a row, its left upper corner at a point of the window, or as near as the window has room."""
        self.entry, self._corner = entry, QPoint(left_px, top_px)
        self._memory.look(entry.chat, again=True)
        self._place()
        self.show()
        self.raise_()

    def _place(self) -> None:
        if self.entry is None:
            return
        lines = 2 + bool(self.entry.second_line) + bool(self.figures)
        height_px = 2 * GAP_M_PX + lines * _LINE_PX
        room, left_px = self._window.rect(), self._corner.x()
        width_px = min(WIDTH_PX, room.width() - left_px - GAP_S_PX)
        top_px = max(min(self._corner.y(), room.height() - height_px - GAP_S_PX), 0)
        self.setGeometry(left_px, top_px, width_px, height_px)
        self.update()

    def hide_row(self) -> None:
        """Show nothing."""
        if self.entry is not None:
            self._memory.look(None)
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
        painter.setPen(tokens.color("secondary"))
        for text in filter(None, (self.last_line, self.figures)):
            line.translate(0, _LINE_PX)
            _draw(painter, line, text)
        painter.end()


def _draw(painter: QPainter, area: QRect, text: str) -> None:
    """Draw a text that is cut at its end."""
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
