"""Marks a page that takes part in a broadcast: a frame, and a line that says whether it gets what is typed."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from gui.terminal.drawing.regions import least_covering
from gui.theme.follow import Theme
from gui.theme.icons import Glyph
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.page.state_bars import TypedAreas
from gui.window.page.typed_area_watcher import TypedAreaWatcher
from gui.window.widgets.parts import Area, ElidedLabel, GlyphLabel, IconButton
from gui.wording import broadcast_texts

FRAME_PX = 2


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
    """The line, at the upper right of the page; at the lower right if the user types at the top.

    Signals:
        left: the user takes this pane out of the broadcast.
        moved: the line covers another part of the page, or none.
    """

    left = Signal()
    moved = Signal()

    def __init__(self, theme: Theme, page: QWidget, typed_areas: TypedAreas) -> None:
        super().__init__("banner", page)
        self.setToolTip(broadcast_texts.how_to_end())
        self._page = page
        self._typed_areas = typed_areas
        self.frame_ = _Frame(theme, page)
        self.text = ElidedLabel("", "secondary")
        self.text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.close_button = IconButton(theme, Glyph.CLOSE, broadcast_texts.leave(), self.left.emit)
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_M_PX, 2, 4, 2)
        row.setSpacing(GAP_S_PX)
        row.addWidget(GlyphLabel(theme, Glyph.BROADCAST, "needs_you"))
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button)
        self.hide()
        theme.changed.connect(self.frame_.update)
        TypedAreaWatcher(self, self.place)

    def show_text(self, text: str, *, is_left_out: bool) -> None:
        """Show a line; "" hides the mark. ``is_left_out``: the page gets nothing from other panes now."""
        self.text.set_whole(text)
        self.setAccessibleName(text)
        self.frame_.is_left_out = is_left_out
        self.frame_.update()
        self.frame_.setVisible(bool(text))
        self.setVisible(bool(text))
        if text:
            self.updateGeometry()
            self.place()
            self.frame_.raise_()
            self.raise_()
        self.moved.emit()

    def place(self) -> None:
        """Move to the edges of the page, and away from typed text."""
        page = self._page
        self.frame_.place(page.rect())
        room = page.width() - 2 * GAP_S_PX
        width, height = max(min(self.sizeHint().width(), room), 0), self.sizeHint().height()
        left = page.width() - width - GAP_S_PX
        places = [QRect(left, top, width, height) for top in (GAP_S_PX, page.height() - height - GAP_S_PX)]
        wanted = least_covering(places, self._typed_areas())
        if wanted != self.geometry():
            self.setGeometry(wanted)
            self.moved.emit()
