"""Places the panes of a window, the dividers between them, and the coloured area where a dragged tab would go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from gui.settings.pane_tree import Divider, Node, Pane, Rect, Side, areas, moved, split
from gui.theme.theme import Theme
from gui.theme.tokens import BAR_HEIGHT_PX, GAP_M_PX, GAP_S_PX, RADIUS_PX

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


GAP_PX = 0
"""Lines lie on the edges of panes. A gap of one pixel would be two pixels of some screens, and a line fills one."""
GRIP_BEFORE_PX, GRIP_AFTER_PX = 2, 4
"""The mouse takes hold of a line this far before and after it. Tabs and scroll bars lie before it, padding after it."""
BUTTON_ROOM_PX = 120
MIN_WIDTH_PX = 100
MIN_HEIGHT_PX = BAR_HEIGHT_PX + 84
"""A pane's size that the mouse and the keyboard leave to it."""
MIN_HALF_WIDTH_PX = 160
MIN_HALF_HEIGHT_PX = MIN_HEIGHT_PX
"""The least size of the two panes of a split: some 18 columns or four rows of a terminal, or a button of a question.

A minimum in columns would refuse a split to a user with a large font, who wants it.
"""
RESIZE_PX = {"left": -24, "right": 24, "up": -20, "down": 20}
"""How far a key moves the line of a pane: about three columns, or one row."""


class PaneArea(QWidget):
    """All panes of a window, as their tree says, or one of them that covers the others.

    The panes are children with a geometry, not splitters in splitters: a pane that moves in the tree has the same
    parent as before, so it isn't hidden and shown again.

    Attributes:
        zone: shows where a dragged tab would go.

    Signals:
        divider_moved: the user drags a line (a Divider) this many pixels right or down.
        even_out_requested: the user wants panes of the same size.
    """

    divider_moved = Signal(object, int)
    even_out_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._tree: Node = Pane(0)
        self._panes: Mapping[int, QWidget] = {}
        self._covering: int | None = None
        self._lines: list[_Line] = []
        self.rectangles: dict[int, Rect] = {}
        """The area of each pane; of panes behind one that covers them, too."""
        self.dividers: list[Divider] = []
        self.zone = DropZone(theme, self)

    def arrange(self, tree: Node, panes: Mapping[int, QWidget], covering: int | None) -> None:
        """Place these panes; ``covering`` is the one that covers the others."""
        self._tree, self._panes, self._covering = tree, panes, covering
        for pane in panes.values():
            if pane.parent() is not self:
                pane.setParent(self)
        self._lay_out()

    def _lay_out(self) -> None:
        whole = Rect(0, 0, self.width(), self.height())
        self.rectangles, self.dividers = areas(self._tree, whole, GAP_PX)
        for number, pane in self._panes.items():
            if self._covering is None or self._covering == number:
                pane.setGeometry(*(whole if self._covering == number else self.rectangles[number]))
                pane.show()
            else:
                pane.hide()
        shown = [] if self._covering is not None else self.dividers
        while len(self._lines) > len(shown):
            line = self._lines.pop()
            line.hide()
            line.deleteLater()
        while len(self._lines) < len(shown):
            self._lines.append(_Line(self._theme, self))
        for line, divider in zip(self._lines, shown, strict=True):
            line.place_at(divider)

    def can_split(self, number: int, side: Side, moving: int | None = None) -> bool:
        """Whether a split of a pane makes two panes that are large enough.

        Args:
            number: the pane.
            side: the side at which the other pane would be.
            moving: that pane, if it moves there; None for a new one.
        """
        new = -1
        tree = split(self._tree, number, side, new) if moving is None else moved(self._tree, moving, number, side)
        rectangles, _ = areas(tree, Rect(0, 0, self.width(), self.height()), GAP_PX)
        halves = rectangles[number], rectangles[new if moving is None else moving]
        if side in {"left", "right"}:
            return all(half.width >= MIN_HALF_WIDTH_PX for half in halves)
        return all(half.height >= MIN_HALF_HEIGHT_PX for half in halves)

    def top_right(self) -> int:
        """The rightmost visible pane at the top that has room for a button."""
        if self._covering is not None:
            return self._covering
        top = [number for number, rectangle in self.rectangles.items() if rectangle.top == 0]
        wide = [number for number in top if self.rectangles[number].width >= BUTTON_ROOM_PX]
        return max(wide or top, key=lambda number: self.rectangles[number].left)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()


class _Line(QWidget):
    """A divider between two panes, with some pixels around it that can be dragged."""

    def __init__(self, theme: Theme, area: PaneArea) -> None:
        super().__init__(area)
        self._theme = theme
        self._area = area
        self._divider: Divider | None = None
        self._grabbed_px: int | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # It looks different under the mouse.
        theme.changed.connect(self.update)

    def place_at(self, divider: Divider) -> None:
        """Move between these two panes."""
        self._divider = divider
        left, top, width, height = divider.rect
        around_px = GRIP_BEFORE_PX + GRIP_AFTER_PX
        if divider.is_row:
            self.setGeometry(left - GRIP_BEFORE_PX, top, width + around_px, height)
            self.setCursor(Qt.CursorShape.SplitHCursor)
        else:
            self.setGeometry(left, top - GRIP_BEFORE_PX, width, height + around_px)
            self.setCursor(Qt.CursorShape.SplitVCursor)
        self.show()
        self.raise_()
        self.update()

    def _along_px(self, event: QMouseEvent) -> int:
        """The position of the mouse across the line, in the area of all panes."""
        point = self.mapTo(self._area, event.position().toPoint())
        return point.x() if self._divider is not None and self._divider.is_row else point.y()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._divider is not None:
            rect = self._divider.rect
            self._grabbed_px = self._along_px(event) - (rect.left if self._divider.is_row else rect.top)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed_px is not None and self._divider is not None:
            rect = self._divider.rect
            by_px = self._along_px(event) - self._grabbed_px - (rect.left if self._divider.is_row else rect.top)
            if by_px:
                self._area.divider_moved.emit(self._divider, by_px)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed_px = None
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._grabbed_px = None
        self._area.even_out_requested.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._divider is None:
            return
        is_held = self._grabbed_px is not None or self.underMouse()
        line, thin = self._divider.rect, 2.0 if is_held else 1 / self.devicePixelRatioF()
        if self._divider.is_row:
            place = QRectF(GRIP_BEFORE_PX, line.top - self.y(), thin, line.height)
        else:
            place = QRectF(line.left - self.x(), GRIP_BEFORE_PX, line.width, thin)
        painter = QPainter(self)
        painter.fillRect(place, self._theme.tokens.color("accent" if is_held else "hairline"))
        painter.end()


def point_in(area: QWidget, widget: QWidget) -> QPoint:
    """The upper left corner of a widget in the area of all panes."""
    return widget.mapTo(area, QPoint(0, 0))
