"""The window's frame: its geometry on the screen, and the width of its sidebar, which are saved."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QSplitterHandle, QWidget

from gui.settings.layout import SavedWindow
from gui.theme.theme import Theme
from gui.theme.tokens import SIDEBAR_COLLAPSED_PX, SIDEBAR_MAX_PX, SIDEBAR_MIN_PX, SIDEBAR_WIDTH_PX
from gui.window.sidebar.sidebar import Sidebar
from gui.window.widgets.parts import Area, Hairline, focus_changed, within_a_screen

DEFAULT_SIZE_PX = (1120, 720)
LARGEST_SHARE = 0.9
"""The most of the screen's width and height that the default size takes."""
MIN_SIZE_PX = (300, 220)
_BESIDE_OVER_PX = 40
"""The width of the page that is left beside a sidebar over it; a click there closes the sidebar."""
PANES_PX = 660
"""The width that panes need: 80 columns at the usual text size, and what is beside them."""


def has_room(width_px: int, sidebar_px: int) -> bool:
    """Whether a window of this width has room for panes beside its sidebar; a wide one is the user's choice."""
    return width_px >= min(sidebar_px, SIDEBAR_WIDTH_PX) + PANES_PX


class _Splitter(QSplitter):
    """The sidebar and the rest of the window; the line between them is painted over the rest's edge."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._theme = theme
        self.setHandleWidth(0)

    def createHandle(self) -> QSplitterHandle:
        return _Handle(self._theme, self)


class _Handle(QSplitterHandle):
    """A line of one device pixel, wider under the mouse; Qt adds some pixels around it that can be dragged."""

    def __init__(self, theme: Theme, splitter: QSplitter) -> None:
        super().__init__(Qt.Orientation.Horizontal, splitter)
        self._theme = theme
        self._grabbed_px: int | None = None
        """How far from the line the mouse took hold of it. Qt's own handle jumps by its margin at the first move."""
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # It looks different under the mouse.
        theme.changed.connect(self.update)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grabbed_px = event.position().toPoint().x() - self.contentsMargins().left()
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed_px is not None:
            self.moveSplitter(self.mapTo(self.splitter(), event.position().toPoint()).x() - self._grabbed_px)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed_px = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        is_held = self._grabbed_px is not None or self.underMouse()
        width_px = 2.0 if is_held else 1 / self.devicePixelRatioF()
        painter = QPainter(self)
        painter.fillRect(
            QRectF(self.contentsMargins().left(), 0, width_px, self.height()),
            self._theme.tokens.color("accent" if is_held else "hairline"),
        )
        painter.end()


class WindowFrame(QObject):
    """Divides the window into the sidebar and the rest, and saves the sidebar's width and the window's geometry.

    In a narrow window the sidebar is a rail. Expanded there, it is over the rest, so that no terminal gets another
    width; it is a rail again as soon as the user has chosen a chat, or uses something else.

    Attributes:
        splitter: the divider beside the sidebar.
    """

    def __init__(self, theme: Theme, window: QWidget, sidebar: Sidebar, rest: QWidget, saved: SavedWindow) -> None:
        super().__init__(window)
        self._window = window
        self._sidebar = sidebar
        self._saved = saved
        self._is_narrow = False
        self._over: Area | None = None
        """The area over the rest that has the sidebar; None if the sidebar is beside it."""
        self._place: Area | None = None
        """The empty area in the splitter while the sidebar is over the page; Qt does not keep it alive."""
        self._theme = theme
        sidebar.opened.connect(self._put_back)
        sidebar.left.connect(self._put_back)
        window.setMinimumSize(*MIN_SIZE_PX)
        self.splitter = _Splitter(theme)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(sidebar)
        self.splitter.addWidget(rest)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        outer = QHBoxLayout(window)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.splitter)

    def apply(self) -> None:
        """Apply the saved geometry and the sidebar's width."""
        window, saved = self._window, self._saved
        window.resize(QSize(*DEFAULT_SIZE_PX).boundedTo(window.screen().availableSize() * LARGEST_SHARE))
        if saved.geometry is not None:
            window.setGeometry(within_a_screen(QRect(*saved.geometry), QSize(*MIN_SIZE_PX)))
        if saved.maximized:
            window.setWindowState(Qt.WindowState.WindowMaximized)
        width = min(max(saved.sidebar_width_px, SIDEBAR_MIN_PX), SIDEBAR_MAX_PX)
        self.splitter.setSizes([width, max(window.width() - width, 1)])
        if saved.sidebar_collapsed:
            self._collapse_sidebar(collapsed=True)

    def write_state(self) -> None:
        """Write the current geometry and the sidebar's width into the saved form."""
        window, saved = self._window, self._saved
        saved.maximized = window.isMaximized()
        if not (window.isMaximized() or window.isFullScreen()) and window.isVisible():
            area = window.geometry()
            saved.geometry = (area.left(), area.top(), area.width(), area.height())
        if not self._sidebar.collapsed and not self._is_narrow:
            saved.sidebar_width_px = self._sidebar.width()

    def on_resized(self) -> None:
        """Collapse the sidebar when too little is left to the panes, and expand it when there is room again."""
        is_narrow = not has_room(self._window.width(), self._saved.sidebar_width_px)
        if is_narrow != self._is_narrow:
            self._put_back()
            self._is_narrow = is_narrow
            self._collapse_sidebar(collapsed=is_narrow or self._saved.sidebar_collapsed)
        elif self._over is not None:
            self._place_over()

    def toggle_sidebar(self) -> None:
        """Collapse the sidebar to a rail, or expand it."""
        if self._over is not None:
            self._put_back()
        elif self._is_narrow and self._sidebar.collapsed:
            self._put_over()
        else:
            collapsed = not self._sidebar.collapsed
            if not self._is_narrow:
                self._saved.sidebar_collapsed = collapsed
            self._collapse_sidebar(collapsed=collapsed)

    def _collapse_sidebar(self, *, collapsed: bool) -> None:
        if collapsed and not self._sidebar.collapsed and not self._is_narrow:
            self._saved.sidebar_width_px = max(self.splitter.sizes()[0], SIDEBAR_MIN_PX)
        self._sidebar.set_collapsed(collapsed)
        width = SIDEBAR_COLLAPSED_PX if collapsed else self._saved.sidebar_width_px
        self.splitter.setSizes([width, max(self._window.width() - width, 1)])

    # ------------------------------------------------------------ over the rest

    def _put_over(self) -> None:
        """Put the expanded sidebar over the rest, with the keyboard."""
        self._over = over = Area("sidebar", self._window)
        self._place = place = Area("sidebar")
        place.setFixedWidth(SIDEBAR_COLLAPSED_PX)
        self.splitter.replaceWidget(0, place)
        place.show()
        row = QHBoxLayout(over)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._sidebar)
        row.addWidget(Hairline(self._theme, Qt.Orientation.Vertical))
        self._sidebar.set_collapsed(False)
        self._place_over()
        over.show()
        over.raise_()
        self._sidebar.show()
        self._sidebar.take_focus()
        focus_changed().connect(self._on_focus)

    def _place_over(self) -> None:
        assert self._over is not None
        width = min(self._saved.sidebar_width_px, self._window.width() - _BESIDE_OVER_PX)
        self._over.setGeometry(0, 0, max(width, SIDEBAR_MIN_PX), self._window.height())

    def _put_back(self) -> None:
        """Put the sidebar back beside the rest, as a rail."""
        over, self._over = self._over, None
        if over is None:
            return
        focus_changed().disconnect(self._on_focus)
        self.splitter.replaceWidget(0, self._sidebar)
        place, self._place = self._place, None
        self._sidebar.set_collapsed(True)
        self._sidebar.show()
        self.splitter.setSizes([SIDEBAR_COLLAPSED_PX, max(self._window.width() - SIDEBAR_COLLAPSED_PX, 1)])
        for each in filter(None, (place, over)):
            each.hide()
            each.deleteLater()

    def _on_focus(self, _previous: QWidget | None, now: QWidget | None) -> None:
        """Put the sidebar back if another part of the window has the keyboard."""
        if now is None or now.window() is not self._window or self._over is None:
            return
        if not self._over.isAncestorOf(now):
            self._put_back()
