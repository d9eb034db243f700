"""Timer that refreshes all visible relative timestamps."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from gui.bridge.ended_list import EndedChats
from gui.bridge.sessions import Sessions
from gui.wording import phrases
from session_host.system.clock import parse_time

YOUNG_STEP_S, OLD_STEP_S = 10.0, 20.0
"""Minimum intervals, for young and old ages: one timer refreshes all chats together, to save wake-ups."""

HOUR_S = 3600.0
"""Ages in days are updated at this interval: chats that ended long ago may be thousands."""

_DAY = timedelta(days=1)


class AgeTimer(QObject):
    """Reports when shown ages must be updated; does not run while none is visible.

    Signals:
        due: the text of an age, or the name of a day, has changed.
    """

    due = Signal()

    def __init__(self, sessions: Sessions, parent: QObject) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._is_visible = False
        # A coarse timer may fire 5 % early: before the age has changed.
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_due)
        sessions.changed.connect(self._on_changed)
        sessions.clock_changes.jumped.connect(self._on_jumped)

    @property
    def is_running(self) -> bool:
        """Whether its timer runs."""
        return self._timer.isActive()

    def set_visible(self, visible: bool) -> None:
        """Set whether ages are visible; when they become visible, ``due`` is emitted at once."""
        if visible == self._is_visible:
            return
        self._is_visible = visible
        if visible:
            self._on_due()
        else:
            self._timer.stop()

    def _on_jumped(self) -> None:
        if self._is_visible:
            self._on_due()

    def _on_changed(self) -> None:
        """Schedule for the changed chats; an earlier time stays: an age that has changed already may wait for it."""
        if not self._is_visible or 0 <= self._timer.remainingTime() <= YOUNG_STEP_S * 1000:
            return  # No age is due earlier: this saves looking at each chat.
        wait_ms = self._milliseconds_until_due()
        if not self._timer.isActive() or wait_ms < self._timer.remainingTime():
            self._timer.start(wait_ms)

    def _on_due(self) -> None:
        # Calculated before the ages are shown again: one that changes meanwhile is not missed.
        wait_ms = self._milliseconds_until_due()
        self.due.emit()
        if self._is_visible:
            self._timer.start(wait_ms)

    def _milliseconds_until_due(self) -> int:
        return int(self.seconds_until_due() * 1000) + 20

    def seconds_until_due(self) -> float:
        """Seconds until some age's text or a day's name changes, rounded up so that several change together."""
        now = datetime.now(UTC)
        times = [chat.since for chat in self._sessions.running()]
        soonest_s = _seconds_until_tomorrow(now)
        for ended in self._sessions.groups().values():
            for record in ended.records if isinstance(ended, EndedChats) else ():
                times.append(parse_time(record.ended_at or record.created_at))
                if times[-1] is None or now - times[-1] > _DAY:
                    soonest_s = min(soonest_s, HOUR_S)
                    break
        soonest_s = min([soonest_s, *(phrases.seconds_until_age_changes(since, now) for since in times)])
        young = any(phrases.is_young(since, now) for since in times)
        return max(soonest_s, YOUNG_STEP_S if young else OLD_STEP_S)


def _seconds_until_tomorrow(now: datetime) -> float:
    """The time until midnight, local time, when "today" becomes "yesterday"."""
    midnight = datetime.combine(now.astimezone().date() + timedelta(days=1), time())
    return (midnight.astimezone() - now).total_seconds()
