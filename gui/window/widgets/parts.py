"""Small widgets: labels, buttons, icons, lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import (
    QEvent,
    QMargins,
    QObject,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    SignalInstance,
)
from PySide6.QtGui import QFont, QGuiApplication, QHelpEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QBoxLayout,
    QComboBox,
    QFrame,
    QLabel,
    QLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QToolButton,
    QWidget,
)

from gui.terminal.cell_metrics import default_family, default_size_px
from gui.theme.controls import PlainLabel
from gui.theme.icons import Glyph, glyph_icon, paint_glyph, paint_mark, paint_tile
from gui.theme.menu import LeavesKeyboard
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import COPIED_MS, ICON_PX, MARK_PX, TILE_PX, Tokens
from gui.theme.tooltips import set_tooltip, show_tooltip
from gui.timers import single_shot
from gui.wording import common_texts, phrases
from session_host.standing.groups import Mark

W = TypeVar("W", bound=QWidget)
Box = TypeVar("Box", bound=QBoxLayout)

Way = tuple[str, Callable[[], object]]
"""The name of an action on a machine, and its function."""


class LazyWidget(Generic[W]):
    """A widget that is created when first needed. Hidden widgets with buttons take 50 to 250 KB each.

    Attributes:
        widget: the widget; None if it was never needed.
    """

    def __init__(self, make: Callable[[], W]) -> None:
        self._make = make
        self.widget: W | None = None

    def get(self) -> W:
        """The widget, which is created if needed."""
        if self.widget is None:
            self.widget = self._make()
        return self.widget

    @property
    def is_open(self) -> bool:
        """Whether the widget is visible, or will be when its parent is shown."""
        return self.widget is not None and not self.widget.isHidden()

    def hide(self) -> None:
        """Hide the widget, if it exists."""
        if self.widget is not None:
            self.widget.hide()


UNBOUNDED_PX = 2**24 - 1
"""Qt's QWIDGETSIZE_MAX."""


class Hairline(QWidget):
    """A line of one device pixel between two areas."""

    def __init__(self, theme: Theme, orientation: Qt.Orientation = Qt.Orientation.Horizontal) -> None:
        super().__init__()
        self._theme = theme
        self.set_orientation(orientation)
        theme.changed.connect(self.update)

    def set_orientation(self, orientation: Qt.Orientation) -> None:
        """Lay the line between areas above each other (horizontal) or beside each other."""
        self._horizontal = orientation == Qt.Orientation.Horizontal
        self.setMinimumSize(0, 0)
        self.setMaximumSize(UNBOUNDED_PX, UNBOUNDED_PX)
        if self._horizontal:
            self.setFixedHeight(1)
        else:
            self.setFixedWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        thin = 1 / self.devicePixelRatioF()
        area = QRectF(0, 0, self.width(), thin) if self._horizontal else QRectF(0, 0, thin, self.height())
        painter.fillRect(area, self._theme.tokens.color("hairline"))
        painter.end()


class Area(QFrame):
    """A plain area with a background of the theme: "page", "sidebar", "raised", "banner", "card"."""

    def __init__(self, area: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("area", area)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)


class IconButton(QToolButton):
    """A button with an icon; its name is its tool tip, and the text for screen readers."""

    def __init__(self, theme: Theme, glyph: Glyph, name: str, on_click: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._theme = theme
        self._glyph = glyph
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self.setFixedSize(28, 28)
        self.set_name(name)
        self._apply_theme()
        theme.changed.connect(self._apply_theme)
        if on_click is not None:
            self.clicked.connect(lambda _checked: on_click())

    def set_name(self, name: str) -> None:
        """Set the button's name."""
        set_tooltip(self, name)
        self.setAccessibleName(name)

    def _apply_theme(self) -> None:
        self.setIcon(glyph_icon(self._glyph, self._theme.tokens))


class CopyButton(IconButton):
    """A button that copies a text, and confirms that for a moment.

    Attributes:
        copied_timer: runs while the button shows that it has copied the text.
    """

    def __init__(self, theme: Theme, text: Callable[[], str]) -> None:
        super().__init__(theme, Glyph.COPY, common_texts.COPY(), self._copy)
        self._text = text
        self.copied_timer = single_shot(self, COPIED_MS)
        self.copied_timer.timeout.connect(lambda: self._show(Glyph.COPY, common_texts.COPY()))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text())
        self._show(Glyph.CHECK, common_texts.COPIED())
        self.copied_timer.start()

    def _show(self, glyph: Glyph, name: str) -> None:
        self._glyph = glyph
        self.set_name(name)
        self._apply_theme()


class MarkLabel(QWidget):
    """A state's mark alone."""

    def __init__(self, theme: Theme, mark: Mark = Mark.IDLE) -> None:
        super().__init__()
        self._theme = theme
        self._mark = mark
        self.setFixedSize(16, 16)
        theme.changed.connect(self.update)

    def set_mark(self, mark: Mark) -> None:
        """Show another mark."""
        self._mark = mark
        self.setAccessibleName(mark.value)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_mark(painter, self._mark, QPointF(8, 8), self._theme.tokens, MARK_PX)
        painter.end()


class GlyphLabel(QWidget):
    """An icon without a function, in one of the theme's colours."""

    def __init__(self, theme: Theme, glyph: Glyph, color: str) -> None:
        super().__init__()
        self._theme = theme
        self._glyph = glyph
        self._color = color
        self.setFixedSize(ICON_PX, ICON_PX)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_glyph(painter, self._glyph, QRectF(self.contentsRect()), self._theme.tokens.color(self._color))
        painter.end()


class MonogramTile(QWidget):
    """An agent's monogram on its tile; ``index`` is the agent's in the catalog."""

    def __init__(self, theme: Theme, monogram: str, index: int, *, muted: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._monogram = monogram
        self._index = index
        self._muted = muted
        self.setFixedSize(TILE_PX, TILE_PX)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect())
        paint_tile(painter, area, self._monogram, self._index, self._theme.tokens, muted=self._muted)
        painter.end()


def button(text: str, kind: str = "", on_click: Callable[[], object] | None = None) -> QPushButton:
    """A button with a text; ``kind`` is "primary", "danger", "row", "link", "status", "chip" or "" for a plain one."""
    widget = QPushButton(text)
    widget.setProperty("kind", kind)
    widget.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    # Enter presses the button with the keyboard focus, in a sheet as in a dialog; from a choice it submits the sheet.
    widget.setAutoDefault(kind != "chip")
    if on_click is not None:
        widget.clicked.connect(lambda _checked: on_click())
    return widget


def label(text: str = "", kind: str = "", *, wraps: bool = False) -> QLabel:
    """A text; ``kind`` is "secondary", "heading", "title", "failed", "code" or "" for a plain one."""
    widget = PlainLabel(text)
    widget.setProperty("kind", kind)
    widget.setWordWrap(wraps)
    return widget


def show_text(widget: QLabel, text: str) -> None:
    """Show a text in a label, which is hidden while it has none."""
    widget.setText(text)
    widget.setVisible(bool(text))


def stack(
    layout: Box,
    *parts: QWidget | QLayout | None,
    gap: int,
    margins: int | tuple[int, int, int, int] = 0,
    wide: QWidget | None = None,
) -> Box:
    """Fill a row or a column.

    Args:
        layout: the empty layout.
        parts: what it has, in this order; None takes the room that is left.
        gap: the room between the parts, in logical pixels.
        margins: the room around them.
        wide: the part that takes the room that is left.
    """
    sides = (margins,) * 4 if isinstance(margins, int) else margins
    layout.setContentsMargins(*sides)
    layout.setSpacing(gap)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part, 1 if part is wide else 0)
    return layout


class ElidedLabel(PlainLabel):
    """A text of one line that is cut with an ellipsis; its tool tip has the whole text."""

    def __init__(self, text: str = "", kind: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self.setProperty("kind", kind)
        self._mode = mode
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.set_whole(text)

    def set_whole(self, text: str) -> None:
        """Show ``text``, as much of it as fits."""
        self._whole = text
        self.setAccessibleName(text)
        self.setText(text)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            show_tooltip(event, "" if self.text() == self._whole else self._whole, self)
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._mode, self.width())
        if shown != self.text():
            self.setText(shown)
        super().paintEvent(event)


def own_viewport(area: QAbstractScrollArea) -> None:
    """Give an area a viewport of Python's.

    For the first widget that Qt has made, PySide6 makes all classes of QtWidgets to find its class, which takes 5 ms.
    """
    viewport = QWidget()
    viewport.setAcceptDrops(area.acceptDrops())
    viewport.setMouseTracking(area.hasMouseTracking())
    area.setViewport(viewport)


class Scrolled(QScrollArea):
    """A scroll area that is as high as its content, up to a limit."""

    def __init__(self, inner: QWidget, max_px: int, name: str) -> None:
        super().__init__()
        self._inner = inner
        self._max_px = max_px
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        own_viewport(self)
        self.setWidget(inner)
        # Qt gives the scrolled widget its own background.
        inner.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName(name)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and watched is self._inner:
            self.updateGeometry()
            self._show_scroll_bar_if_needed()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_scroll_bar_if_needed()

    def _show_scroll_bar_if_needed(self) -> None:
        """Hide the scroll bar if the content fits without it.

        Beside a scroll bar, content that wraps can be higher than without one, and Qt then leaves the bar for ever.
        """
        room = self.maximumViewportSize()
        fits = self._content_height(room.width()) <= room.height()
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if fits else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        if self.verticalScrollBarPolicy() != policy:
            self.setVerticalScrollBarPolicy(policy)

    def _content_height(self, width: int) -> int:
        inner = self._inner
        return max(inner.heightForWidth(width) if inner.hasHeightForWidth() else inner.sizeHint().height(), 0)

    def heightForWidth(self, width: int) -> int:
        return min(self._content_height(width), self._max_px)

    def sizeHint(self) -> QSize:
        return QSize(self._inner.sizeHint().width(), self.heightForWidth(max(self.width(), 1)))

    def minimumSizeHint(self) -> QSize:
        return QSize(64, 48)


def sentence(text: str) -> str:
    """A line as a sentence: with a full stop, and a capital letter first unless that is in a file's name."""
    text = phrases.first_upper(text.strip())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def paint_choice_background(painter: QPainter, area: QRect, state: QStyle.StateFlag, tokens: Tokens) -> None:
    """Paint the background of a row in a list: marked if it is chosen or below the mouse, outlined with the focus."""
    chosen, focused = state & QStyle.StateFlag.State_Selected, state & QStyle.StateFlag.State_HasFocus
    if chosen or focused or state & QStyle.StateFlag.State_MouseOver:
        line = tokens.color("accent") if focused else None
        background = tokens.color("selected" if chosen else "hover")
        paint_frame(painter, QRectF(area).adjusted(4, 1, -4, -1), line, background, radius_px=4)


TITLE_BAR_PX = 24
"""Title bars are about so high, or higher; the window's geometry is without its own."""


def focus_changed() -> SignalInstance:
    """The application's signal that the keyboard goes from one widget to another, or to none."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return application.focusChanged


def within_a_screen(wanted: QRect, least: QSize) -> QRect:
    """A window's geometry, moved and shrunk to fit an existing screen, below a title bar."""
    screen = QGuiApplication.screenAt(wanted.center()) or QGuiApplication.primaryScreen()
    room = screen.availableGeometry()
    size = wanted.size().boundedTo(room.size().shrunkBy(QMargins(0, TITLE_BAR_PX, 0, 0))).expandedTo(least)
    left = min(max(wanted.left(), room.left()), room.right() - size.width() + 1)
    top = min(max(wanted.top(), room.top()), room.bottom() - size.height() + 1)
    return QRect(left, top, size.width(), size.height())


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


def monospace_font() -> QFont:
    """The font of terminals, in its usual size."""
    found = QFont(default_family())
    found.setPixelSize(default_size_px())
    return found


class PlainLines(QPlainTextEdit):
    """Shows read-only lines in the terminals' font."""

    def __init__(self, name: str, width_px: int, height_px: int) -> None:
        """Create an empty widget.

        Args:
            name: the name for screen readers.
            width_px: the preferred width.
            height_px: the height.
        """
        super().__init__()
        self._wanted = QSize(width_px, height_px)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName(name)
        self.setFont(monospace_font())

    def sizeHint(self) -> QSize:
        return self._wanted

    def minimumSizeHint(self) -> QSize:
        return QSize(64, 48)
