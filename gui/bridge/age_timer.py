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
    """Reports when ages must be shown anew, and sleeps while none is visible.

    Signals:
        due: the text of some age has changed.
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
        """Whether its timer runs."""
        return self._timer.isActive()

    def set_seen(self, seen: bool) -> None:
        """Set whether ages are visible; ages that changed meanwhile are reported at once."""
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
        """Seconds until some age's text changes, rounded up so that several change together."""
        now = datetime.now(UTC)
        times = [chat.since for chat in self._sessions.listed()]
        soonest_s = min((phrases.seconds_until_age_changes(since, now) for since in times), default=LONGEST_S)
        young = any(phrases.is_young(since, now) for since in times)
        return max(soonest_s, YOUNG_STEP_S if young else OLD_STEP_S)
