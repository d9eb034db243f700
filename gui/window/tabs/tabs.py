"""The open chats: their order, and which one is shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from gui.bridge.background.malloc_trim import give_back_memory
from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from gui.theme.follow import Theme
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_page import TerminalPage
from gui.window.tabs.tab_bar import TabBar, TabLook
from session_host.client.sessions.last_screen import last_screen, last_transcript
from session_host.errors import OutliveError
from session_host.terminal import default_engine

if TYPE_CHECKING:
    from gui.window.page.structured_page import StructuredPage

CLOSED_KEPT = 20
RECENT_KEPT = 100
AWAKE = 1
"""Number of hidden pages, the last shown, that keep their replicas, for users who switch between a few chats."""
REST_AFTER_MS = 3000
"""Pages that are passed rest a moment later, one after the other."""
_REST_STEP_MS = 20
_QUIET_MS = 300
"""To give freed memory back takes up to ten milliseconds: the user does not switch tabs just now."""


class Tabs(QObject):
    """The tab bar and the stack of pages behind it. A page is made when its tab is first shown.

    Signals:
        changed: tabs, their order, or which one is shown.
        active_changed: another page is shown, or none.
        page_made: a page exists now, to be wired up.
    """

    changed = Signal()
    active_changed = Signal()
    page_made = Signal(ChatPage)

    def __init__(
        self, theme: Theme, sessions: SessionsModel, bar: TabBar, stack: QStackedWidget, empty: QWidget
    ) -> None:
        super().__init__(bar)
        self._theme = theme
        self._sessions = sessions
        self._bar = bar
        self._stack = stack
        self._empty = empty
        self._pages: dict[str, ChatPage] = {}
        self._shown = ""
        self._closed: list[tuple[str, int]] = []
        self._recent: list[str] = []
        """Chats that were shown, the latest last."""
        self._rest_later = QTimer(self, singleShot=True, interval=REST_AFTER_MS)
        self._rest_later.timeout.connect(self._rest)
        self._quiet = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._quiet.timeout.connect(give_back_memory)
        stack.addWidget(empty)
        bar.chosen.connect(self._show)
        bar.reordered.connect(self.changed)
        sessions.removed.connect(self._on_removed)
        sessions.changed.connect(self._describe_all)

    # ------------------------------------------------------------ reading

    def ids(self) -> list[str]:
        """The open chats in tab order."""
        return self._bar.ids()

    def chats(self) -> list[Chat]:
        """The chats of the tabs, in the order of ``ids``."""
        found = (self._sessions.get(session_id) for session_id in self.ids())
        return [chat for chat in found if chat is not None]

    @property
    def active_id(self) -> str:
        """The chat that is shown, "" for none."""
        return self._shown

    @property
    def active_chat(self) -> Chat | None:
        """The chat that is shown."""
        return self._sessions.get(self._shown) if self._shown else None

    def directory(self) -> str:
        """The directory of the visible chat (for a worktree, its repository); "" for none."""
        chat = self.active_chat
        return (chat.record.repository or chat.record.cwd) if chat is not None else ""

    @property
    def active_page(self) -> ChatPage | None:
        """The page that is shown."""
        return self._pages.get(self._shown)

    def pages(self) -> list[ChatPage]:
        """The pages that exist."""
        return list(self._pages.values())

    @property
    def recent(self) -> list[str]:
        """The chats that were shown, the latest last."""
        return list(self._recent)

    def note_shown(self, ids: list[str]) -> None:
        """Set the order in which chats were last shown."""
        for session_id in ids:
            if session_id in self._recent:
                self._recent.remove(session_id)
            self._recent.append(session_id)
        del self._recent[:-RECENT_KEPT]

    def most_recent_first(self, chats: list[Chat]) -> list[Chat]:
        """Chats in the order of their last showing; the one that is shown now comes after all that were."""
        places = {session_id: place for place, session_id in enumerate(self._recent, 2)}
        places[self._shown] = 1
        return sorted(chats, key=lambda chat: -places.get(chat.id, 0))

    # ------------------------------------------------------------ opening and closing

    def restore(self, ids: list[str], active: str) -> None:
        """Open the saved tabs, except those of removed chats."""
        newest = {session_id: self._sessions.newest_of(session_id) for session_id in ids}
        known = list(dict.fromkeys(chat.id for chat in newest.values() if chat is not None))
        for session_id in known:
            self._insert_tab(session_id)
        if known:
            shown = newest.get(active)
            self.activate(shown.id if shown is not None else known[-1])

    def open(self, chat: Chat) -> ChatPage:
        """Show a chat's tab, opening it if need be."""
        if self._bar.index_of(chat.id) < 0:
            at = self._bar.index_of(self._shown) + 1 if self._shown else -1
            self._insert_tab(chat.id, at)
            self._closed = [entry for entry in self._closed if entry[0] != chat.id]
        self.activate(chat.id)
        return self._pages[chat.id]

    def replace(self, former: str, chat: Chat) -> None:
        """Give a chat's tab to the chat that continues it."""
        self._closed = [(chat.id if closed == former else closed, index) for closed, index in self._closed]
        index = self._bar.index_of(former)
        if index < 0 or self._bar.index_of(chat.id) >= 0:
            self.open(chat)
        else:
            self._insert_tab(chat.id, index)
            if self._shown == former:
                self.activate(chat.id)
        if index >= 0:
            self._drop(former)

    def _insert_tab(self, session_id: str, at: int = -1) -> None:
        chat = self._sessions.get(session_id)
        if chat is not None:
            self._bar.add_tab(session_id, _look(chat), at)

    def activate(self, session_id: str) -> None:
        """Bring a tab to the front."""
        index = self._bar.index_of(session_id)
        if index < 0:
            return
        # The page first: a bar with many tabs takes longer than a terminal.
        self._show(session_id)
        self._bar.setCurrentIndex(index)

    def close(self, session_id: str) -> None:
        """Close a tab; the chat goes on."""
        index = self._bar.index_of(session_id)
        if index < 0:
            return
        self._closed = [*self._closed[-CLOSED_KEPT:], (session_id, index)]
        self._drop(session_id)

    def _drop(self, session_id: str) -> None:
        self._bar.drop(session_id)
        page = self._pages.pop(session_id, None)
        if self._shown == session_id:
            self._shown = ""
        current = self._bar.id_at(self._bar.currentIndex())
        if current != self._shown:
            self._show(current)
        elif not current:
            self._show("")
        if page is not None:
            page.dispose()
            self._stack.removeWidget(page)
        self.changed.emit()

    def reopen(self) -> None:
        """Open the tab that was closed last, where it was."""
        while self._closed:
            session_id, index = self._closed.pop()
            if self._sessions.get(session_id) is not None and self._bar.index_of(session_id) < 0:
                self._insert_tab(session_id, min(index, self._bar.count()))
                self.activate(session_id)
                return

    def step(self, by: int) -> None:
        """Go to the tab to the right (1) or the left (-1), round and round."""
        if self._bar.count():
            self.activate(self._bar.id_at((self._bar.currentIndex() + by) % self._bar.count()))

    def go_to(self, number: int) -> None:
        """Go to the tab in this place, counted from 1; 9 is the last one."""
        index = self._bar.count() - 1 if number == 9 else number - 1
        if 0 <= index < self._bar.count():
            self.activate(self._bar.id_at(index))

    # ------------------------------------------------------------ showing

    def _show(self, session_id: str) -> None:
        if session_id == self._shown and session_id:
            return
        if session_id:
            self.note_shown([session_id])
        former = self._pages.get(self._shown)
        had_keyboard = former is None or former.has_keyboard
        self._shown = session_id
        chat = self._sessions.get(session_id) if session_id else None
        if chat is None:
            self._stack.setCurrentWidget(self._empty)
        else:
            page = self._page(chat)
            self._stack.setCurrentWidget(page)
            page.paint_now()
            page.come_to_front()
            if had_keyboard:
                page.focus_terminal()
        if former is not None:
            former.leave_front()
            if not self._rest_later.isActive():
                self._rest_later.start(REST_AFTER_MS)
            if self._quiet.isActive():
                self._quiet.start()
        self.active_changed.emit()
        self.changed.emit()

    def _rest(self) -> None:
        """Free the memory of one page that was not shown lately, then of the next, so that keys come between them."""
        awake = {self._shown, *self._recent[-AWAKE - 1 :]}
        if any(page.suspend() for session_id, page in self._pages.items() if session_id not in awake):
            self._rest_later.start(_REST_STEP_MS)
            self._quiet.start()

    def _page(self, chat: Chat) -> ChatPage:
        page = self._pages.get(chat.id)
        if page is None:
            page = self._make_page(chat)
            self._pages[chat.id] = page
            self._stack.addWidget(page)
            self.page_made.emit(page)
        return page

    def _make_page(self, chat: Chat) -> ChatPage:
        if chat.record.runtime == "terminal":
            return TerminalPage(self._theme, chat.take(), self._load_screen)
        from gui.window.page.structured_page import StructuredPage  # Most windows show terminals alone.

        return StructuredPage(self._theme, chat.take(), self._load_transcript)

    def _load_transcript(self, chat: Chat, page: StructuredPage) -> None:
        self._sessions.tasks.start(self._read_transcript(chat, page), "transcript")

    async def _read_transcript(self, chat: Chat, page: StructuredPage) -> None:
        transcript = None
        try:
            transcript = await asyncio.to_thread(last_transcript, chat.id)
        except OutliveError as error:
            self._sessions.problem.emit(str(error))
        if self._pages.get(chat.id) is page:
            page.show_transcript(transcript)

    def _load_screen(self, chat: Chat, page: TerminalPage) -> None:
        self._sessions.tasks.start(self._load(chat, page), "last screen")

    async def _load(self, chat: Chat, page: TerminalPage) -> None:
        emulator = None
        try:
            emulator = await asyncio.to_thread(last_screen, chat.id, default_engine())
        except OutliveError as error:
            self._sessions.problem.emit(str(error))
        if self._pages.get(chat.id) is page:
            page.show_screen(emulator)
        elif emulator is not None:
            emulator.close()

    def _describe_all(self) -> None:
        for chat in self.chats():
            self._bar.describe(chat.id, _look(chat))

    def _on_removed(self, session_id: str) -> None:
        if self._bar.index_of(session_id) >= 0:
            self._drop(session_id)


def _look(chat: Chat) -> TabLook:
    return TabLook(chat.name, chat.mark, chat.status_text, chat.unseen, chat.rang)
