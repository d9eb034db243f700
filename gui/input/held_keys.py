"""Tells a key that is held from one that is pressed again.

Qt on X11 (6.10, 6.11) marks the press of a held key (``QKeyEvent.isAutoRepeat``) only if it has already come when Qt
reads the release before it. If not, both look like the user's own. The server gives them the same time, so a press at
the time of the key's last release is a repeat.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication
from shiboken6 import Shiboken


def is_repeat(event: QKeyEvent) -> bool:
    """Whether a press is of a key that is held."""
    return event.isAutoRepeat() or (event.timestamp() > 0 and _held_keys().is_repeat(event))


def note_release(event: QKeyEvent) -> None:
    """Note a release that does not come to the widget with the keyboard."""
    _held_keys().note_release(event)


class ShortcutAction(QAction):
    """An action that runs once while its keys are held; with ``autoRepeat``, at each repeat."""

    def __init__(self, text: str, parent: QObject) -> None:
        super().__init__(text, parent)
        self.setAutoRepeat(False)
        _held_keys()

    def event(self, event: QEvent) -> bool:
        """Drop a shortcut of a key that is held."""
        if event.type() is QEvent.Type.Shortcut and not self.autoRepeat() and _held_keys().is_held:
            return True
        return super().event(event)


class _HeldKeys(QObject):
    """Watches the keys of the widget with the keyboard.

    Attributes:
        is_held: whether the key that was pressed last is a held one.
    """

    def __init__(self, application: QGuiApplication) -> None:
        super().__init__(application)
        self._releases: dict[int, int] = {}
        """The time of each key's last release, by the window system's clock, in ms."""
        self._watched: QObject | None = None
        self.is_held = False
        application.focusObjectChanged.connect(self._watch)
        self._watch(application.focusObject())

    def _watch(self, focused: QObject | None) -> None:
        if self._watched is not None and Shiboken.isValid(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = focused
        if focused is not None:
            focused.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent):
            if event.type() is QEvent.Type.KeyRelease:
                self.note_release(event)
            elif event.type() is QEvent.Type.ShortcutOverride:
                self.is_held = is_repeat(event)
        return False

    def note_release(self, event: QKeyEvent) -> None:
        """Note when a key was released; window systems that mark repeats mark these releases, too."""
        if not event.isAutoRepeat():
            self._releases[_code(event)] = event.timestamp()

    def is_repeat(self, event: QKeyEvent) -> bool:
        """Whether a press that Qt has not marked has the time of the key's last release."""
        return event.timestamp() == self._releases.get(_code(event))


def _code(event: QKeyEvent) -> int:
    return event.nativeScanCode() or event.key()


@cache
def _held_keys() -> _HeldKeys:
    application = QApplication.instance()
    assert isinstance(application, QGuiApplication)
    return _HeldKeys(application)
