"""Effects of a program's bell: a mark of its chat, a sound, and attention for its window."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.settings.table import WindowFile

SOUND_INTERVAL_S = 1.0
"""Minimum interval between two sounds."""


class Bells(QObject):
    """Follows the bells of all chats; a muted chat makes no sound and does not ask for attention."""

    def __init__(self, sessions: Sessions, window_of: Callable[[Chat], QWidget]) -> None:
        """Follow the bells; ``window_of`` returns the window that shows a chat."""
        super().__init__(sessions)
        self._sessions = sessions
        self._window_of = window_of
        self._settings = WindowFile()
        self._sounded_at_s: float | None = None
        for chat in sessions.chats.made():
            self._follow(chat)
        sessions.chats.added.connect(self._follow)

    def apply_settings(self, settings: WindowFile) -> None:
        """Apply the user's settings."""
        self._settings = settings
        for chat in self._sessions.chats.made():
            chat.unseen.set_marks_bell(enabled=settings.bell_mark)

    def _follow(self, chat: Chat) -> None:
        chat.unseen.set_marks_bell(enabled=self._settings.bell_mark)
        chat.bell.connect(lambda: self._on_bell(chat))

    def _on_bell(self, chat: Chat) -> None:
        if self._sessions.muting.is_muted(chat):
            return
        if self._settings.bell_attention:
            QApplication.alert(self._window_of(chat))  # Does nothing to the active window.
        now_s = time.monotonic()
        if self._settings.bell_sound and (self._sounded_at_s is None or now_s - self._sounded_at_s >= SOUND_INTERVAL_S):
            self._sounded_at_s = now_s
            QApplication.beep()
