"""Which chats send no notifications: some until the user says otherwise, all of them for a while."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from gui.wording.phrases import parse_time

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.sessions_model import SessionsModel

LONGEST_WAIT_S = 3600.0
"""How often at least the time is looked at: timers stand still while the computer sleeps."""
HOUR = timedelta(hours=1)
MORNING_HOUR = 6
"""Muted "until tomorrow" ends at this hour of the day, local time."""


class Muting(QObject):
    """The muted chats; a chat that continues a muted one is muted in its place.

    Signals:
        changed: a chat, or all of them, are muted or heard again.

    Attributes:
        muted: the ids of the chats that the user muted.
    """

    changed = Signal()

    def __init__(self, sessions: SessionsModel) -> None:
        super().__init__(sessions)
        self._sessions = sessions
        self.muted: list[str] = []
        self._until: datetime | None = None
        self._over = QTimer(self, singleShot=True, timerType=Qt.TimerType.VeryCoarseTimer)
        self._over.timeout.connect(self._on_over)
        sessions.added.connect(lambda chat: chat.set_muted(muted=chat.id in self.muted))
        sessions.removed.connect(self._on_removed)
        sessions.changed.connect(self._follow_resumed)

    def restore(self, muted: Iterable[str], until: str) -> None:
        """Mute what was muted when the window closed."""
        self.muted = list(muted)
        for chat in self._sessions.chats():
            chat.set_muted(muted=chat.id in self.muted)
        self._until = parse_time(until)
        self._wait_for_end()

    def is_muted(self, chat: Chat) -> bool:
        """Whether a chat sends no notifications now."""
        return chat.is_muted or self.until is not None

    # ------------------------------------------------------------ one chat

    def mute_chat(self, chat: Chat, *, muted: bool) -> None:
        """Mute a chat, or hear it again."""
        if chat.is_muted != muted:
            self.muted = [*self.muted, chat.id] if muted else [each for each in self.muted if each != chat.id]
            chat.set_muted(muted=muted)
            self.changed.emit()

    def _on_removed(self, session_id: str) -> None:
        if session_id in self.muted:
            self.muted.remove(session_id)
            self.changed.emit()

    def _follow_resumed(self) -> None:
        for session_id in list(self.muted):
            chat, newest = self._sessions.get(session_id), self._sessions.newest_of(session_id)
            if chat is not None and newest is not None and newest is not chat:
                self.mute_chat(newest, muted=True)
                self.mute_chat(chat, muted=False)

    # ------------------------------------------------------------ all chats

    @property
    def until(self) -> datetime | None:
        """Until when all chats are muted; None if they are not."""
        return self._until if self._until is not None and self._until > datetime.now(UTC) else None

    def mute_for_an_hour(self) -> None:
        """Mute all chats for an hour."""
        self._mute_until(datetime.now(UTC) + HOUR)

    def mute_until_tomorrow(self) -> None:
        """Mute all chats until the morning."""
        self._mute_until(next_morning(datetime.now().astimezone()))

    def hear_all(self) -> None:
        """End the muting of all chats; each chat's own stays."""
        self._mute_until(None)

    def _mute_until(self, until: datetime | None) -> None:
        self._until = until
        self._wait_for_end()
        self.changed.emit()

    def _wait_for_end(self) -> None:
        until = self.until
        if until is None:
            self._over.stop()
        else:
            left_s = (until - datetime.now(UTC)).total_seconds()
            self._over.start(round(min(left_s, LONGEST_WAIT_S) * 1000) + 1)

    def _on_over(self) -> None:
        """The time is up, or the computer slept, or its clock was set."""
        if self.until is None:
            self._mute_until(None)
        else:
            self._wait_for_end()


def next_morning(now: datetime) -> datetime:
    """The next morning after a moment, in the moment's time zone, an hour away at least."""
    morning = now.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
    return morning if morning - now >= HOUR else morning + timedelta(days=1)
