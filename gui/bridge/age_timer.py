"""Timer that refreshes all visible relative timestamps."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.sessions_model import SessionsModel
from gui.wording import phrases

YOUNG_STEP_S, OLD_STEP_S = 10.0, 20.0
"""One timer for all chats, because one per chat would wake the window up all the time."""

LONGEST_S = 3600.0


class AgeTimer(QObject):
    """Tells when ages are to be shown anew, and sleeps while nobody sees them.

    Signals:
        due: some age reads differently now.
    """

    due = Signal()

    def __init__(self, sessions: SessionsModel, parent: QObject) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._is_seen = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_due)
        sessions.changed.connect(self._schedule)

    @property
    def is_running(self) -> bool:
        """Whether it wakes the process up some time."""
        return self._timer.isActive()

    def set_seen(self, seen: bool) -> None:
        """Whether somebody can see ages; what was not kept true meanwhile is said to be due at once."""
        if seen == self._is_seen:
            return
        self._is_seen = seen
        if seen:
            self._on_due()
        else:
            self._timer.stop()

    def _on_due(self) -> None:
        self.due.emit()
        self._schedule()

    def _schedule(self) -> None:
        if self._is_seen:
            self._timer.start(int(self.seconds_until_due() * 1000) + 20)

    def seconds_until_due(self) -> float:
        """When some age will read differently, or a little later: all that change by then change at once."""
        now = datetime.now(UTC)
        times = [chat.since for chat in self._sessions.listed()]
        soonest_s = min((phrases.seconds_until_age_changes(since, now) for since in times), default=LONGEST_S)
        young = any(phrases.is_young(since, now) for since in times)
        return max(soonest_s, YOUNG_STEP_S if young else OLD_STEP_S)
