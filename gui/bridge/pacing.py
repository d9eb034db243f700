"""How often a list tells its readers that something changed."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject

from gui.timers import single_shot

from .chat import Chat

MAX_REST_S = 1.0
"""The longest pause after a call. A pause is as long as the call took, so that the window can act on its user although
the chats of a machine change all the time."""

TEXTS_MS = 200
"""Interval at which chats' titles and details are shown while they change: a title may have a moving picture."""


class PacedChanges(QObject):
    """Calls a function after changes: at most once in each turn of the loop, and for at most half of the time."""

    def __init__(self, tell: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._tell = tell
        self._timer = single_shot(self)
        self._timer.timeout.connect(self._on_timer)
        self._rested_at_s = 0.0
        """The time at which the pause ends (CLOCK_MONOTONIC)."""

    @property
    def is_due(self) -> bool:
        """Whether the function is about to be called."""
        return self._timer.isActive()

    def note(self) -> None:
        """Call the function in the next turn of the loop; after a call that took long, so much later."""
        self._timer.start(max(0, round((self._rested_at_s - time.monotonic()) * 1000)))

    def _on_timer(self) -> None:
        began_s = time.monotonic()
        self._tell()
        now_s = time.monotonic()
        self._rested_at_s = now_s + min(now_s - began_s, MAX_REST_S)


class PacedTexts(QObject):
    """Emits ``Chat.changed`` for changed texts: at once for the first, and together for those that follow quickly."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._changed: dict[str, Chat] = {}
        self._timer = single_shot(self, TEXTS_MS)
        self._timer.timeout.connect(self._show)

    def note(self, chat: Chat) -> None:
        """Note that a text of a chat has changed."""
        self._changed[chat.id] = chat
        if not self._timer.isActive():
            self._show()

    def forget(self, session_id: str) -> None:
        """Forget the changes of a chat that is removed."""
        self._changed.pop(session_id, None)

    def _show(self) -> None:
        chats, self._changed = self._changed, {}
        for chat in chats.values():
            chat.changed.emit()
        if chats:
            self._timer.start()
