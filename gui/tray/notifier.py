"""When the user is told that a chat needs them: once for each question, and not while they look at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from PySide6.QtCore import QObject

from gui.sessions import words
from gui.sessions.chat import Chat
from gui.sessions.model import SessionsModel
from session_host.agents.agent import Agent


class Notifications(Protocol):
    """Who shows them."""

    def show(self, key: str, title: str, text: str) -> None:
        """Show one, in the place of an earlier one with this key."""

    def withdraw(self, key: str) -> None:
        """Take one away; nothing if there is none."""


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
        """Whether the user wants to be told at all."""
        self._started = datetime.now(UTC)
        self._known: dict[str, tuple[str, str]] = {}
        """What each chat that needs its user has asked, and since when."""
        self._shown: set[str] = set()
        sessions.changed.connect(self.look)

    def look(self) -> None:
        """See who needs the user now, and what they look at."""
        waiting = {chat.id: chat for chat in self._sessions.chats() if chat.needs_you}
        for session_id in [known for known in self._known if known not in waiting]:
            del self._known[session_id]
            self._withdraw(session_id)
        for chat in waiting.values():
            asked = (chat.activity_since, chat.activity_detail)
            is_new = self._known.get(chat.id) != asked
            self._known[chat.id] = asked
            if self._is_looked_at(chat):
                self._withdraw(chat.id)
            elif is_new and self.is_wanted and self._is_news(chat):
                self._show(chat)

    def _is_news(self, chat: Chat) -> bool:
        """It was not waiting already when the window opened, which shows that by itself."""
        return chat.id in self._shown or chat.since is None or chat.since >= self._started

    def _show(self, chat: Chat) -> None:
        agent = self._agents.get(chat.record.agent)
        title = agent.title if agent is not None else chat.record.agent
        text = chat.activity_detail or f"{title} in {words.short_directory(chat.record.cwd)} waits for you"
        self._shown.add(chat.id)
        self._notifications.show(chat.id, f"{chat.name} needs you", text)

    def _withdraw(self, session_id: str) -> None:
        if session_id in self._shown:
            self._shown.discard(session_id)
            self._notifications.withdraw(session_id)
