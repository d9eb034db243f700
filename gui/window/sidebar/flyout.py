"""The whole row of a chat, shown beside the collapsed list while the pointer is over its tile."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QEnterEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.chat_memory import ChatMemory
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font, on, project_color
from gui.timers import single_shot
from gui.wording import window_texts
from gui.wording.chat_texts import joined
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.untrusted_text import one_line
from session_host.standing.sleep import memory_words

from .delegate import DOT_PX, paint_state
from .entries import ChatRow

WIDTH_PX = 304
LEFT_MS = 400
"""How long it stays while the pointer is neither on the tile nor on it."""
_RADIUS_PX = 8
_TEXT_LEFT_PX = GAP_M_PX + 20
_LINE_PX = 19


class Flyout(QWidget):
    """The row: name and age; mark and second line; project and agent; memory and context. It lies over the pages.

    Of a prompt that is to be sent at a time, it says the text, and takes it back at a click on a word: it stays while
    the pointer is on its way there from the tile.

    Attributes:
        entry: the row; None while it is hidden.
    """

    def __init__(self, theme: Theme, window: QWidget, memory: ChatMemory, take_back: Callable[[Chat], object]) -> None:
        """``take_back`` takes a chat's later prompt back."""
        super().__init__(window)
        self._theme, self._window, self._memory, self._take_back = theme, window, memory, take_back
        self._word = QRect()
        """The area of the word that takes the prompt back."""
        self._is_pressed = False
        self._left = single_shot(self, LEFT_MS)
        self._left.timeout.connect(self.hide_row)
        self.entry: ChatRow | None = None
        self._corner = QPoint()
        self.setMouseTracking(True)
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

    @property
    def _later(self) -> LaterPrompt | None:
        prompt = self.entry.chat.record.later if self.entry is not None and not self.entry.chat.has_ended else None
        return prompt if prompt is not None and prompt.waits else None

    @property
    def then(self) -> str:
        """What will be sent, unless the second line says it; "" for nothing."""
        if self.entry is None or (prompt := self._later) is None:
            return ""
        text = one_line(prompt.text)
        return "" if text in self.entry.second_line else window_texts.THEN(text=text)

    @property
    def action(self) -> str:
        """The word that takes it back; "" for none."""
        if (prompt := self._later) is None:
            return ""
        return window_texts.DO_NOT_CONTINUE() if prompt.continues else window_texts.DO_NOT_SEND()

    @property
    def lines(self) -> list[str]:
        """The quiet lines."""
        return list(filter(None, (self.last_line, self.then, joined(self.figures, self.action))))

    def show_at(self, entry: ChatRow, left_px: int, top_px: int) -> None:
        """Show a row, its left upper corner at a point of the window, or as near as the window has room."""
        self.entry, self._corner = entry, QPoint(left_px, top_px)
        # Without a word for it, the mouse is for what lies below.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not self.action)
        self._memory.look(entry.chat, again=True)
        self._place()
        self.show()
        self.raise_()

    def _place(self) -> None:
        if self.entry is None:
            return
        lines = 1 + bool(self.entry.second_line) + len(self.lines)
        height_px = 2 * GAP_M_PX + lines * _LINE_PX
        room, left_px = self._window.rect(), self._corner.x()
        width_px = min(WIDTH_PX, room.width() - left_px - GAP_S_PX)
        top_px = max(min(self._corner.y(), room.height() - height_px - GAP_S_PX), 0)
        self.setGeometry(left_px, top_px, width_px, height_px)
        self.update()

    def stay(self) -> None:
        """Stay, because the pointer is on the tile."""
        self._left.stop()

    def leave(self) -> None:
        """Hide, because the pointer has left the tile; soon, if it may be on its way here."""
        if self.action:
            self._left.start()
        else:
            self.hide_row()

    def enterEvent(self, _event: QEnterEvent) -> None:
        self._left.stop()

    def leaveEvent(self, _event: QEvent) -> None:
        self._left.start()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        is_on_word = self._word.contains(event.position().toPoint())
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_on_word else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._is_pressed = self._word.contains(event.position().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._is_pressed and self._word.contains(event.position().toPoint()) and self.entry is not None:
            self._take_back(self.entry.chat)
            self.hide_row()
        self._is_pressed = False

    def hide_row(self) -> None:
        """Show nothing."""
        self._left.stop()
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
        for text in self.lines:
            line.translate(0, _LINE_PX)
            _draw(painter, line, text)
        self._word = QRect()
        if self.action:  # It ends the last line.
            metrics = painter.fontMetrics()
            left_px = metrics.horizontalAdvance(self.lines[-1].removesuffix(self.action))
            width_px = min(metrics.horizontalAdvance(self.action), line.width() - left_px)
            self._word = QRect(line.left() + left_px, line.top(), width_px, line.height())
            painter.fillRect(self._word, ground)
            painter.setPen(on(tokens.color("accent"), ground))
            _draw(painter, self._word, self.action)
        painter.end()


def _draw(painter: QPainter, area: QRect, text: str) -> None:
    """Draw a text that is cut at its end."""
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
