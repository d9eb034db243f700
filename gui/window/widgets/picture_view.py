"""A picture that fits into its area, or is zoomed and moved by its user."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from gui.theme.theme import Theme

_STEP = 1.25
_MAX_SCALE = 16.0
_PIXELS_FROM = 3.0
"""From this scale on, single pixels are seen as squares."""
_DRAG_PX = 4
_MOVE_PX = 48
"""The distance that an arrow key moves the picture."""
_SIDES: dict[int, QPointF] = {
    Qt.Key.Key_Left: QPointF(-1, 0), Qt.Key.Key_Right: QPointF(1, 0), Qt.Key.Key_Up: QPointF(0, -1),
    Qt.Key.Key_Down: QPointF(0, 1),
}  # fmt: skip


class PictureView(QWidget):
    """The picture: as large as it is or as fits; the wheel, plus and minus zoom, the mouse and the arrow keys move it.

    A click shows a picture that does not fit in its own size at that point, and again as a whole.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._picture = QImage()
        self._scale: float | None = None
        """Pixels of the screen for one of the picture; None: the picture fits."""
        self._middle = QPointF()
        """The point of the picture in the middle of the area."""
        self._pressed: QPointF | None = None
        self._is_dragged = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_picture(self, picture: QImage) -> None:
        """Show another picture as a whole."""
        self._picture = picture
        self.fit()

    def fit(self) -> None:
        """Show the whole picture."""
        self._scale, self._middle = None, QRectF(self._picture.rect()).center()
        self._on_moved()

    @property
    def scale(self) -> float:
        """How large the picture is shown; 1 for its own size."""
        return self._fitting() if self._scale is None else self._scale

    def _fitting(self) -> float:
        size = self._picture.size().expandedTo(QSize(1, 1))
        return min(self.width() / size.width(), self.height() / size.height(), 1.0)

    def zoom(self, factor: float) -> None:
        """Zoom by a factor; the point in the middle of the area stays there."""
        self._zoom_to(self.scale * factor, QRectF(self.rect()).center())

    def _zoom_to(self, scale: float, at: QPointF) -> None:
        """Set the scale; the point of the picture at this point of the area stays there."""
        scale = min(scale, _MAX_SCALE)
        if scale <= self._fitting():
            self.fit()
            return
        from_middle = at - QRectF(self.rect()).center()
        self._middle += from_middle * (1 / self.scale - 1 / scale)
        self._scale = scale
        self._on_moved()

    def _on_moved(self) -> None:
        """Keep the picture in the area, and paint it."""
        scale, size = self.scale, self._picture.size()
        self._middle = QPointF(
            _within(self._middle.x(), size.width(), self.width() / scale),
            _within(self._middle.y(), size.height(), self.height() / scale),
        )
        is_zoomed = self._scale is not None
        self.setCursor(Qt.CursorShape.OpenHandCursor if is_zoomed else Qt.CursorShape.ArrowCursor)
        self.update()

    def _move(self, by: QPointF) -> None:
        self._middle += by * (1 / self.scale)
        self._on_moved()

    # ------------------------------------------------------------ events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._scale is not None and self._scale <= self._fitting():
            self._scale = None
        self._on_moved()

    def paintEvent(self, event: QPaintEvent) -> None:
        scale = self.scale
        size = QSizeF(self._picture.size()) * scale
        corner = QRectF(self.rect()).center() - self._middle * scale
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < _PIXELS_FROM)
        painter.drawImage(QRectF(corner, size), self._picture)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.tokens.color("accent"), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if steps := event.angleDelta().y() / 120:
            self._zoom_to(self.scale * _STEP**steps, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._is_dragged = event.position(), False
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        by = self._pressed - event.position()
        if self._is_dragged or by.manhattanLength() >= _DRAG_PX:
            self._is_dragged, self._pressed = True, event.position()
            self._move(by)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at, self._pressed = self._pressed, None
        if at is None or self._is_dragged:
            return
        if self._scale is not None:
            self.fit()
        else:
            self._zoom_to(1.0, at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        side = _SIDES.get(event.key())
        if side is not None:
            self._move(side * _MOVE_PX)
        elif event.key() in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self.zoom(_STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(1 / _STEP)
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)


def _within(at: float, length: float, shown: float) -> float:
    """A point of a side of the picture for the middle of the area, which shows a part of that length."""
    return length / 2 if shown >= length else min(max(at, shown / 2), length - shown / 2)
