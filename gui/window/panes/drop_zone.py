"""Drop targets of tabs and chats, and the coloured area that shows one."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.settings.pane_tree import Side
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, RADIUS_PX

EDGE_SHARE = 0.25
"""A tab that is dropped this near to an edge of a page, as a share of the page's size, splits the pane."""
_ALPHA = 0.22
_BORDER_PX = 2


class Drop(NamedTuple):
    """A drop target.

    Attributes:
        pane: the pane's number.
        side: the side at which the pane is split; None for a tab of the pane itself.
        at: the tab's index in the row; -1 for the end.
    """

    pane: int
    side: Side | None = None
    at: int = -1


def side_at(point: QPoint, page: QRect) -> Side | None:
    """The edge of a page that a point is near to; None in the middle."""
    across = (point.x() - page.left()) / max(page.width(), 1)
    along = (point.y() - page.top()) / max(page.height(), 1)
    distances: dict[Side, float] = {"left": across, "right": 1 - across, "up": along, "down": 1 - along}
    nearest = min(distances, key=lambda side: distances[side])
    return nearest if distances[nearest] < EDGE_SHARE else None


def half_of(page: QRect, side: Side | None) -> QRect:
    """The half of a page that a new pane gets at one side; the whole page for None."""
    width, height = page.width() // 2, page.height() // 2
    match side:
        case "left":
            return QRect(page.left(), page.top(), width, page.height())
        case "right":
            return QRect(page.left() + page.width() - width, page.top(), width, page.height())
        case "up":
            return QRect(page.left(), page.top(), page.width(), height)
        case "down":
            return QRect(page.left(), page.top() + page.height() - height, page.width(), height)
        case None:
            return page


class DropZone(QWidget):
    """The coloured area over the panes where a dragged tab would go.

    Attributes:
        text: why the area is not the half at an edge; "" for nothing to say.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_at(self, area: QRect, text: str = "") -> None:
        """Cover this area of the parent, with this text."""
        self.text = text
        self.setGeometry(area)
        self.update()
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        accent = self._theme.tokens.color("accent")
        background = QColor(accent)
        background.setAlphaF(_ALPHA)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if min(self.width(), self.height()) <= 2 * _BORDER_PX:
            painter.fillRect(self.rect(), accent)
        else:
            half = _BORDER_PX / 2
            painter.setPen(QPen(accent, _BORDER_PX))
            painter.setBrush(background)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), RADIUS_PX, RADIUS_PX)
        if self.text:
            self._paint_text(painter)
        painter.end()

    def _paint_text(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        room = self.rect().adjusted(GAP_M_PX, GAP_S_PX, -GAP_M_PX, -GAP_S_PX)
        centered = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        words = painter.boundingRect(room, centered, self.text)
        painter.setPen(QPen(tokens.color("border"), 1))
        painter.setBrush(tokens.color("raised"))
        painter.drawRoundedRect(words.adjusted(-GAP_S_PX, -4, GAP_S_PX, 4), RADIUS_PX, RADIUS_PX)
        painter.setPen(tokens.color("text"))
        painter.drawText(words, centered, self.text)
