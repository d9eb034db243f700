"""Menus and lists in windows of their own that leave the keyboard to their window.

On X11, Qt has the server send all keys to an open popup's own window. Keys that the user types ahead, while this
process is busy, still go there when the popup is closed, and are lost. So this is undone: the keys go to the window
that has the keyboard, and Qt passes them on to its popup while that is open. The popup closes when another program's
window gets the keyboard.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QActionEvent,
    QGuiApplication,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
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


def access_letters(titles: Sequence[str]) -> list[tuple[str, str]]:
    """An access letter for each title of a menu, case-folded, and the title with "&" before that letter alone.

    No letter stands for two titles. It is the one that a title marks with "&", else its first one, else the first one
    of another word, else any; "" if all are taken.
    """
    split = [re.findall("&.|.", title) for title in titles]
    orders: tuple[Callable[[list[str]], list[int]], ...] = (
        lambda parts: [at for at, part in enumerate(parts) if len(part) > 1 and part != "&&"],
        lambda parts: [0] if parts else [],
        lambda parts: sorted(range(len(parts)), key=lambda at: at > 0 and parts[at - 1] != " "),
    )
    places: dict[str, tuple[int, int]] = {}
    for order in orders:
        for number, parts in enumerate(split):
            if number not in {owner for owner, _at in places.values()}:
                letters = ((parts[at][-1].casefold(), at) for at in order(parts) if parts[at][-1].isalnum())
                free = next(((letter, at) for letter, at in letters if letter not in places), None)
                if free is not None:
                    places[free[0]] = number, free[1]
    found = {number: (letter, at) for letter, (number, at) in places.items()}
    result = []
    for number, parts in enumerate(split):
        letter, chosen = found.get(number, ("", -1))
        plain = [part if part == "&&" else part[-1] for part in parts]
        result.append((letter, "".join(f"&{part}" if at == chosen else part for at, part in enumerate(plain))))
    return result


class Menu(QMenu):
    """A menu of a window; it leaves the keyboard to the window. Without a parent (at the tray) it has the keyboard.

    Each entry has an access letter of its own, which is underlined. A letter that the user types selects its entry,
    several in a row select the next entry that begins with them, and none runs an entry: a letter too many would go to
    the program in the terminal. Shortcuts are at the right edge.
    """

    _keyboard: LeavesKeyboard | None = None
    _typed = ""
    """The letters that the user types in a row, case-folded."""
    _typed_at_s = 0.0
    _letters: dict[QAction, tuple[str, str]] | None = None
    """The access letters, and the titles with them; None before they are needed."""

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
        if self.parent() is None:
            return
        if self._keyboard is None:
            self._keyboard = LeavesKeyboard(self, self.close)
        self._keyboard.on_shown()

    # ------------------------------------------------------------ typing

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text().casefold()
        plain = event.modifiers() in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier}
        is_going_on = time.monotonic() < self._typed_at_s + QApplication.keyboardInputInterval() / 1000
        if not (plain and text.isprintable() and (text.strip() or (text and is_going_on))):
            super().keyPressEvent(event)
            return
        self._typed = self._typed + text if is_going_on else text
        self._typed_at_s = time.monotonic()
        self._select(self._typed)

    def _access_letters(self) -> dict[QAction, tuple[str, str]]:
        if self._letters is None:
            actions = [action for action in self.actions() if action.isVisible() and not action.isSeparator()]
            titles = [action.text().partition("\t")[0] for action in actions]
            self._letters = dict(zip(actions, access_letters(titles), strict=True))
        return self._letters

    def actionEvent(self, event: QActionEvent) -> None:
        self._letters = None
        super().actionEvent(event)

    def _select(self, typed: str) -> None:
        """Select the entry with this access letter, or the next one that begins with all that is typed."""
        letters = self._access_letters()
        shown, current = list(letters), self.activeAction()
        first = shown.index(current) if current in letters else 0
        for action in (*shown[first:], *shown[:first]):
            letter, title = letters[action]
            is_meant = typed == letter or (len(typed) > 1 and _plain(title).casefold().startswith(typed))
            if is_meant and action.isEnabled():
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
        if action in (letters := self._access_letters()):
            _, option.text = letters[action]  # Without the shortcut, which Qt draws from the left.

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


def _plain(title: str) -> str:
    """A title as it is read."""
    return re.sub("&(.)", r"\1", title)


def temporary_menu(parent: QWidget) -> Menu:
    """An empty menu that is deleted when it closes."""
    menu = Menu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    return menu
