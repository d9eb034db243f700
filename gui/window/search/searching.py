"""Search in all chats: connects the sheet and the index, and opens a result."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from gui.bridge.background.search_thread import Hit, Query
from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from gui.theme.follow import Theme
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_page import TerminalPage
from gui.window.search.recorded_sheet import RecordingSheet
from gui.window.search.sheet import SearchSheet

LINES_AROUND = 200
PATIENCE_MS = 1000
"""Within this time a running chat's history is loaded."""


class Searching(QObject):
    """Runs the sheet's queries on the index, and shows the chosen result."""

    def __init__(
        self, theme: Theme, window: QWidget, sessions: SessionsModel, open_chat: Callable[[Chat], ChatPage]
    ) -> None:
        super().__init__(window)
        self._sessions = sessions
        self._open_chat = open_chat
        self._way: _Way | None = None
        self.sheet = SearchSheet(theme, window, sessions.get)
        self.recorded = RecordingSheet(theme, window)
        self.sheet.asked.connect(self._on_asked)
        self.sheet.emptied.connect(sessions.finder.cancel_query)
        self.sheet.closed.connect(sessions.finder.cancel_query)
        self.sheet.closed.connect(lambda: sessions.indexing.set_paused(False))
        self.sheet.chosen.connect(self._on_chosen)

    def open(self) -> None:
        """Open the search sheet."""
        self.sheet.ask()

    def _on_asked(self, query: Query) -> None:
        newest = [chat.id for chats in self._sessions.groups().values() for chat in chats]
        self._sessions.indexing.set_paused(True)
        self._sessions.finder.search(query, newest, self.sheet.show_results, self.sheet.show_failure)

    def _on_chosen(self, query: Query, hit: Hit) -> None:
        chat = self._sessions.get(hit.session_id)
        if chat is not None:
            if self._way is not None:
                self._way.end()
            self._way = _Way(self, self._open_chat(chat), query, hit, lambda: self._show_recorded(chat, query, hit))

    def _show_recorded(self, chat: Chat, query: Query, hit: Hit) -> None:
        self._sessions.finder.read_context(
            hit, LINES_AROUND, lambda lines: self.recorded.show_lines(chat.name, lines, hit, query)
        )


class _Way(QObject):
    """Finds a line on a page that may still be loading.

    A replica's screen arrives before its history, and a background tab may get another replica: for a moment each new
    replica is searched for the line.
    """

    def __init__(
        self, parent: QObject, page: ChatPage, query: Query, hit: Hit, not_there: Callable[[], object]
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._query = query
        self._hit = hit
        self._not_there = not_there
        self._is_shown = self._is_stopped = False
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._give_up)
        page.settled.connect(self._search_line)
        page.source.replaced.connect(self._search_line)
        if isinstance(page, TerminalPage):
            page.view.typed.connect(self.end)
        page.find_used.connect(self.end)
        page.destroyed.connect(self.end)
        if page.is_settled:
            self._search_line()

    def end(self) -> None:
        """Stop searching; does nothing when stopped."""
        if not self._is_stopped:
            self._is_stopped = True
            self._patience.stop()
            self.deleteLater()

    def _search_line(self) -> None:
        if self._is_stopped:
            return
        if self._page.show_line(self._hit.text, self._query):
            self._is_shown = True
        if not self._patience.isActive():
            self._patience.start(0 if self._page.chat.has_ended else PATIENCE_MS)

    def _give_up(self) -> None:
        if not self._is_shown:
            self._not_there()
        self.end()
