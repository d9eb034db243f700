"""Marks a page that takes part in a broadcast: a frame, and a line that says whether it gets what is typed."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QMoveEvent, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.widgets.parts import Area, ElidedLabel, GlyphLabel, Hairline, IconButton
from gui.wording import window_texts

FRAME_PX = 2
_BUTTON_PX = 20


class _Frame(QWidget):
    """Lines along the edges of the page; the terminal inside is not covered."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.is_left_out = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def place(self, area: QRect) -> None:
        """Cover the edges of this area."""
        self.setGeometry(area)
        inside = self.rect().adjusted(FRAME_PX, FRAME_PX, -FRAME_PX, -FRAME_PX)
        self.setMask(QRegion(self.rect()) - QRegion(inside))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.tokens.color("disabled" if self.is_left_out else "needs_you"))
        painter.end()


class BroadcastMark(Area):
    """The line below a page's terminal. The terminal gives up its height: a line over it would hide output.

    Signals:
        left: the user takes this pane out of the broadcast.
        moved: the line takes another part of the page, or none.
    """

    left = Signal()
    moved = Signal()

    def __init__(self, theme: Theme, page: QWidget) -> None:
        super().__init__("sidebar", page)
        set_tooltip(self, window_texts.HOW_TO_END_BROADCAST())
        self.frame_ = _Frame(theme, page)
        self.text = ElidedLabel("", "secondary")
        self.close_button = IconButton(theme, Glyph.CLOSE, window_texts.LEAVE_BROADCAST(), self.left.emit)
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.close_button.setFixedSize(_BUTTON_PX, _BUTTON_PX)
        row = QHBoxLayout()
        row.setContentsMargins(GAP_M_PX, 1, 2 * FRAME_PX, FRAME_PX)
        row.setSpacing(GAP_S_PX)
        row.addWidget(GlyphLabel(theme, Glyph.BROADCAST, "needs_you"))
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Hairline(theme))
        column.addLayout(row, 1)
        self.hide()
        theme.changed.connect(self.frame_.update)

    def show_text(self, text: str, *, is_left_out: bool) -> None:
        """Show a line; "" hides the mark. ``is_left_out``: the page gets nothing from other panes now."""
        self.text.set_whole(text)
        self.setAccessibleName(text)
        self.frame_.is_left_out = is_left_out
        self.frame_.update()
        self.frame_.setVisible(bool(text))
        self.setVisible(bool(text))
        if text:
            self.frame_.raise_()
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.moved.emit()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.moved.emit()
