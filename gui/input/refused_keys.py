"""Keys that are refused for a moment, since what the user types into has gone, or something has come up in its place.

What comes up without the user's hand does not take the keyboard. Where the old place of the keyboard is gone, another
one has it: a tab beside a closed one, whose agent may ask something. Keys that are on their way then belong to the old
place, and go nowhere.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from gui.timers import single_shot

from .held_keys import note_release

KEYS_AFTER_MS = 500
"""Within this time, keys and clicks are meant for what was there before; people need longer to see what has come up."""

_TYPING = frozenset({QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.InputMethod})


class RefusedKeys(QObject):
    """Refuses what is typed into all windows, from ``begin`` until no key has come for ``KEYS_AFTER_MS``.

    A click or a shortcut of a window ends this: the user sees where he is.

    Signals:
        refused: the first key of such a time was refused; the user is told.
    """

    refused = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._windows: list[QWidget] = []
        """The windows that were there at the beginning."""
        self._timer = single_shot(self)
        self._timer.timeout.connect(self.end)
        self._is_told = False

    @property
    def is_refusing(self) -> bool:
        """Whether keys are refused now."""
        return self._timer.isActive()

    def begin(self) -> None:
        """Refuse keys from now on."""
        application = QApplication.instance()
        if application is None:
            return
        if not self.is_refusing:
            application.installEventFilter(self)
        self._windows, self._is_told = QApplication.topLevelWidgets(), False
        self._timer.start(KEYS_AFTER_MS)

    def end(self) -> None:
        """Pass keys on again."""
        self._timer.stop()
        self._windows = []
        if (application := QApplication.instance()) is not None:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Shortcut, QEvent.Type.MouseButtonPress}:
            self.end()
            return False
        if event.type() not in _TYPING or not isinstance(watched, QWidget) or watched.window() not in self._windows:
            return False
        if event.type() == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            note_release(event)
        else:
            self._timer.start(KEYS_AFTER_MS)
            if not self._is_told:
                self._is_told = True
                self.refused.emit()
        return True


refused_keys = RefusedKeys()
