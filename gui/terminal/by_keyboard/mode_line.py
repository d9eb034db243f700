"""The line over a terminal that names the mode and its keys."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gui.terminal.drawing.regions import least_covering
from gui.theme.plain_label import PlainLabel

_MARGIN_PX = 12
_PADDING_PX = 10
_SPACING_PX = 12


class _Line(QFrame):
    """The line as a widget: the mode, and its keys."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.title, self.keys = PlainLabel(), PlainLabel()
        self.title.setProperty("kind", "title")
        self.keys.setProperty("kind", "secondary")
        self.setProperty("area", "banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(_PADDING_PX, 4, _PADDING_PX, 4)
        row.setSpacing(_SPACING_PX)
        row.addWidget(self.title)
        row.addWidget(self.keys, 1)

    def fit(self, width_px: int) -> None:
        """Show the keys if there is room for them."""
        needed = self.title.sizeHint().width() + self.keys.sizeHint().width() + _SPACING_PX
        self.keys.setVisible(needed + 2 * (_PADDING_PX + _MARGIN_PX) <= width_px)


class ModeLine:
    """The line of one view, created when it is first shown.

    Attributes:
        title: the mode; "" if the line was never shown.
    """

    def __init__(self, view: QWidget) -> None:
        self._view = view
        self._line: _Line | None = None
        self._avoided: list[QRect] = []
        self.title = ""

    @property
    def is_shown(self) -> bool:
        """Whether the line is shown."""
        return self._line is not None and not self._line.isHidden()

    def show_texts(self, title: str, keys: str) -> None:
        """Show the line with these texts."""
        if QAccessible.isActive() and (title != self.title or not self.is_shown):
            for text in (title, keys):
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._view, text))
        if self._line is None:
            self._line = _Line(self._view)
        self.title = title
        self._line.title.setText(title)
        self._line.keys.setText(keys)
        self._line.setAccessibleName(title)
        self._line.setAccessibleDescription(keys)
        self.place(self._avoided)
        self._line.show()
        self._line.raise_()

    def hide(self) -> None:
        """Hide the line."""
        if self._line is not None:
            self._line.hide()

    def place(self, avoided: list[QRect]) -> None:
        """Move the line to the view's lower end, or to the position that covers least of the ``avoided`` rectangles."""
        self._avoided = avoided
        if self._line is None:
            return
        room = self._view.size()
        self._line.fit(room.width())
        size = self._line.sizeHint()
        middle, right = (room.width() - size.width()) // 2, room.width() - size.width() - _MARGIN_PX
        top, bottom = _MARGIN_PX, room.height() - size.height() - _MARGIN_PX
        candidates = [QRect(x, y, size.width(), size.height()) for x in (middle, right) for y in (bottom, top)]
        self._line.setGeometry(least_covering(candidates, avoided))
