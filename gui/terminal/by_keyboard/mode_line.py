"""The line over a terminal that says which mode is on, and its keys."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

_MARGIN_PX = 12


class ModeLine:
    """The line, made when it is first needed.

    Attributes:
        frame: the line; None if it was never needed.
        title, keys: its two texts.
    """

    def __init__(self, view: QWidget) -> None:
        self._view = view
        self.frame: QFrame | None = None
        self.title, self.keys = QLabel(), QLabel()
        self._avoided: list[QRect] = []

    @property
    def is_shown(self) -> bool:
        """Whether the line is shown."""
        return self.frame is not None and not self.frame.isHidden()

    def show_texts(self, title: str, keys: str) -> None:
        """Show the line with these texts."""
        if self.frame is None:
            self.frame = self._made()
        if QAccessible.isActive() and (title != self.title.text() or not self.is_shown):
            for text in (title, keys):
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._view, text))
        self.title.setText(title)
        self.keys.setText(keys)
        self.keys.setVisible(bool(keys))
        self.frame.setAccessibleName(title)
        self.frame.setAccessibleDescription(keys)
        self.place(self._avoided)
        self.frame.show()
        self.frame.raise_()

    def _made(self) -> QFrame:
        frame = QFrame(self._view)
        frame.setProperty("area", "banner")
        frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        frame.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.title.setProperty("kind", "title")
        self.keys.setProperty("kind", "secondary")
        row = QHBoxLayout(frame)
        row.setContentsMargins(10, 4, 10, 4)
        row.setSpacing(12)
        row.addWidget(self.title)
        row.addWidget(self.keys, 1)
        return frame

    def hide(self) -> None:
        """Hide the line."""
        if self.frame is not None:
            self.frame.hide()

    def place(self, avoided: list[QRect]) -> None:
        """Lie over the view's lower end, or over another place if that would cover one of these rectangles."""
        self._avoided = avoided
        if self.frame is None:
            return
        room = self._view.size()
        # Too little room for the keys: the title alone.
        self.keys.setVisible(self.title.sizeHint().width() + self.keys.sizeHint().width() + 60 < room.width())
        size = self.frame.sizeHint()
        middle, right = (room.width() - size.width()) // 2, room.width() - size.width() - _MARGIN_PX
        top, bottom = _MARGIN_PX, room.height() - size.height() - _MARGIN_PX
        places = [QRect(x, y, size.width(), size.height()) for x in (middle, right) for y in (bottom, top)]
        free = (place for place in places if not any(place.intersects(rect) for rect in avoided))
        self.frame.setGeometry(next(free, places[0]))
