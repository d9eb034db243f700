"""Save and restore each chat's scroll position and unread mark."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.sessions_model import SessionsModel
from gui.settings.layout import WindowLayout
from gui.terminal.history.scroll_place import ScrollPosition
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_page import TerminalPage
from gui.window.tabs.tabs import Tabs

DELAY_MS = 1000
"""A window that is killed loses what happened within this time, at most."""


class RememberedMarks(QObject):
    """Puts places and marks into the layout, and back.

    Signals:
        changed: the layout is to be saved.
    """

    changed = Signal()

    def __init__(self, sessions: SessionsModel, tabs: Tabs, layout: WindowLayout, parent: QObject) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._tabs = tabs
        self._layout = layout
        self._soon = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._soon.timeout.connect(self._on_due)
        tabs.page_made.connect(self._on_page)
        sessions.changed.connect(self._on_chats)

    def restore(self) -> None:
        """Mark chats as last time; before their tabs are opened."""
        for session_id in self._layout.unseen:
            if (chat := self._sessions.get(session_id)) is not None and not chat.is_shown:
                chat.unseen, chat.rang = True, session_id in self._layout.rang

    def note(self) -> None:
        """Put all that is to be remembered into the layout."""
        layout, pages = self._layout, {page.chat.id: page for page in self._tabs.pages()}
        places = {session_id: page.view.place for session_id, page in pages.items() if isinstance(page, TerminalPage)}
        former = {session_id: place for session_id, place in layout.places.items() if session_id not in pages}
        known = set(self._tabs.ids())
        layout.places = {session_id: place for session_id, place in former.items() if session_id in known}
        layout.places.update({session_id: (place.row, place.digest) for session_id, place in places.items() if place})
        layout.unseen, layout.rang = self._marks()

    def _marks(self) -> tuple[list[str], list[str]]:
        chats = [chat for chat in self._sessions.chats() if chat.unseen]
        return [chat.id for chat in chats], [chat.id for chat in chats if chat.rang]

    def _on_page(self, page: ChatPage) -> None:
        if not isinstance(page, TerminalPage):
            return
        place = self._layout.places.get(page.chat.id)
        if place is not None:
            page.view.look_at(ScrollPosition(*place))
        page.view.scrolled.connect(self._save_soon)

    def _on_chats(self) -> None:
        if self._marks() != (self._layout.unseen, self._layout.rang):
            self._save_soon()

    def _save_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _on_due(self) -> None:
        self.changed.emit()
