"""Marks that the user gives to chats: their order and pins, colour labels, muting, watches for quiet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt, Signal

from gui.theme.tokens import LABEL_COLORS
from gui.timers import single_shot
from gui.wording import notice_texts
from session_host.client.chats.notification_rules import is_still_muted
from session_host.client.sessions.store_calls import order_chats
from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from .chat import Chat
    from .chat_list import ChatList
    from .tasks import Tasks


class ChatOrder:
    """Pins chats and orders them. A chat that continues another one gets its pin and position from the store."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def pin(self, chats: Iterable[Chat], *, pinned: bool) -> None:
        """Pin or unpin chats."""
        self._write([(chat, {"pinned": pinned}) for chat in chats if chat.record.entry.pinned != pinned])

    def arrange(self, chats: Sequence[Chat]) -> None:
        """Put chats into this order."""
        positions = [(chat, {"position": float(at)}) for at, chat in enumerate(chats, 1)]
        self._write([(chat, fields) for chat, fields in positions if chat.record.entry.position != fields["position"]])

    def _write(self, changes: Sequence[tuple[Chat, dict[str, Any]]]) -> None:
        """Apply the changes to the chats, and store them; of a machine that cannot be reached, that fails."""
        for chat, fields in changes:
            if not chat.machine.is_reachable:
                continue
            chat.record = replace(chat.record, entry=replace(chat.record.entry, **fields))
            chat.changed.emit()
        for machine in {chat.machine for chat, _fields in changes}:
            own = [(chat.session_id, fields) for chat, fields in changes if chat.machine is machine]
            self._tasks.start(machine.call(order_chats, own), "order of chats", notice_texts.CANNOT_ARRANGE())


class ColorLabels(QObject):
    """The labels of chats; if another chat continues a labelled one, that chat takes the label.

    Signals:
        changed: a label was set or removed.
    """

    changed = Signal()

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._labels: dict[str, str] = {}
        chats.added.connect(lambda chat: chat.set_color_label(self._labels.get(chat.id, "")))
        chats.forgotten.connect(self._on_forgotten)
        chats.changed.connect(self._follow_resumed)

    def load(self, labels: dict[str, str]) -> None:
        """Show the labels of the saved layout, names of ``LABEL_COLORS`` by chats' ids; they are changed there."""
        self._labels = labels
        for session_id in [known for known, name in labels.items() if name not in LABEL_COLORS]:
            del labels[session_id]
        for chat in self._list.made():
            chat.set_color_label(labels.get(chat.id, ""))

    def set_label(self, chats: Iterable[Chat], name: str) -> None:
        """Label chats with a colour; "" removes their labels."""
        changed = [chat for chat in chats if chat.color_label != name]
        for chat in changed:
            if name:
                self._labels[chat.id] = name
            else:
                self._labels.pop(chat.id, None)
            chat.set_color_label(name)
        if changed:
            self.changed.emit()

    def _on_forgotten(self, session_id: str) -> None:
        if self._labels.pop(session_id, ""):
            self.changed.emit()

    def _follow_resumed(self) -> None:
        for chat, newest in self._list.continued(self._labels):
            name = self._labels[chat.id]
            self.set_label([chat], "")
            self.set_label([newest], newest.color_label or name)


CHECK_S = 60.0
"""Interval of checks whether muting has ended: Qt's timers stand still while the computer sleeps."""
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

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self.muted: list[str] = []
        self._until: datetime | None = None
        self._end_timer = single_shot(self)
        self._end_timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._end_timer.timeout.connect(self._on_end_timer)
        chats.added.connect(lambda chat: chat.set_muted(muted=chat.id in self.muted))
        chats.forgotten.connect(self._on_forgotten)
        chats.changed.connect(self._follow_resumed)

    def load(self, muted: Iterable[str], until: str) -> None:
        """Load the muting from the saved layout."""
        self.muted = list(muted)
        for chat in self._list.made():
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
            self._end_timer.start(round(min(left_s, CHECK_S) * 1000) + 1)

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


QUIET_S = 10.0
"""A chat is quiet if it has written nothing for this time."""


class QuietWatch(QObject):
    """The watched chats.

    Signals:
        found_quiet: a watched chat is quiet or has ended (Chat); emitted again every ``QUIET_S`` while that is so,
            until the watch is ended.
    """

    found_quiet = Signal(object)

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._since_s: dict[str, float] = {}
        """The time at which each watch began (CLOCK_MONOTONIC), by chat."""
        self._timer = single_shot(self)
        self._timer.timeout.connect(self._check)
        chats.changed.connect(self._check_ended)
        chats.forgotten.connect(self.end)

    def is_watched(self, chat: Chat) -> bool:
        """Whether a chat is watched."""
        return chat.id in self._since_s

    def begin(self, chat: Chat) -> None:
        """Watch a chat."""
        self._since_s[chat.id] = time.monotonic()
        self._wait()

    def end(self, session_id: str) -> None:
        """Watch a chat no more."""
        self._since_s.pop(session_id, None)
        self._wait()

    def _wait(self) -> None:
        """Wait until the next chat can be quiet."""
        waits_s = [self._left_s(chat) for chat in self._watched()]
        if waits_s:
            self._timer.start(max(round(min(waits_s) * 1000), 1))
        else:
            self._timer.stop()

    def _watched(self) -> list[Chat]:
        return [chat for session_id in self._since_s if (chat := self._list.get(session_id)) is not None]

    def _left_s(self, chat: Chat) -> float:
        """The time until a chat is quiet, if it writes nothing more."""
        return max(self._since_s[chat.id], chat.output_at_s) + QUIET_S - time.monotonic()

    def _check(self) -> None:
        for chat in self._watched():
            if chat.is_unreachable:
                self._since_s[chat.id] = time.monotonic()  # It may be writing.
            elif chat.is_asleep:
                del self._since_s[chat.id]  # The user, or the user's setting, has made it quiet.
            elif chat.has_ended or self._left_s(chat) <= 0:
                self._since_s[chat.id] = time.monotonic()
                self.found_quiet.emit(chat)
        self._wait()

    def _check_ended(self) -> None:
        if any(chat.has_ended for chat in self._watched()):
            self._check()
