"""Bars and texts over a page: connection state, problem, notice of missing content."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.terminal.drawing.regions import least_covering
from gui.theme.icons import Glyph
from gui.theme.marks import Mark, mark_color
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.page.typed_area_watcher import TypedAreaWatcher
from gui.window.widgets.parts import Area, ElidedLabel, GlyphLabel, IconButton, MarkLabel, button, label, sentence
from gui.wording import common_texts
from session_host.protocol.untrusted_text import place_last

TypedAreas = Callable[[], list[QRect]]
"""The parts of the page that the user types into."""


class ConnectionBar(QWidget):
    """A thin bar with a short text over a screen that is not live.

    It is at the top of the page, or at the bottom if the user types at the top.

    Attributes:
        text: the text.
    """

    HEIGHT_PX = 24

    def __init__(self, theme: Theme, parent: QWidget, typed_areas: TypedAreas, bottom_px: Callable[[], int]) -> None:
        super().__init__(parent)
        self._theme = theme
        self._parent = parent
        self._bottom_px = bottom_px
        self._typed_areas = typed_areas
        self._shown_mark = Mark.RECONNECTING
        self._mark = MarkLabel(theme)
        self.text = ElidedLabel("", "secondary")
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_M_PX, 0, GAP_M_PX, 0)
        row.setSpacing(GAP_S_PX)
        row.addWidget(self._mark)
        row.addWidget(self.text, 1)
        self.setFixedHeight(self.HEIGHT_PX)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        TypedAreaWatcher(self, self.place)

    def place(self) -> None:
        """Move to the top or bottom of the view, away from typed text."""
        width, lowest_px = self._parent.width(), self._bottom_px() - self.HEIGHT_PX
        ends = [QRect(0, top, width, self.HEIGHT_PX) for top in (0, lowest_px)]
        self.setGeometry(least_covering(ends, self._typed_areas()))

    def show_text(self, mark: Mark, text: str) -> None:
        """Set the mark, with its colour, and the text."""
        self._shown_mark = mark
        self._mark.set_mark(mark)
        self.text.set_whole(text)
        self.setAccessibleName(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.color("sidebar"))
        painter.fillRect(QRectF(0, 0, self.width(), 2), mark_color(self._shown_mark, tokens))
        thin = 1 / self.devicePixelRatioF()
        painter.fillRect(QRectF(0, self.height() - thin, self.width(), thin), tokens.color("hairline"))
        painter.end()


class ProblemLine(Area):
    """A line at the bottom of the page with a problem of a running chat; at the top if the user types at the bottom.
    In a narrow page it wraps, since its end says what to do.

    The line covers part of the terminal and does not change the grid. It is hidden if there is no problem, and when the
    user has dismissed it.
    """

    _BESIDE_PX = 80
    """The room beside the text: margins, the sign and the closing button."""

    def __init__(self, theme: Theme, parent: QWidget, typed_areas: TypedAreas, on_action: Callable[[], object]) -> None:
        super().__init__("banner", parent)
        self._parent = parent
        self._typed_areas = typed_areas
        self._bottom_px: int | None = None
        self._shown_text = ""
        self.text = label("", "secondary")
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.action = button("", "link", on_action)
        self.action.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close = IconButton(theme, Glyph.CLOSE, common_texts.DISMISS(), self.hide)
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(GAP_M_PX, 2, 4, 2)
        row.setSpacing(GAP_S_PX)
        row.addWidget(GlyphLabel(theme, Glyph.WARNING, "needs_you"))
        row.addWidget(self.text, 1)
        row.addWidget(self.action)
        row.addWidget(self._close)
        self.hide()
        TypedAreaWatcher(self, lambda: self.place(self._bottom_px))

    def show_text(self, text: str, action: str = "") -> None:
        """Show a problem, and a button with the text ``action`` unless that is ""; without a text, hide the line."""
        if text == self._shown_text:
            return
        self._shown_text = text
        if text:
            shown = sentence(place_last(text))
            self.action.setText(action)
            self.action.setVisible(bool(action))
            self.text.setText(shown)
            self.text.setAccessibleName(shown)
            self.setAccessibleName(shown)
            self.setVisible(True)
            self.place(self._bottom_px)
            self.raise_()
        else:
            self.hide()

    def place(self, bottom_px: int | None) -> None:
        """Move to the right, above ``bottom_px`` of the parent (its height if None), or to its upper end."""
        self._bottom_px = bottom_px
        parent = self._parent
        below = parent.height() if bottom_px is None else bottom_px
        beside = self._BESIDE_PX
        if not self.action.isHidden():
            beside += GAP_S_PX + self.action.sizeHint().width()
        wanted = self.text.fontMetrics().horizontalAdvance(self.text.text()) + beside
        width = min(wanted, max(parent.width() - 2 * GAP_S_PX, 0))
        self._row.invalidate()  # A new text's size reaches it in the next turn of the event loop.
        height = self._row.totalHeightForWidth(width)
        left = parent.width() - width - GAP_S_PX
        candidates = [QRect(left, top, width, height) for top in (below - height - GAP_S_PX, GAP_S_PX)]
        self.setGeometry(least_covering(candidates, self._typed_areas()))


class Notice(Area):
    """A text in the middle of a page, over a terminal without content."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("page", parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.title = label("", "title")
        self.detail = label("", "secondary")
        self.detail.setWordWrap(True)
        for one in (self.title, self.detail):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            one.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP_L_PX, GAP_L_PX, GAP_L_PX, GAP_L_PX)
        layout.setSpacing(4)
        layout.addStretch(2)
        layout.addWidget(self.title)
        layout.addWidget(self.detail)
        layout.addStretch(3)

    def show_text(self, title: str, detail: str) -> None:
        """Set the title and the detail."""
        self.title.setText(title)
        self.detail.setText(detail)
        self.setAccessibleName(f"{title} {detail}".strip())
