"""Reads the clipboard and the selection for a widget, without waiting for the program that has it.

On Wayland the compositor knows the formats, and Qt reads the content: only Qt's connection may.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal, cast

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from gui.timers import single_shot
from gui.wording import notice_texts

from .x11 import Content, SelectionRead

SAID_AFTER_MS = 300
"""The user sees that the window waits; most programs answer within some milliseconds."""

Mode = Literal["clipboard", "selection"]

_MODES = {"clipboard": QClipboard.Mode.Clipboard, "selection": QClipboard.Mode.Selection}
_ATOMS = {"clipboard": "CLIPBOARD", "selection": "PRIMARY"}
_HELD = frozenset({QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.InputMethod})


class Notices(QObject):
    """A remark for the user about a read.

    Signals:
        given(str): one line for the user; "" withdraws it.
    """

    given = Signal(str)


notices = Notices()


def read(widget: QWidget, mode: Mode, use: Callable[[QMimeData], object]) -> None:
    """Read the clipboard or the selection, and use it for a widget.

    Content of this process is used at once. Keys that the widget gets meanwhile follow the paste. Without an answer,
    nothing is used, and a line says so.

    Args:
        widget: the widget that the user pastes into.
        mode: what to read.
        use: gets the content; empty if there is none.
    """
    focused = QApplication.focusWidget()
    keyboard = focused if focused is not None and widget.isAncestorOf(focused) else widget
    if (pending := keyboard.findChild(_PendingRead)) is not None and pending.is_waiting:
        pending.held.append(lambda: read(widget, mode, use))
        return
    clipboard = QGuiApplication.clipboard()
    is_own = clipboard.ownsClipboard() if mode == "clipboard" else clipboard.ownsSelection()
    if mode == "selection" and not clipboard.supportsSelection():
        use(QMimeData())
    elif is_own or QGuiApplication.platformName() != "xcb":
        use(_by_qt(mode))
    else:
        _PendingRead(keyboard, mode, use)


def _by_qt(mode: Mode) -> QMimeData:
    """The content as Qt reads it; for none, some platforms give no object, against its declaration."""
    return cast("QMimeData | None", QGuiApplication.clipboard().mimeData(_MODES[mode])) or QMimeData()


class _PendingRead(QObject):
    """One read for the widget that has the keyboard.

    Attributes:
        is_waiting: whether the owner has not answered yet.
        held: what the user did meanwhile, in order.
    """

    def __init__(self, keyboard: QWidget, mode: Mode, use: Callable[[QMimeData], object]) -> None:
        super().__init__(keyboard)
        self.is_waiting = True
        self.held: deque[Callable[[], object]] = deque()
        self._keyboard, self._mode, self._use = keyboard, mode, use
        self._said = single_shot(self, SAID_AFTER_MS)
        self._said.timeout.connect(lambda: notices.given.emit(notice_texts.WAITS_FOR_CLIPBOARD()))
        self._said.start()
        keyboard.installEventFilter(self)
        application = QCoreApplication.instance()
        assert application is not None
        try:
            SelectionRead(_ATOMS[mode], self._on_read, application)
        except OSError:  # Qt has a connection that we cannot have.
            self._on_read(_by_qt(mode))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() not in _HELD or not self.is_waiting:
            return False
        copied = event.clone()
        self.held.append(lambda: self._deliver(copied))
        event.accept()
        return True

    def _deliver(self, event: QEvent) -> None:
        QCoreApplication.sendEvent(self._keyboard, event)

    def _on_read(self, content: Content) -> None:
        if not isValid(self):
            return  # The widget was closed.
        self.is_waiting = False
        was_said = not self._said.isActive()
        self._said.stop()
        self._keyboard.removeEventFilter(self)
        self.setParent(None)  # The next read of this widget does not find it.
        if content is None:
            notices.given.emit(notice_texts.CLIPBOARD_DOES_NOT_ANSWER())
        else:
            if was_said:
                notices.given.emit("")
            before = QApplication.focusWidget()
            self._use(content)
            focused = QApplication.focusWidget()
            if focused is not None and focused is not before:
                self._keyboard = focused
        while self.held and isValid(self._keyboard):
            self.held.popleft()()
            following = self._keyboard.findChild(_PendingRead) if isValid(self._keyboard) else None
            if following is not None and following.is_waiting:
                following.held.extend(self.held)
                self.held.clear()
        self.deleteLater()
