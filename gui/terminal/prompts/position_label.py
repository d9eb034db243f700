"""A label that shows a text for a moment in a terminal's lower right corner, or upper one if the user types below."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.terminal.drawing.regions import least_covering
from gui.terminal.drawing.surface import Surface
from gui.theme import tokens
from gui.theme.frames import paint_frame
from gui.theme.tokens import blend

_SHOWN_MS = 1600
_MARGIN_PX = 12
_INSIDE_PX = 10
_BACKGROUND_SHARE = 0.14


class PositionLabel(QWidget):
    """The label; it takes no mouse events and no keyboard focus."""

    def __init__(self, view: QWidget, surface: Surface, typed_areas: Callable[[], list[QRect]]) -> None:
        """Create the hidden label; ``typed_areas`` returns the parts of the view that the user types into."""
        super().__init__(view)
        self._typed_areas = typed_areas
        self._view = view
        self._surface = surface
        self._text = ""
        self.setFont(tokens.font(tokens.SECONDARY_PX))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._hide_timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._hide_timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The visible text; "" while the label is hidden."""
        return self._text if self.isVisible() else ""

    def show_text(self, text: str) -> None:
        """Show a text for a moment."""
        self._text = text
        self.setAccessibleName(text)
        size, room = self.sizeHint(), self._view.size()
        left = room.width() - size.width() - 2 * _MARGIN_PX
        bottom, top = (QRect(QPoint(left, y), size) for y in (room.height() - size.height() - _MARGIN_PX, _MARGIN_PX))
        self.setGeometry(least_covering([bottom, top], self._typed_areas()))
        self.show()
        self.raise_()
        self.update()
        self._hide_timer.start()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2 * _INSIDE_PX, metrics.height() + _INSIDE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._surface.theme
        painter = QPainter(self)
        line, background = (blend(theme.foreground, theme.background, share * _BACKGROUND_SHARE) for share in (2, 1))
        paint_frame(painter, QRectF(self.rect()), line, background)
        painter.setPen(theme.foreground)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
        painter.end()
