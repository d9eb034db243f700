"""Rings and notifies when a structured chat asks or ends a long turn, by the rules of the window's notifications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from session_host.cli.attach.outer_signals import OuterSignals
from session_host.cli.attach.signal_queue import SignalQueue
from session_host.client.chats.notification_rules import NotificationRules
from session_host.protocol.messages import ActivityEvent
from session_host.protocol.values import Activity
from session_host.structured.text import duration

SETTLE_S: Final = 0.5
"""How long a question or an idle state must last; another viewer may answer at once, and queued prompts follow."""


class AttentionEvent(NamedTuple):
    """A change of the chat's activity that the user may want to hear of.

    Attributes:
        asks: whether the agent asks; else a turn has ended.
        text: the question, or the agent's last message; "" if unknown.
        seconds: the duration of the turn.
    """

    asks: bool
    text: str
    seconds: float = 0.0

    def is_wanted(self, rules: NotificationRules) -> bool:
        """Whether the rules want the user to hear of it."""
        if rules.is_muted or not rules.is_enabled:
            return False
        return self.asks or 0 < rules.long_turn_s <= self.seconds


class AttentionEvents:
    """Finds these events by comparing each activity with the previous one. Pure.

    Attributes:
        current: the event that the chat's activity stands for; None for none, and for the activity at the beginning.
    """

    def __init__(self) -> None:
        self.current: AttentionEvent | None = None
        self._previous: ActivityEvent | None = None
        self._turn_began = ""

    def take(self, event: ActivityEvent) -> bool:
        """Take the chat's activity, which the host repeats after a reconnect; returns whether ``current`` changed."""
        previous, self._previous = self._previous, event
        if previous is not None and _key(previous) == _key(event):
            return False
        before, self.current = self.current, None
        if event.activity is Activity.WORKING:
            if previous is None or previous.activity is not Activity.WORKING:
                self._turn_began = event.since
        elif previous is None:
            pass  # The user sees it on the page that opens.
        elif event.activity is Activity.NEEDS_INPUT:
            self.current = AttentionEvent(asks=True, text=event.detail)
        elif event.activity is Activity.IDLE and previous.activity is Activity.WORKING:
            seconds = _seconds_between(self._turn_began, event.since)
            self.current = AttentionEvent(asks=False, text=event.detail, seconds=seconds)
        return self.current is not before


class Attention:
    """Follows a chat's activity, and puts signals for the outer terminal into a queue.

    Attributes:
        has_focus: whether the outer terminal reported that it has the keyboard focus, so that the user sees the chat.
            Not every terminal reports that.
    """

    def __init__(self, signals: OuterSignals, queue: SignalQueue, name: Callable[[], str]) -> None:
        self.has_focus = False
        self._signals = signals
        self._queue = queue
        self._name = name
        self._events = AttentionEvents()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, event: ActivityEvent) -> None:
        """Take the chat's activity."""
        if not self._events.take(event):
            return
        self.close()
        if (found := self._events.current) is not None:
            self._timer = asyncio.get_running_loop().call_later(
                SETTLE_S, self._queue.add, lambda rules: self._made(found, rules)
            )

    def close(self) -> None:
        """Drop what has not settled yet."""
        if self._timer is not None:
            self._timer.cancel()

    def _made(self, found: AttentionEvent, rules: NotificationRules) -> Sequence[bytes]:
        if self.has_focus or found is not self._events.current or not found.is_wanted(rules):
            return ()
        name, text = self._name(), found.text
        if found.asks:
            title = f"{name} needs you"
        else:
            title = f"{name} finished"
            text = ": ".join(filter(None, [f"After {duration(round(found.seconds * 1000))}", text]))
        return self._signals.bell(), self._signals.notification(title, "", text)


def _key(event: ActivityEvent) -> tuple[Activity, str, str]:
    return event.activity, event.since, event.detail


def _seconds_between(first: str, last: str) -> float:
    try:
        return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    except ValueError:
        return 0.0
