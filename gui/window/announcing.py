"""Announces events of the viewed chat to screen readers: a question, the end of a turn, the end of the chat.

Other chats are announced by the desktop, which reads its notifications aloud.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.chat_words import status_text
from gui.bridge.sessions import Sessions
from gui.screen_readers import announce
from gui.wording import notice_texts, tray_texts
from session_host.protocol.values import Activity
from session_host.standing.endings import end_of
from session_host.standing.traits import traits_of

Politeness = QAccessible.AnnouncementPoliteness


class _Status(NamedTuple):
    """The status of a chat at the last check."""

    session_id: str
    activity: Activity
    question: tuple[str, str]
    has_ended: bool


class StatusAnnouncer(QObject):
    """Announces changes of the viewed chat."""

    def __init__(self, sessions: Sessions, window: Callable[[], QWidget], is_viewed: Callable[[Chat], bool]) -> None:
        """Follow the chat for which ``is_viewed`` is true; ``window`` gives the window that shows it."""
        super().__init__(sessions)
        self._sessions = sessions
        self._window = window
        self._is_viewed = is_viewed
        self._previous: _Status | None = None
        sessions.chats.changed.connect(self.announce_changes)

    def announce_changes(self) -> None:
        """Announce changes of the viewed chat since the last call; nothing if another chat is viewed now."""
        if not QAccessible.isActive():
            return
        chat = next((chat for chat in self._sessions.chats.made() if self._is_viewed(chat)), None)
        if chat is None:
            self._previous = None
            return
        if chat.is_unreachable:
            return  # What is new since is announced once it is known.
        question = (chat.record.status.since, chat.record.status.detail) if chat.needs_you else ("", "")
        previous, now = self._previous, _Status(chat.id, chat.record.status.activity, question, chat.has_ended)
        self._previous = now
        if previous is not None and previous.session_id == now.session_id:
            self._announce_change(chat, previous, now)

    def _announce_change(self, chat: Chat, previous: _Status, now: _Status) -> None:
        if now.has_ended:
            if not previous.has_ended:
                self._announce(notice_texts.HOW_CHAT_ENDED(name=chat.full_name, how=end_of(chat.record.outcome).phrase))
        elif now.question != previous.question and chat.needs_you:
            if traits_of(chat.record).own_dialog:  # Other requests are announced by the view that shows them.
                self._announce(notice_texts.ASKS(name=chat.full_name, question=status_text(chat)), Politeness.Assertive)
        elif previous.activity is Activity.WORKING and now.activity is Activity.IDLE:
            text = tray_texts.FAILED if chat.record.status.failed else tray_texts.FINISHED
            self._announce(text(name=chat.full_name))

    def _announce(self, text: str, politeness: Politeness = Politeness.Polite) -> None:
        announce(self._window(), text, politeness)
