"""A box with choices."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate

from gui.theme.icons import Glyph, paint_glyph
from gui.theme.menu import LeavesKeyboard
from gui.theme.theme import Theme


class ChoiceBox(QComboBox):
    """A box with choices; the wheel scrolls the page, and not the choices, until the box is clicked.

    Signals:
        popup_closed: the open list was closed.
    """

    popup_closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._keyboard: LeavesKeyboard | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(16)
        self.setItemDelegate(QStyledItemDelegate(self))  # Its own one ignores the style sheet's rows.

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def showPopup(self) -> None:
        if self._keyboard is None:
            popup = self.view().window()
            self._keyboard = LeavesKeyboard(popup, self.hidePopup)
            popup.installEventFilter(self._keyboard)  # Qt may animate the list, and show it later.
        super().showPopup()

    def hidePopup(self) -> None:
        super().hidePopup()
        self.popup_closed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        caret = QRectF(self.width() - 20, (self.height() - 12) / 2, 12, 12)
        paint_glyph(painter, Glyph.EXPANDED, caret, self._theme.tokens.color("secondary"))
        painter.end()
