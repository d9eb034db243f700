"""Muting: single chats until they are unmuted, or all chats for a limited time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from session_host.client.chats.notification_rules import is_still_muted
from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.chat_list import ChatList
    from gui.bridge.clock_changes import ClockChanges

MAX_TIMER_S = 86_400.0
"""Maximum interval between checks of the time; Qt's timers wait for 24 days at most."""
HOUR = timedelta(hours=1)
MORNING_HOUR = 6
"""Muted "until tomorrow" ends at this hour of the day, local time."""


class Muting(QObject):
    """The muted chats; if another chat continues a muted one, that chat is muted instead.

    Signals:
        changed: one chat, or all chats, were muted or unmuted.

    Attributes:
        muted: the ids of the chats that the user muted.
    """

    changed = Signal()

    def __init__(self, chats: ChatList, clock_changes: ClockChanges) -> None:
        super().__init__(chats)
        self._list = chats
        self.muted: list[str] = []
        self._until: datetime | None = None
        self._end_timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.VeryCoarseTimer)
        self._end_timer.timeout.connect(self._on_end_timer)
        clock_changes.jumped.connect(self._on_jumped)
        chats.added.connect(lambda chat: chat.set_muted(muted=chat.id in self.muted))
        chats.forgotten.connect(self._on_forgotten)
        chats.changed.connect(self._follow_resumed)

    def load(self, muted: Iterable[str], until: str) -> None:
        """Load the muting from the saved layout."""
        self.muted = list(muted)
        for chat in self._list.chats():
            chat.set_muted(muted=chat.id in self.muted)
        self._until = parse_time(until)
        self._wait_for_end()

    def is_muted(self, chat: Chat) -> bool:
        """Whether a chat sends no notifications now."""
        return chat.is_muted or self.until is not None

    # ------------------------------------------------------------ one chat

    def mute_chat(self, chat: Chat, *, muted: bool) -> None:
        """Mute or unmute a chat."""
        if chat.is_muted != muted:
            self.muted = [*self.muted, chat.id] if muted else [known for known in self.muted if known != chat.id]
            chat.set_muted(muted=muted)
            self.changed.emit()

    def _on_forgotten(self, session_id: str) -> None:
        if session_id in self.muted:
            self.muted.remove(session_id)
            self.changed.emit()

    def _follow_resumed(self) -> None:
        for chat, newest in self._list.continued(self.muted):
            self.mute_chat(newest, muted=True)
            self.mute_chat(chat, muted=False)

    # ------------------------------------------------------------ all chats

    @property
    def until(self) -> datetime | None:
        """The end of the time for which all chats are muted; None if they are not muted."""
        until = self._until
        return until if until is not None and is_still_muted(until, datetime.now(UTC)) else None

    def mute_for_an_hour(self) -> None:
        """Mute all chats for an hour."""
        self._mute_until(datetime.now(UTC) + HOUR)

    def mute_until_tomorrow(self) -> None:
        """Mute all chats until the morning."""
        self._mute_until(next_morning(datetime.now().astimezone()))

    def unmute_all(self) -> None:
        """End the muting of all chats; chats that were muted one by one stay muted."""
        self._mute_until(None)

    def _mute_until(self, until: datetime | None) -> None:
        self._until = until
        self._wait_for_end()
        self.changed.emit()

    def _wait_for_end(self) -> None:
        until = self.until
        if until is None:
            self._end_timer.stop()
        else:
            left_s = (until - datetime.now(UTC)).total_seconds()
            self._end_timer.start(round(min(left_s, MAX_TIMER_S) * 1000) + 1)

    def _on_jumped(self) -> None:
        if self._until is not None:
            self._on_end_timer()

    def _on_end_timer(self) -> None:
        """Unmute if the time has passed, else wait on."""
        if self.until is None:
            self._mute_until(None)
        else:
            self._wait_for_end()


def next_morning(now: datetime) -> datetime:
    """The next morning, in the time zone of ``now``, at least an hour away."""
    morning = now.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
    return morning if morning - now >= HOUR else morning + timedelta(days=1)
