"""Save and restore each chat's unread mark, and save the scroll positions soon after they change."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.sessions import Sessions
from gui.settings.layout import WindowLayout
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_page import TerminalPage

DELAY_MS = 1000
"""A window that is killed loses what happened within this time, at most."""


class UnseenMarks(QObject):
    """Saves the marks of unseen output, bells and notifications in the layout, and restores them.

    Panes save the scroll positions.

    Signals:
        changed: the layout is to be saved.
    """

    changed = Signal()

    def __init__(self, sessions: Sessions, layout: WindowLayout, parent: QObject) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._layout = layout
        self._soon = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._soon.timeout.connect(self._on_due)
        sessions.changed.connect(self._on_chats)

    def restore(self) -> None:
        """Restore the saved marks, before tabs are opened."""
        for session_id in self._layout.unseen:
            if (chat := self._sessions.get(session_id)) is not None and not chat.is_shown:
                chat.has_unseen_output, chat.has_unseen_bell = True, session_id in self._layout.rang
                chat.unseen_notification = self._layout.notified.get(session_id, "")

    def write_state(self) -> None:
        """Write the marks into the layout."""
        self._layout.unseen, self._layout.rang, self._layout.notified = self._marks()

    def _marks(self) -> tuple[list[str], list[str], dict[str, str]]:
        chats = [chat for chat in self._sessions.chats() if chat.has_unseen_output]
        rang = [chat.id for chat in chats if chat.has_unseen_bell]
        return (
            [chat.id for chat in chats],
            rang,
            {chat.id: text for chat in chats if (text := chat.unseen_notification)},
        )

    def follow(self, page: ChatPage) -> None:
        """Save the layout soon after the user scrolls in this page."""
        if isinstance(page, TerminalPage):
            page.view.scrolled.connect(self._save_soon)

    def _on_chats(self) -> None:
        if self._marks() != (self._layout.unseen, self._layout.rang, self._layout.notified):
            self._save_soon()

    def _save_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _on_due(self) -> None:
        self.changed.emit()
