"""Notify when a long command of a shell ends, unless the chat is visible."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat, shortened
from gui.bridge.sessions_model import SessionsModel
from gui.wording import notice_texts, phrases

from .notifier import Notifications

LONG_S: Final = 15.0
"""The user probably does something else after so long."""


class CommandEnds(QObject):
    """Tells that a command has ended, and takes that back when the chat is looked at or runs another one.

    Attributes:
        is_wanted: whether the user wants notifications.
    """

    def __init__(
        self, sessions: SessionsModel, is_looked_at: Callable[[Chat], bool], notifications: Notifications
    ) -> None:
        super().__init__(sessions)
        self._sessions = sessions
        self._is_looked_at = is_looked_at
        self._notifications = notifications
        self.is_wanted = True
        self._running: dict[str, tuple[str, datetime]] = {}
        """The command of each shell that runs one, and its start."""
        self._shown: set[str] = set()
        sessions.changed.connect(self.check)

    def check(self) -> None:
        """See which commands run and which have ended, and what the user looks at."""
        chats = {chat.id: chat for chat in self._sessions.chats() if not chat.is_over}
        for session_id in [*self._running.keys() - chats.keys()]:
            del self._running[session_id]
        for chat in chats.values():
            if chat.foreground:
                began = phrases.parse_time(chat.foreground_since) or datetime.now(UTC)
                self._running.setdefault(chat.id, (chat.foreground, began))
                self._withdraw(chat.id)
            elif chat.foreground is not None and chat.id in self._running:
                self._ended(chat, *self._running.pop(chat.id))
        for session_id in list(self._shown):
            if session_id not in chats or self._is_looked_at(chats[session_id]):
                self._withdraw(session_id)

    def _ended(self, chat: Chat, command: str, began: datetime) -> None:
        ended = phrases.parse_time(chat.last_ended or chat.foreground_since) or datetime.now(UTC)
        took_s = (ended - began).total_seconds()
        if took_s < LONG_S or not self.is_wanted or self._is_looked_at(chat):
            return
        self._shown.add(chat.id)
        self._notifications.show(
            chat.id,
            notice_texts.command_ended(shortened(command), chat.name, chat.last_exit_code),
            notice_texts.how_long_and_where(phrases.duration(took_s), phrases.short_directory(chat.record.cwd)),
        )

    def _withdraw(self, session_id: str) -> None:
        if session_id in self._shown:
            self._shown.discard(session_id)
            self._notifications.withdraw(session_id)
