"""The button of a tab that closes it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from gui.theme.icons import Glyph, paint_glyph
from gui.theme.theme import Theme


class CloseButton(QAbstractButton):
    """A tab's ×; painted only while its tab is in front or under the pointer, so that it does not distract."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.visible_mark = False
        self.setFixedSize(20, 20)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # It looks different under the mouse.

    def sizeHint(self) -> QSize:
        return QSize(20, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not (self.visible_mark or self.underMouse()):
            return
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            background = QColor(tokens.text)
            background.setAlphaF(0.12)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(background)
            painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        color = tokens.color("text" if self.underMouse() else "secondary")
        paint_glyph(painter, Glyph.CLOSE, QRectF(4, 4, 12, 12), color)
        painter.end()
