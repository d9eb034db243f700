"""Shows an image of a chat as large as it is or as fits, and copies and saves it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from gui.chat.pictures import decode, save_image
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_S_PX
from gui.window.widgets.parts import button, label
from gui.wording import chat_texts, common_texts
from session_host.protocol.values import Image

from .sheet import Sheet, button_row

_STEP = 1.25
_MAX_SCALE = 16.0
_PIXELS_FROM = 3.0
"""From this scale on, single pixels are seen as squares."""
_DRAG_PX = 4
_MOVE_PX = 48
"""The distance that an arrow key moves the picture."""
_SIDES: dict[int, QPointF] = {
    Qt.Key.Key_Left: QPointF(-1, 0),
    Qt.Key.Key_Right: QPointF(1, 0),
    Qt.Key.Key_Up: QPointF(0, -1),
    Qt.Key.Key_Down: QPointF(0, 1),
}


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


_MIN_SIZE = QSize(440, 240)
"""The smallest area for a picture, so that a small or narrow one can be zoomed."""


class ImageSheet(Sheet):
    """Shows one image; Escape, Enter or a click beside it closes the sheet."""

    returns_focus = True

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, chat_texts.IMAGE(), 0, self.dismiss)
        self._image = Image("", b"")
        self._picture = QImage()
        self._directory = ""
        self.view = PictureView(theme)
        self.about = label("", "secondary")
        self.copy = button(common_texts.COPY(), "", self._copy)
        self.save = button(chat_texts.SAVE_AS(), "", self._save)
        self.close_button = button(common_texts.CLOSE(), "", self.dismiss)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.view.addAction(chat_texts.COPY_IMAGE(), self._copy)
        self.view.addAction(chat_texts.SAVE_IMAGE_AS(), self._save)
        self.lay_out(
            self.view,
            button_row(self.copy, self.save, self.close_button, words=self.about),
            gap_px=GAP_S_PX,
            wide=self.view,
        )

    def show_image(self, image: Image, directory: str) -> None:
        """Open the sheet with an image of a chat in this directory; no effect on one that cannot be decoded."""
        picture = decode(image)
        if picture is None:
            return
        self._image, self._picture, self._directory = image, picture, directory
        about = chat_texts.about_image(picture.width(), picture.height(), image.mime, len(image.data))
        self.about.setText(about)
        self.view.setAccessibleName(about)
        self.open()
        self.view.show_picture(picture)
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def center(self) -> None:
        """Fit the sheet to the picture, as far as the window has room."""
        layout = self.body.layout()
        assert layout is not None
        layout.activate()
        below = layout.minimumSize() - self.view.minimumSizeHint().expandedTo(QSize(0, 0))
        room = self.around.size() - QSize(2 * GAP_L_PX, 2 * GAP_L_PX)
        wanted = (self._picture.size() + QSize(2 * GAP_L_PX, below.height())).expandedTo(_MIN_SIZE).boundedTo(room)
        self.setGeometry(self.around.rect())
        self.body.setFixedWidth(max(wanted.width(), 0))
        self._place(wanted.width(), wanted.height())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setImage(self._picture)
        self.about.setText(common_texts.COPIED())

    def _save(self) -> None:
        save_image(self._theme, self, self._image, self._directory, self.about.setText)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        elif event.matches(QKeySequence.StandardKey.Save):
            self._save()
        else:
            super().keyPressEvent(event)
