"""Notify when a chat asks, finishes a long turn or command, or dies, unless the user looks at it or has muted it.

Events of one moment are collected: a few chats get a notification each, more of them one together that names them.
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
from gui.tray.events import SETTLE_MS, Event, Events
from gui.wording import notice_texts, phrases
from session_host.agents.agent import Agent
from session_host.errors import OutliveError

MOMENT_MS = 500
"""Events within this time are shown together."""

TOGETHER = 3
"""So many chats and more get one notification."""

STRAGGLERS_S = 5.0
"""A chat that follows within this time is added to the notification for several."""

_NAMED = 12


class Notifications(Protocol):
    """Shows notifications: the desktop's service, or the tray."""

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        """Show one, in the place of an earlier one with this key; ``actions``: their ids and labels."""

    def withdraw(self, key: str) -> None:
        """Withdraw a notification, if there is one."""


class Notifier(QObject):
    """Shows notifications of chats, and withdraws them when they are answered, seen, muted or out of date.

    Attributes:
        is_wanted: whether the user wants notifications.
    """

    def __init__(
        self,
        sessions: SessionsModel,
        agents: Mapping[str, Agent],
        is_viewed: Callable[[Chat], bool],
        notifications: Notifications,
        moment_ms: int = MOMENT_MS,
    ) -> None:
        super().__init__(sessions)
        self._sessions = sessions
        self._agents = agents
        self._is_viewed = is_viewed
        self._notifications = notifications
        self._events = Events()
        self.is_wanted = True
        self._pending: dict[str, Event] = {}
        """The events of this moment, by chat."""
        self._shown: dict[str, Event] = {}
        """The events that are shown, by chat."""
        self._together: dict[str, list[str]] = {}
        """The chats of each notification for several, by its key."""
        self._together_at_s = 0.0
        self._offers: dict[str, questions.Offer] = {}
        """The questions that can be answered from their notifications, by chat."""
        self._moment = QTimer(self, singleShot=True, interval=moment_ms)
        self._moment.timeout.connect(self._show_pending)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self.check)
        sessions.changed.connect(self.check)
        sessions.muting.changed.connect(self.check)

    def use(self, *, is_wanted: bool, long_turn_s: float = 0) -> None:
        """Use the user's settings.

        Args:
            is_wanted: whether there are notifications.
            long_turn_s: how long a turn or a command takes at least so that its end notifies; 0: no end does.
        """
        self.is_wanted, self._events.long_turn_s = is_wanted, long_turn_s

    def check(self) -> None:
        """See what has happened, and what the user looks at."""
        found = self._events.look(self._sessions, self._shown)
        if self._events.is_in_doubt:
            self._settle.start()
        for session_id in {**self._pending, **self._shown}:
            event = self._pending.get(session_id) or self._shown[session_id]
            if not self._holds(session_id, event):
                self._withdraw(session_id)
        self._pending |= {session_id: event for session_id, event in found.items() if self._holds(session_id, event)}
        if self._pending and not self._moment.isActive():
            self._moment.start()

    def _holds(self, session_id: str, event: Event) -> bool:
        """Whether the user still has to know of an event."""
        chat = self._sessions.get(session_id)
        if chat is None or not event.holds(chat) or (event.kind == "asks" and not self._events.asks(session_id)):
            return False
        return self.is_wanted and not self._sessions.muting.is_muted(chat) and not self._is_seen(chat)

    def _is_seen(self, chat: Chat) -> bool:
        """Whether the user looks at a chat, or at the agent's own terminal of the same conversation."""
        chats = self._sessions.chats()
        viewed = [other for other in chats if self._is_viewed(other)]
        return any(other is chat or structured_chat_shown_by(other, chats) is chat for other in viewed)

    def chat_of(self, key: str) -> Chat | None:
        """The chat that a notification with this key is about; of several, the first that it still holds for."""
        return next(filter(None, map(self._sessions.get, self._together.get(key, [key]))), None)

    # ------------------------------------------------------------ showing

    def _show_pending(self) -> None:
        pending, self._pending = self._pending, {}
        kinds: dict[str, list[str]] = {}
        for session_id, event in pending.items():
            kinds.setdefault("done" if event.kind == "ran" else event.kind, []).append(session_id)
        for kind, session_ids in kinds.items():
            chats = [chat for chat in map(self._sessions.get, session_ids) if chat is not None]
            if len(chats) >= TOGETHER or self._was_shown_together(kind):
                self._show_together(kind, chats)
            else:
                for chat in chats:
                    self._show(chat, pending[chat.id])
            for chat in chats:
                self._shown[chat.id] = pending[chat.id]

    def _was_shown_together(self, kind: str) -> bool:
        """Whether a notification for several chats has just been shown."""
        return kind in self._together and time.monotonic() - self._together_at_s < STRAGGLERS_S

    def _show_together(self, kind: str, chats: list[Chat]) -> None:
        """Show one notification for several chats, and for those of the former one of this kind."""
        for chat in chats:
            self._withdraw(chat.id)
        former = [chat for chat in map(self._sessions.get, self._together.get(kind, [])) if chat is not None]
        named = [*former, *(chat for chat in chats if chat not in former)]
        self._together[kind] = [chat.id for chat in named]
        self._together_at_s = time.monotonic()
        names = [chat.name for chat in named]
        title = {
            "asks": notice_texts.several_need_you, "done": notice_texts.several_finished,
            "died": notice_texts.several_died,
        }[kind](len(names))  # fmt: skip
        self._notifications.show(kind, title, notice_texts.names(names[:_NAMED], len(names) - _NAMED))

    def _show(self, chat: Chat, event: Event) -> None:
        self._leave_together(chat.id)
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
            self._show_text(chat)  # The answers come with the question of the agent's hook, if the user wants them.
        if is_structured or (agent is not None and agent.signals.answered_by_hook):
            self._sessions.tasks.start(self._show_offer(chat), "a question for a notification")

    def _show_text(self, chat: Chat) -> None:
        agent = self._agents.get(chat.record.agent)
        title = agent.title if agent is not None else chat.record.agent
        text = chat.activity_detail or notice_texts.needs_your_answer(title, phrases.short_directory(chat.record.cwd))
        self._offers.pop(chat.id, None)
        self._notifications.show(chat.id, notice_texts.needs_you(chat.name), text)

    async def _show_offer(self, chat: Chat) -> None:
        """Show a question that is answered outside of a terminal, with its answers if it is short enough."""
        asked = self._shown.get(chat.id)
        offered = await questions.offer_of(chat.id)
        if asked is None or self._shown.get(chat.id) != asked or self._is_seen(chat):
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
        if not self._leave_together(session_id) and was_shown:
            self._notifications.withdraw(session_id)

    def _leave_together(self, session_id: str) -> bool:
        """Take a chat out of the notification for several, which goes with the last; returns whether it was in one."""
        key = next((key for key, members in self._together.items() if session_id in members), None)
        if key is None:
            return False
        self._together[key].remove(session_id)
        if not self._together[key]:
            del self._together[key]
            self._notifications.withdraw(key)
        return True

    # ------------------------------------------------------------ answers

    def answer(self, session_id: str, action: str) -> None:
        """The user answered a chat's question from its notification."""
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
