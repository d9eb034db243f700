"""Notify once per question, unless the chat is visible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from PySide6.QtCore import QObject, QTimer

from gui.bridge.chat import Chat
from gui.bridge.one_question import asking, repeats, shown_by
from gui.bridge.sessions_model import SessionsModel
from gui.tray import questions
from gui.wording import notice_texts, phrases
from session_host.agents.agent import Agent
from session_host.errors import OutliveError

SETTLE_MS = 1000
"""A question in the terminal of a structured chat is usually the chat's, which may report it a moment later."""


class Notifications(Protocol):
    """Shows notifications: the desktop's service, or the tray."""

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        """Show one, in the place of an earlier one with this key; ``actions``: their ids and labels."""

    def withdraw(self, key: str) -> None:
        """Withdraw a notification, if there is one."""


class Notifier(QObject):
    """Tells that a chat needs its user, what it asks, and takes that back when it is answered or seen."""

    def __init__(
        self,
        sessions: SessionsModel,
        agents: Mapping[str, Agent],
        is_looked_at: Callable[[Chat], bool],
        notifications: Notifications,
    ) -> None:
        super().__init__(sessions)
        self._sessions = sessions
        self._agents = agents
        self._is_looked_at = is_looked_at
        self._notifications = notifications
        self.is_wanted = True
        """Whether the user wants notifications."""
        self._started = datetime.now(UTC)
        self._known: dict[str, tuple[str, str]] = {}
        """The question of each chat that needs its user, and its time."""
        self._shown: set[str] = set()
        self._offers: dict[str, questions.Offer] = {}
        """The questions that can be answered from their notifications, by chat."""
        self._running: set[str] = set()
        """The chats that ran when it was last looked."""
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self.check)
        sessions.changed.connect(self.check)

    def check(self) -> None:
        """See who needs the user now, and what they look at."""
        waiting = {chat.id: chat for chat in asking(self._sessions) if not self._may_be_repeated(chat)}
        seen_in = {found.id: chat for chat in self._sessions.chats() if (found := self._repeats(chat)) is not None}
        for session_id in [known for known in self._known if known not in waiting]:
            del self._known[session_id]
            self._withdraw(session_id)
        for chat in waiting.values():
            asked = (chat.activity_since, chat.activity_detail)
            is_new = self._known.get(chat.id) != asked
            self._known[chat.id] = asked
            if any(self._is_looked_at(each) for each in (chat, seen_in.get(chat.id)) if each is not None):
                self._withdraw(chat.id)
            elif is_new and self.is_wanted and self._is_news(chat):
                self._show(chat)

        self._look_at_ends()

    def _repeats(self, chat: Chat) -> Chat | None:
        return repeats(chat, self._sessions.chats())

    def _may_be_repeated(self, chat: Chat) -> bool:
        """Whether the structured chat that a terminal shows may be about to ask the same; looks again then."""
        if chat.since is None or shown_by(chat, self._sessions.chats()) is None:
            return False
        if is_early := datetime.now(UTC) - chat.since < timedelta(milliseconds=SETTLE_MS):
            self._settle.start()
        return is_early

    def _look_at_ends(self) -> None:
        """Notify of each chat that died since the last call; withdrawn when the chat is shown or removed."""
        chats = {chat.id: chat for chat in self._sessions.chats()}
        for session_id in self._running & chats.keys():
            chat = chats[session_id]
            if chat.failed and self.is_wanted and not self._is_looked_at(chat):
                self._shown.add(session_id)
                where = phrases.short_directory(chat.record.cwd)
                self._notifications.show(
                    session_id,
                    notice_texts.ended_unexpectedly(chat.name),
                    notice_texts.how_and_where(chat.how_it_ended, where),
                )
        self._running = {chat.id for chat in chats.values() if not chat.is_over}
        for session_id in list(self._shown):
            found = chats.get(session_id)
            if found is None or (found.is_over and self._is_looked_at(found)):
                self._withdraw(session_id)

    def _is_news(self, chat: Chat) -> bool:
        """Whether the chat began to wait after the window opened; the window shows earlier ones by itself."""
        return chat.id in self._shown or chat.since is None or chat.since >= self._started

    def answer(self, session_id: str, action: str) -> None:
        """The user answered a chat's question from its notification."""
        offered = self._offers.pop(session_id, None)
        if offered is not None:
            self._sessions.tasks.start(self._answer(session_id, offered, action), "an answer from a notification")

    async def _answer(self, session_id: str, offered: questions.Offer, action: str) -> None:
        try:
            await questions.answer(session_id, offered, action)
        except OutliveError as error:
            chat = next((each for each in self._sessions.chats() if each.id == session_id), None)
            if chat is not None:
                self._shown.add(session_id)
                self._notifications.show(session_id, chat.name, str(error))

    async def _show_question(self, chat: Chat) -> None:
        """Show a question that is answered outside of a terminal, with its answers if it is short enough."""
        asked = self._known.get(chat.id)
        offered = await questions.offer_of(chat.id)
        if asked is None or self._known.get(chat.id) != asked or self._is_looked_at(chat):
            return  # It was answered or seen meanwhile.
        if offered is None:
            if chat.record.runtime == "structured":
                self._show_text(chat)
            return
        self._shown.add(chat.id)
        self._offers[chat.id] = offered
        self._notifications.show(chat.id, notice_texts.needs_you(chat.name), offered.text, offered.actions)

    def _show(self, chat: Chat) -> None:
        agent = self._agents.get(chat.record.agent)
        is_structured = chat.record.runtime == "structured"
        if not is_structured:
            self._show_text(chat)  # The answers come with the question of the agent's hook, if the user wants them.
        if is_structured or (agent is not None and agent.signals.answered_by_hook):
            self._sessions.tasks.start(self._show_question(chat), "a question for a notification")

    def _show_text(self, chat: Chat) -> None:
        agent = self._agents.get(chat.record.agent)
        title = agent.title if agent is not None else chat.record.agent
        text = chat.activity_detail or notice_texts.needs_your_answer(title, phrases.short_directory(chat.record.cwd))
        self._shown.add(chat.id)
        self._offers.pop(chat.id, None)
        self._notifications.show(chat.id, notice_texts.needs_you(chat.name), text)

    def _withdraw(self, session_id: str) -> None:
        if session_id in self._shown:
            self._shown.discard(session_id)
            self._offers.pop(session_id, None)
            self._notifications.withdraw(session_id)
