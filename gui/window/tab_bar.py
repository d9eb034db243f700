"""The row of open chats: state, name, close on hover; dragged into order."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QTabBar, QWidget

from gui.theme.follow import Theme
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.marks import Mark, mark_icon
from gui.theme.tokens import BAR_HEIGHT_PX
from gui.theme.tooltips import as_tooltip


class _CloseButton(QAbstractButton):
    """A tab's ×; painted only while its tab is pointed at or shown, so that names have the quiet."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.visible_mark = False
        self.setFixedSize(20, 20)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def sizeHint(self) -> QSize:
        return QSize(20, 20)

    def enterEvent(self, event: QEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not (self.visible_mark or self.underMouse()):
            return
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            ground = QColor(tokens.text)
            ground.setAlphaF(0.12)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        color = tokens.color("text" if self.underMouse() else "secondary")
        paint_glyph(painter, Glyph.CLOSE, QRectF(4, 4, 12, 12), color)
        painter.end()


class TabBar(QTabBar):
    """Tabs by the ids of their chats.

    Signals:
        chosen: a tab came to the front (its chat's id, "" for none).
        close_wanted: a tab is to be closed.
        menu_wanted: a tab's menu is to be shown at this point of the screen.
        reordered: tabs were dragged into another order.
    """

    chosen = Signal(str)
    close_wanted = Signal(str)
    menu_wanted = Signal(str, QPoint)
    reordered = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._marks: dict[str, Mark] = {}
        self.setMovable(True)
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setUsesScrollButtons(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setIconSize(QSize(16, 16))
        self.setFixedHeight(BAR_HEIGHT_PX)
        self.setAccessibleName("Open chats")
        self.currentChanged.connect(self._on_current)
        self.tabMoved.connect(lambda _from, _to: self.reordered.emit())
        theme.changed.connect(self._dress)

    def minimumSizeHint(self) -> QSize:
        return QSize(64, BAR_HEIGHT_PX)

    # ------------------------------------------------------------ tabs by id

    def id_at(self, index: int) -> str:
        """The chat of a tab; "" if there is no such tab."""
        return str(self.tabData(index)) if 0 <= index < self.count() else ""

    def ids(self) -> list[str]:
        """The chats in tab order."""
        return [self.id_at(index) for index in range(self.count())]

    def index_of(self, session_id: str) -> int:
        """The tab of a chat; -1 if it has none."""
        return next((index for index in range(self.count()) if self.id_at(index) == session_id), -1)

    def add(self, session_id: str, name: str, mark: Mark, at: int = -1) -> None:
        """Add a tab without bringing it to the front (the first comes there by itself)."""
        # Signals wait until the tab knows its chat.
        self.blockSignals(True)
        index = self.insertTab(at if at >= 0 else self.count(), mark_icon(mark, self._theme.tokens), _shown(name))
        self.setTabData(index, session_id)
        button = _CloseButton(self._theme, self)
        button.clicked.connect(lambda: self.close_wanted.emit(session_id))
        self.setTabButton(index, QTabBar.ButtonPosition.RightSide, button)
        self.blockSignals(False)
        self._marks[session_id] = mark
        self.describe(session_id, name, mark)
        self._show_buttons(-1)

    def describe(self, session_id: str, name: str, mark: Mark, said: str = "") -> None:
        """Show a tab's name and state as they are now; its tool tip has what was said, too."""
        index = self.index_of(session_id)
        if index < 0:
            return
        if self.tabText(index) != _shown(name):
            self.setTabText(index, _shown(name))
        if self._marks.get(session_id) != mark:
            self._marks[session_id] = mark
            self.setTabIcon(index, mark_icon(mark, self._theme.tokens))
        self.setTabToolTip(index, as_tooltip(f"{name}: {mark.value}" + (f"\n{said}" if said else "")))
        self.setAccessibleTabName(index, f"{name}, {mark.value}")
        button = self.tabButton(index, QTabBar.ButtonPosition.RightSide)
        button.setAccessibleName(f"Close tab {name}")
        button.setToolTip("Close tab; the chat keeps running")

    def drop(self, session_id: str) -> None:
        """Take a tab away; its neighbour comes to the front if it was there."""
        index = self.index_of(session_id)
        if index >= 0:
            self._marks.pop(session_id, None)
            self.removeTab(index)

    def _dress(self) -> None:
        for index in range(self.count()):
            mark = self._marks.get(self.id_at(index), Mark.IDLE)
            self.setTabIcon(index, mark_icon(mark, self._theme.tokens))

    def _on_current(self, index: int) -> None:
        self._show_buttons(-1)
        self.chosen.emit(self.id_at(index))

    # ------------------------------------------------------------ the mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._show_buttons(self.tabAt(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._show_buttons(-1)

    def tabLayoutChange(self) -> None:
        super().tabLayoutChange()
        self._show_buttons(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            session_id = self.id_at(self.tabAt(event.position().toPoint()))
            if session_id:
                self.close_wanted.emit(session_id)
            return
        super().mouseReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        session_id = self.id_at(self.tabAt(event.pos()))
        if session_id:
            self.menu_wanted.emit(session_id, event.globalPos())

    def _show_buttons(self, hovered: int) -> None:
        for index in range(self.count()):
            button = self.tabButton(index, QTabBar.ButtonPosition.RightSide)
            if isinstance(button, _CloseButton):
                visible = index in {hovered, self.currentIndex()}
                if button.visible_mark != visible:
                    button.visible_mark = visible
                    button.update()


def _shown(name: str) -> str:
    """A name as a tab's text, where Qt takes & for a mnemonic's sign."""
    return name.replace("&", "&&")
