"""Search in all chats: connects the sheet and the index, and opens a result."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.search import Hit, Query, Scope, scopes
from gui.bridge.sessions import Sessions
from gui.theme.theme import Theme
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_page import TerminalPage
from gui.window.search.recorded_sheet import RecordingSheet
from gui.window.search.sheet import SearchSheet

LINES_AROUND = 200
HISTORY_TIMEOUT_MS = 1000
"""The history of a running chat is loaded within this time."""


class Searching(QObject):
    """Runs the queries of the sheet, and shows the chosen result."""

    def __init__(
        self, theme: Theme, window: QWidget, sessions: Sessions, open_chat: Callable[[Chat], ChatPage]
    ) -> None:
        super().__init__(window)
        self._sessions = sessions
        self._open_chat = open_chat
        self._line_search: _LineSearch | None = None
        self.sheet = SearchSheet(theme, window, sessions.get, self._scopes)
        self.recorded = RecordingSheet(theme, window)
        self.sheet.query_changed.connect(self._on_query_changed)
        self.sheet.emptied.connect(sessions.search_thread.cancel_query)
        self.sheet.closed.connect(self._on_closed)
        self.sheet.chosen.connect(self._on_chosen)

    def open(self, text: str = "") -> None:
        """Open the search sheet with this text, or with the last query."""
        self.sheet.ask(text)

    def _on_closed(self) -> None:
        self._sessions.search_thread.release()
        self._sessions.indexing.set_paused(False)
        if self.sheet.is_reading:
            self._sessions.indexing.note_output()  # So that the rest is indexed, too.

    def _scopes(self) -> Callable[[str], Scope | None]:
        return scopes(self._sessions.listed_records(with_left=True), datetime.now().astimezone().date())

    def _on_query_changed(self, query: Query) -> None:
        chat = self.sheet.chat
        session_ids = self._sessions.listed_ids(with_left=True) if chat is None else [chat.id]
        self._sessions.indexing.set_paused(True)
        self._sessions.search_thread.search(query, session_ids, self.sheet.show_results, self.sheet.show_failure)

    def _on_chosen(self, query: Query, hit: Hit) -> None:
        chat = self._sessions.get(hit.session_id)
        if chat is not None:
            if self._line_search is not None:
                self._line_search.stop()
            self._line_search = _LineSearch(
                self, self._open_chat(chat), query, hit, partial(self._show_recorded, chat, query, hit)
            )

    def _show_recorded(self, chat: Chat, query: Query, hit: Hit) -> None:
        self._sessions.search_thread.read_context(
            hit, LINES_AROUND, lambda lines: self.recorded.show_lines(chat.name, lines, hit, query)
        )


class _LineSearch(QObject):
    """Finds a line on a page that may still be loading.

    A replica's screen arrives before its history, and a background tab may get a new replica. So each new replica is
    searched until ``HISTORY_TIMEOUT_MS`` has passed.
    """

    def __init__(
        self, parent: QObject, page: ChatPage, query: Query, hit: Hit, on_not_found: Callable[[], object]
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._query = query
        self._hit = hit
        self._on_not_found = on_not_found
        self._is_shown = self._is_stopped = False
        self._timeout = QTimer(self, singleShot=True, interval=HISTORY_TIMEOUT_MS)
        self._timeout.timeout.connect(self._on_timeout)
        page.settled.connect(self._search_line)
        page.source.replaced.connect(self._search_line)
        if isinstance(page, TerminalPage):
            page.view.typed.connect(self.stop)
        page.find_used.connect(self.stop)
        page.destroyed.connect(self.stop)
        if page.is_settled:
            self._search_line()

    def stop(self) -> None:
        """Stop searching; without effect if it is already stopped."""
        if not self._is_stopped:
            self._is_stopped = True
            self._timeout.stop()
            self.deleteLater()

    def _search_line(self) -> None:
        if self._is_stopped or self._stop_if_left():
            return
        if self._page.show_line(self._hit.text, self._query):
            self._is_shown = True
        if not self._timeout.isActive():
            self._timeout.start(0 if self._page.chat.has_ended else HISTORY_TIMEOUT_MS)

    def _stop_if_left(self) -> bool:
        """Stop if the user has left the page meanwhile: what they type must not go to its find bar."""
        if is_left := not self._page.has_keyboard:
            self.stop()
        return is_left

    def _on_timeout(self) -> None:
        if not (self._is_shown or self._stop_if_left()):
            self._on_not_found()
        self.stop()
