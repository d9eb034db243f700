"""Menus and lists in windows of their own that leave the keyboard to their window.

On X11, Qt has the server send all keys to an open popup's own window. Keys that the user types ahead, while this
process is busy, still go there when the popup is closed, and are lost. So this is undone: the keys go to the window
that has the keyboard, and Qt passes them on to its popup while that is open. The popup closes when another program's
window gets the keyboard.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QGuiApplication,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QShowEvent,
    QWindow,
)
from PySide6.QtWidgets import QApplication, QMenu, QStyleOptionMenuItem, QWidget

from gui.theme.tokens import GAP_M_PX
from gui.theme.tooltips import hide_others


class LeavesKeyboard(QObject):
    """Leaves the keyboard to the window of a popup; as an event filter of the popup, each time it is shown."""

    def __init__(self, popup: QWidget, close: Callable[[], object]) -> None:
        """Filter the events of a popup.

        Args:
            popup: the window to which Qt gives the keyboard.
            close: closes the popup.
        """
        super().__init__(popup)
        self._popup, self._close = popup, close

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and watched is self._popup:
            self.on_shown()
        return False

    def on_shown(self) -> None:
        """Leave the keyboard; the popup gets its event that shows it."""
        if QGuiApplication.platformName() == "xcb" and QGuiApplication.focusWindow() is not None:
            QTimer.singleShot(0, self, self._leave)  # Qt takes it after the event that shows the popup.

    def _leave(self) -> None:
        handle = self._popup.windowHandle()
        if self._popup.isVisible() and handle is not None:
            handle.setKeyboardGrabEnabled(False)
            application = QGuiApplication.instance()
            assert isinstance(application, QGuiApplication)
            application.focusWindowChanged.connect(self._on_focus, Qt.ConnectionType.UniqueConnection)

    def _on_focus(self, window: QWindow | None) -> None:
        if window is None and self._popup.isVisible():
            self._close()


def _leave_widgets() -> None:
    """Send the events that Qt forgets: a widget below a menu that opens would be below the mouse for ever.

    If the mouse is there, its next move enters the widget again.
    """
    for widget in QApplication.allWidgets():
        if widget.underMouse() and widget.isVisible():
            QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))
            widget.update()


class Menu(QMenu):
    """A menu of a window; it leaves the keyboard to the window.

    Letters that the user types select the next entry that begins with them, and run none: a letter too many would go
    to the program in the terminal. An entry with an access key ("&") is Qt's. Shortcuts are at the right edge.
    """

    _keyboard: LeavesKeyboard | None = None
    _typed = ""
    """The letters that the user types in a row, case-folded."""
    _typed_at_s = 0.0

    def addMenu(self, menu: QMenu | str) -> QMenu:  # type: ignore[override]  # no caller has an icon
        """Add a menu, or an empty one with this title."""
        submenu = Menu(menu, self) if isinstance(menu, str) else menu
        super().addMenu(submenu)
        return submenu

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and (action := self.actionAt(event.pos())) is not None:
            hide_others(action.toolTip(), self)
        return super().event(event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if QApplication.activePopupWidget() is None:
            _leave_widgets()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._typed_at_s = 0.0
        if self._keyboard is None:
            self._keyboard = LeavesKeyboard(self, self.close)
        self._keyboard.on_shown()

    # ------------------------------------------------------------ typing

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text().casefold()
        plain = event.modifiers() in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier}
        is_going_on = time.monotonic() < self._typed_at_s + QApplication.keyboardInputInterval() / 1000
        if not (plain and text.isprintable() and (text.strip() or (text and is_going_on))) or self._is_access_key(text):
            super().keyPressEvent(event)
            return
        self._typed = self._typed + text if is_going_on else text
        self._typed_at_s = time.monotonic()
        self._select(self._typed)

    def _is_access_key(self, text: str) -> bool:
        keys = (QKeySequence.mnemonic(action.text()) for action in self.actions())
        return any(key == QKeySequence(f"Alt+{text}") for key in keys if not key.isEmpty())

    def _select(self, typed: str) -> None:
        """Select the next entry that begins with what is typed; one letter again and again selects each in turn."""
        is_one_letter = len(set(typed)) == 1
        begin = typed[0] if is_one_letter else typed
        actions = self.actions()
        current = self.activeAction()
        first = actions.index(current) + is_one_letter if current in actions else 0
        for action in (*actions[first:], *actions[:first]):
            is_possible = action.isVisible() and action.isEnabled() and not action.isSeparator()
            if is_possible and action.text().replace("&", "").casefold().startswith(begin):
                self._go_to(action)
                return

    def _go_to(self, action: QAction) -> None:
        """Select an entry by Qt's own key: ``setActiveAction`` would open its submenu, which gets the next letters."""
        down = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier)
        for _ in self.actions():
            if self.activeAction() is action:
                return
            super().keyPressEvent(down)

    # ------------------------------------------------------------ shortcuts

    def initStyleOption(self, option: QStyleOptionMenuItem, action: QAction) -> None:
        super().initStyleOption(option, action)
        option.text = option.text.partition("\t")[0]  # Qt draws shortcuts from the left.

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        is_mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignLeft if is_mirrored else Qt.AlignmentFlag.AlignRight
        for action in self.actions():
            option = QStyleOptionMenuItem()
            super().initStyleOption(option, action)
            _, _, key = option.text.partition("\t")
            area = self.actionGeometry(action).adjusted(GAP_M_PX, 0, -GAP_M_PX, 0)
            painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, key)
        painter.end()


def temporary_menu(parent: QWidget) -> Menu:
    """An empty menu that is deleted when it closes."""
    menu = Menu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    return menu
