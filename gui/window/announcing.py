"""Announces to screen readers what happens in the chat that the user looks at: a question, a turn's end, its own end.

Other chats are announced by the desktop, which reads its notifications aloud.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from gui.wording import notice_texts
from session_host.protocol.values import Activity

Politeness = QAccessible.AnnouncementPoliteness


class _Status(NamedTuple):
    """A chat's status, as last seen."""

    session_id: str
    activity: Activity
    question: tuple[str, str]
    has_ended: bool


class StatusAnnouncer(QObject):
    """Follows the chat that is looked at."""

    def __init__(
        self, sessions: SessionsModel, window: Callable[[], QWidget], is_viewed: Callable[[Chat], bool]
    ) -> None:
        """Follow the chat for which ``is_viewed`` is true; ``window`` gives the window that shows it."""
        super().__init__(sessions)
        self._sessions = sessions
        self._window = window
        self._is_viewed = is_viewed
        self._known: _Status | None = None
        sessions.changed.connect(self.look)

    def look(self) -> None:
        """Announce what has changed in the chat that is looked at; another one is taken as it is."""
        if not QAccessible.isActive():
            return
        chat = next((each for each in self._sessions.chats() if self._is_viewed(each)), None)
        if chat is None:
            self._known = None
            return
        question = (chat.activity_since, chat.activity_detail) if chat.needs_you else ("", "")
        known, now = self._known, _Status(chat.id, chat.activity, question, chat.has_ended)
        self._known = now
        if known is not None and known.session_id == now.session_id:
            self._announce_change(chat, known, now)

    def _announce_change(self, chat: Chat, known: _Status, now: _Status) -> None:
        if now.has_ended:
            if not known.has_ended:
                self._announce(notice_texts.how_chat_ended(chat.name, chat.how_it_ended))
        elif now.question != known.question and chat.needs_you:
            if chat.record.runtime == "terminal":  # A structured chat's view announces its requests itself.
                self._announce(notice_texts.asks(chat.name, chat.status_text), Politeness.Assertive)
        elif known.activity is Activity.WORKING and now.activity is Activity.IDLE:
            self._announce(notice_texts.finished(chat.name))

    def _announce(self, text: str, politeness: Politeness = Politeness.Polite) -> None:
        event = QAccessibleAnnouncementEvent(self._window(), text)
        event.setPoliteness(politeness)
        QAccessible.updateAccessibility(event)
