"""Timer that refreshes all visible relative timestamps."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal

from gui.timers import single_shot
from gui.wording import phrases

from .sessions import Sessions

YOUNG_STEP_S, OLD_STEP_S = 10.0, 30.0
"""Intervals while an age is shown in seconds, and otherwise."""


class AgeTimer(QObject):
    """Reports when shown ages must be updated; does not run while none is visible.

    Signals:
        due: the text of an age, or the name of a day, may have changed.
    """

    due = Signal()

    def __init__(self, sessions: Sessions, parent: QObject) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._timer = single_shot(self)
        self._timer.timeout.connect(self._on_due)
        sessions.chats.changed.connect(self._on_changed)

    @property
    def is_running(self) -> bool:
        """Whether its timer runs."""
        return self._timer.isActive()

    def set_visible(self, visible: bool) -> None:
        """Set whether ages are visible; when they become visible, ``due`` is emitted at once."""
        if visible and not self.is_running:
            self._on_due()
        elif not visible:
            self._timer.stop()

    def _on_changed(self) -> None:
        """Show the age of a chat that has changed in seconds; an age that is due earlier does not wait for it."""
        if self._timer.remainingTime() > YOUNG_STEP_S * 1000 and self._has_young():
            self._start()

    def _on_due(self) -> None:
        self._start()
        self.due.emit()

    def _start(self) -> None:
        self._timer.start(round((YOUNG_STEP_S if self._has_young() else OLD_STEP_S) * 1000))

    def _has_young(self) -> bool:
        now = datetime.now(UTC)
        running = self._sessions.listed.running()
        return any(phrases.is_young(chat.since, now) for chat in running if not chat.is_unreachable)
