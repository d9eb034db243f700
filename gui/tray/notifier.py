"""Notifies when a chat asks, finishes a long turn or command, or dies, unless the user views it or has muted it.

Events are collected for a moment: up to two chats get a notification each, more share one that names them (a group).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, QTimer

from gui.bridge.chat import Chat, shortened
from gui.bridge.one_question import structured_chat_shown_by
from gui.bridge.sessions_model import SessionsModel
from gui.tray import questions
from gui.tray.events import DOUBT_MS, Event, Events
from gui.wording import notice_texts, phrases
from session_host.agents.agent import Agent, title_of
from session_host.errors import OutliveError

COLLECT_MS = 500
"""Events are collected for this time before they are shown."""

MIN_GROUP = 3
"""The number of chats from which on they share one notification."""

GROUP_OPEN_S = 5.0
"""A chat with an event within this time is added to the group's notification."""

_MAX_NAMES = 12


class Notifications(Protocol):
    """Shows notifications: the desktop's service, or the tray."""

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        """Show a notification, in place of an earlier one with this key; ``actions`` are ids and labels of buttons."""

    def withdraw(self, key: str) -> None:
        """Withdraw a notification, if there is one."""


class Notifier(QObject):
    """Shows notifications of chats, and withdraws them when they are answered, seen, muted or out of date.

    Attributes:
        is_enabled: whether notifications are enabled in the settings.
    """

    def __init__(
        self,
        sessions: SessionsModel,
        agents: Mapping[str, Agent],
        is_viewed: Callable[[Chat], bool],
        notifications: Notifications,
        collect_ms: int = COLLECT_MS,
    ) -> None:
        super().__init__(sessions)
        self._sessions = sessions
        self._agents = agents
        self._is_viewed = is_viewed
        self._notifications = notifications
        self._events = Events()
        self.is_enabled = True
        self._pending: dict[str, Event] = {}
        """The collected events, by chat."""
        self._shown: dict[str, Event] = {}
        """The shown events, by chat."""
        self._groups: dict[str, list[str]] = {}
        """The chats of each group, by the notification's key."""
        self._group_shown_at_s = 0.0
        self._offers: dict[str, questions.Offer] = {}
        """The questions that can be answered from their notifications, by chat."""
        self._collect_timer = QTimer(self, singleShot=True, interval=collect_ms)
        self._collect_timer.timeout.connect(self._show_pending)
        self._recheck_timer = QTimer(self, singleShot=True, interval=DOUBT_MS)
        self._recheck_timer.timeout.connect(self.check)
        sessions.changed.connect(self.check)
        sessions.muting.changed.connect(self.check)
        sessions.clock_changes.jumped.connect(self._events.note_clock_jump)

    def apply_settings(self, *, is_enabled: bool, long_turn_s: float = 0) -> None:
        """Apply the user's settings.

        Args:
            is_enabled: whether notifications are shown.
            long_turn_s: the minimum duration of a turn or command with a notification at its end; 0 for none.
        """
        self.is_enabled, self._events.long_turn_s = is_enabled, long_turn_s

    def check(self) -> None:
        """Find new events, and withdraw notifications that are out of date."""
        found = self._events.find_events(self._sessions, self._shown)
        if self._events.has_doubtful_question:
            self._recheck_timer.start()
        for session_id in {**self._pending, **self._shown}:
            event = self._pending.get(session_id) or self._shown[session_id]
            if not self._is_current(session_id, event):
                self._withdraw(session_id)
        self._pending |= {
            session_id: event for session_id, event in found.items() if self._is_current(session_id, event)
        }
        if self._pending and not self._collect_timer.isActive():
            self._collect_timer.start()

    def _is_current(self, session_id: str, event: Event) -> bool:
        """Whether an event is still true and the user has not seen it."""
        chat = self._sessions.get(session_id)
        if (
            chat is None
            or not event.is_current(chat)
            or (event.kind == "asks" and not self._events.has_question(session_id))
        ):
            return False
        return self.is_enabled and not self._sessions.muting.is_muted(chat) and not self._is_seen_by_user(chat)

    def _is_seen_by_user(self, chat: Chat) -> bool:
        """Whether the user views a chat, or the agent's own terminal of the same conversation."""
        chats = self._sessions.chats()
        viewed = [other for other in chats if self._is_viewed(other)]
        return any(other is chat or structured_chat_shown_by(other, chats) is chat for other in viewed)

    def chat_of(self, key: str) -> Chat | None:
        """The chat of the notification with this key; for a group, its first chat that still exists."""
        return next(filter(None, map(self._sessions.get, self._groups.get(key, [key]))), None)

    # ------------------------------------------------------------ showing

    def _show_pending(self) -> None:
        pending, self._pending = self._pending, {}
        kinds: dict[str, list[str]] = {}
        for session_id, event in pending.items():
            kinds.setdefault("done" if event.kind == "ran" else event.kind, []).append(session_id)
        for kind, session_ids in kinds.items():
            chats = [chat for chat in map(self._sessions.get, session_ids) if chat is not None]
            if len(chats) >= MIN_GROUP or self._is_group_open(kind):
                self._show_group(kind, chats)
            else:
                for chat in chats:
                    self._show(chat, pending[chat.id])
            for chat in chats:
                self._shown[chat.id] = pending[chat.id]

    def _is_group_open(self, kind: str) -> bool:
        """Whether a group of this kind was shown so recently that chats can be added."""
        return kind in self._groups and time.monotonic() - self._group_shown_at_s < GROUP_OPEN_S

    def _show_group(self, kind: str, chats: list[Chat]) -> None:
        """Show one notification for these chats and for those that the group of this kind already has."""
        for chat in chats:
            self._withdraw(chat.id)
        previous = [chat for chat in map(self._sessions.get, self._groups.get(kind, [])) if chat is not None]
        named = [*previous, *(chat for chat in chats if chat not in previous)]
        self._groups[kind] = [chat.id for chat in named]
        self._group_shown_at_s = time.monotonic()
        names = [chat.name for chat in named]
        title = {
            "asks": notice_texts.several_need_you, "done": notice_texts.several_finished,
            "died": notice_texts.several_died,
        }[kind](len(names))  # fmt: skip
        self._notifications.show(kind, title, notice_texts.names(names[:_MAX_NAMES], len(names) - _MAX_NAMES))

    def _show(self, chat: Chat, event: Event) -> None:
        self._remove_from_group(chat.id)
        where = phrases.short_directory(chat.record.cwd)
        if event.kind == "asks":
            self._show_question(chat)
        elif event.kind == "done":
            text = notice_texts.after(phrases.duration(event.seconds), event.text or where)
            self._notifications.show(chat.id, notice_texts.finished(chat.name), text)
        elif event.kind == "ran":
            title = notice_texts.command_ended(shortened(event.text), chat.name, chat.last_exit_code)
            text = notice_texts.how_long_and_where(phrases.duration(event.seconds), where)
            self._notifications.show(chat.id, title, text)
        else:
            text = notice_texts.how_and_where(chat.how_it_ended, where)
            self._notifications.show(chat.id, notice_texts.ended_unexpectedly(chat.name), text)

    def _show_question(self, chat: Chat) -> None:
        agent = self._agents.get(chat.record.agent)
        is_structured = chat.record.runtime == "structured"
        if not is_structured:
            self._show_text(chat)  # Replaced by a notification with answers if the agent's hook reports the request.
        if is_structured or (agent is not None and agent.signals.answered_by_hook):
            self._sessions.tasks.start(self._show_offer(chat), "a question for a notification")

    def _show_text(self, chat: Chat) -> None:
        title = title_of(self._agents, chat.record.agent)
        text = chat.activity_detail or notice_texts.needs_your_answer(title, phrases.short_directory(chat.record.cwd))
        self._offers.pop(chat.id, None)
        self._notifications.show(chat.id, notice_texts.needs_you(chat.name), text)

    async def _show_offer(self, chat: Chat) -> None:
        """Show a question that can be answered outside of a terminal; with answers if it is short enough."""
        asked = self._shown.get(chat.id)
        offered = await questions.find_offer(chat.id)
        if asked is None or self._shown.get(chat.id) != asked or self._is_seen_by_user(chat):
            return  # It was answered or seen meanwhile.
        if offered is None:
            if chat.record.runtime == "structured":
                self._show_text(chat)
            return
        self._offers[chat.id] = offered
        self._notifications.show(chat.id, notice_texts.needs_you(chat.name), offered.text, offered.actions)

    def _withdraw(self, session_id: str) -> None:
        self._pending.pop(session_id, None)
        self._offers.pop(session_id, None)
        was_shown = self._shown.pop(session_id, None) is not None
        if not self._remove_from_group(session_id) and was_shown:
            self._notifications.withdraw(session_id)

    def _remove_from_group(self, session_id: str) -> bool:
        """Remove a chat from its group, and withdraw an empty group; returns whether the chat was in a group."""
        key = next((key for key, members in self._groups.items() if session_id in members), None)
        if key is None:
            return False
        self._groups[key].remove(session_id)
        if not self._groups[key]:
            del self._groups[key]
            self._notifications.withdraw(key)
        return True

    # ------------------------------------------------------------ answers

    def answer(self, session_id: str, action: str) -> None:
        """Send the user's answer, chosen in the notification, to the chat."""
        offered = self._offers.pop(session_id, None)
        if offered is not None:
            self._sessions.tasks.start(self._answer(session_id, offered, action), "an answer from a notification")

    async def _answer(self, session_id: str, offered: questions.Offer, action: str) -> None:
        try:
            await questions.answer(session_id, offered, action)
        except OutliveError as error:
            chat = self._sessions.get(session_id)
            if chat is not None:
                self._shown[session_id] = Event("refused")
                self._notifications.show(session_id, chat.name, str(error))
