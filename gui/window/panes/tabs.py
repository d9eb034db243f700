"""The tabs of a pane, of chats and of other pages: their order, and which one is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QStackedWidget

from gui.bridge.chat import Chat
from gui.bridge.chat_words import reason_for_bell, status_text
from gui.bridge.ended_chat import read_last_screen, read_last_transcript
from gui.bridge.sessions import Sessions
from gui.input.refused_keys import refused_keys
from gui.settings.layout import Place, SavedPane, WindowLayout
from gui.theme.theme import Theme
from gui.timers import single_shot
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_content import TerminalContent
from gui.window.sheets.sheet import is_over_window
from gui.window.widgets.tab_page import TabPage
from gui.wording import phrases
from session_host.errors import OutliveError, Unreachable
from session_host.system.clock import parse_time
from session_host.system.freed_memory import return_freed_memory

from .tab_bar import TabBar, TabLook

if TYPE_CHECKING:
    from gui.window.page.structured_content import StructuredContent

T = TypeVar("T")


MAX_RECENT = 100


class RecentChats:
    """The chats that were shown in any window, the latest last; kept in the layout."""

    def __init__(self, layout: WindowLayout) -> None:
        self._layout = layout

    @property
    def ids(self) -> list[str]:
        """The ids of the chats, the latest last."""
        return list(self._layout.recent)

    def add(self, session_id: str) -> None:
        """Make a chat the latest one, since it is shown now."""
        self._layout.recent = [*(known for known in self._layout.recent if known != session_id), session_id][
            -MAX_RECENT:
        ]

    def ordered(self, ids: Iterable[str], shown: str) -> list[str]:
        """Ids of chats, the most recently shown first; the shown one comes after all that were shown before."""
        ranks = {session_id: rank for rank, session_id in enumerate(self._layout.recent, 2)}
        ranks[shown] = 1
        return sorted(ids, key=lambda session_id: -ranks.get(session_id, 0))


KEPT_REPLICAS = 1
"""Number of recently shown hidden pages that keep their replicas, for users who switch between a few chats."""
SUSPEND_AFTER_MS = 3000
"""Other hidden pages are suspended after this time, one after the other."""
_SUSPEND_STEP_MS = 20
_TRIM_AFTER_MS = 300
"""Delay of returning freed memory, which takes up to ten milliseconds, until the user does not switch tabs."""


class OtherPages(Protocol):
    """The pages without chats, each by the key of its tab, which is no chat's id; a window makes them."""

    def look(self, key: str) -> TabLook | None:
        """What a page's tab shows; None if there is no such page, or its chat is gone."""

    def make(self, key: str) -> TabPage:
        """Make the page that ``look`` knows."""


class Tabs(QObject):
    """The tabs and pages of one pane. A page is created when its tab is first shown.

    A tab has the id of its chat, or the key of another page.

    Signals:
        changed: the tabs, their order, or the shown tab changed.
        active_changed: another page is shown, or none.
        page_made: a page exists now, to be wired up; then ``terminal_made`` or ``structured_made``, with its content.
        emptied: the last tab is gone.
    """

    changed = Signal()
    active_changed = Signal()
    page_made = Signal(ChatPage)
    terminal_made = Signal(ChatPage, QObject)
    structured_made = Signal(ChatPage, QObject)
    emptied = Signal()

    def __init__(
        self,
        theme: Theme,
        sessions: Sessions,
        others: OtherPages,
        recent: RecentChats,
        bar: TabBar,
        stack: QStackedWidget,
    ) -> None:
        super().__init__(bar)
        self._theme = theme
        self._sessions = sessions
        self._bar = bar
        self._stack = stack
        self._others = others
        self._recent = recent
        self._pages: dict[str, ChatPage] = {}
        self._other_pages: dict[str, TabPage] = {}
        self._shown = ""
        self._is_visible, self._is_disposed = True, False
        self._places: dict[str, Place] = {}
        """The saved places of chats without a page."""
        self._suspend_timer = single_shot(self, SUSPEND_AFTER_MS)
        self._suspend_timer.timeout.connect(self._suspend_next)
        self._trim_timer = single_shot(self, _TRIM_AFTER_MS)
        self._trim_timer.timeout.connect(return_freed_memory)
        bar.chosen.connect(self._show)
        bar.reordered.connect(self.changed)
        bar.shown.connect(self._watch_output)
        sessions.listed.removed.connect(self._on_removed)
        sessions.chats.changed.connect(self._describe_all)
        sessions.sparklines.changed.connect(self._describe_all)

    # ------------------------------------------------------------ reading

    def ids(self) -> list[str]:
        """The open chats and other pages in tab order."""
        return self._bar.ids()

    def chats(self) -> list[Chat]:
        """The chats of the tabs, in their order."""
        found = (self._sessions.chats.get(session_id) for session_id in self.ids())
        return [chat for chat in found if chat is not None]

    @property
    def active_id(self) -> str:
        """The id of the shown chat, or the key of another page; "" for none."""
        return self._shown

    @property
    def active_chat(self) -> Chat | None:
        """The shown chat; None for another page."""
        return self._sessions.chats.get(self._shown) if self._shown else None

    @property
    def active_page(self) -> ChatPage | None:
        """The shown chat's page."""
        return self._pages.get(self._shown)

    @property
    def front(self) -> ChatPage | TabPage | None:
        """The shown page, of a chat or another one."""
        return self._pages.get(self._shown) or self._other_pages.get(self._shown)

    def pages(self) -> list[ChatPage]:
        """The pages of chats that exist."""
        return list(self._pages.values())

    def has_page(self, tab: str) -> bool:
        """Whether the page of a tab exists."""
        return tab in self._pages or tab in self._other_pages

    @property
    def next_index(self) -> int:
        """The index after the shown tab; -1 for the end."""
        return self._bar.index_of(self._shown) + 1 if self._shown else -1

    def others(self, *, at_right: bool = False) -> list[str]:
        """The tabs beside the shown one, or only those to its right."""
        ids = self.ids()[self.next_index if at_right else 0 :]
        return [session_id for session_id in ids if session_id != self._shown]

    def page_of(self, session_id: str) -> ChatPage | None:
        """A chat's page, if it exists."""
        return self._pages.get(session_id)

    def place_of(self, session_id: str) -> Place | None:
        """A chat's scroll position and folds; None for the end without folds."""
        page = self._pages.get(session_id)
        return self._places.get(session_id) if page is None else page.content.place

    def saved(self) -> SavedPane:
        """The current tabs in the saved form."""
        ids = self.ids()
        places = {session_id: place for session_id in ids if (place := self.place_of(session_id)) is not None}
        return SavedPane(ids, self._shown, places)

    # ------------------------------------------------------------ opening and closing

    def restore_tabs(self, saved: SavedPane) -> None:
        """Open the saved tabs, except those of removed chats."""
        found = {tab: now for tab in saved.tabs if (now := self.known(tab))}
        tabs = list(dict.fromkeys(found.values()))
        self._places = dict(saved.places)
        self._insert_tabs(tabs)
        if tabs:
            self.activate(found.get(saved.active, tabs[-1]))

    def known(self, tab: str) -> str:
        """A saved tab as it is now: that of the chat that continues its chat; "" if there is no such page any more."""
        chat = self._sessions.chats.latest_continuation(tab)
        return chat.id if chat is not None else tab if self._others.look(tab) is not None else ""

    def insert(self, chat: Chat, at: int = -1, place: Place | None = None) -> None:
        """Add a chat's tab at an index, without bringing it to the front; it shows this place of the chat."""
        if self._bar.index_of(chat.id) < 0:
            if place is not None:
                self._places[chat.id] = place
            self._insert_tabs([chat.id], at)
            self.changed.emit()

    def insert_other(self, key: str, at: int = -1) -> None:
        """Add the tab of a page without a chat at an index, without bringing it to the front."""
        if self._bar.index_of(key) < 0:
            self._insert_tabs([key], at)
            self.changed.emit()

    def open(self, chat: Chat) -> ChatPage:
        """Show a chat's tab, and open it if it is not open."""
        if self._bar.index_of(chat.id) < 0:
            self._insert_tabs([chat.id], self.next_index)
        self.activate(chat.id)
        return self._pages[chat.id]

    def replace(self, previous: str, chat: Chat) -> None:
        """Give a chat's tab, if there is one, to the chat that continues it."""
        index = self._bar.index_of(previous)
        if index < 0:
            return
        if self._bar.index_of(chat.id) < 0:
            self._insert_tabs([chat.id], index)
        if self._shown == previous:
            self.activate(chat.id)
        self.close(previous)

    def _insert_tabs(self, tabs: Sequence[str], at: int = -1) -> None:
        self._bar.add_tabs({tab: look for tab in tabs if (look := self._look(tab)) is not None}, at)

    def _look(self, tab: str) -> TabLook | None:
        chat = self._sessions.chats.get(tab)
        return self._look_of(chat) if chat is not None else self._others.look(tab)

    def activate(self, session_id: str) -> None:
        """Bring a tab to the front."""
        index = self._bar.index_of(session_id)
        if index < 0:
            return
        # The page first: a tab bar with many tabs is slower to paint than a terminal.
        self._show(session_id)
        self._bar.setCurrentIndex(index)

    def close(self, session_id: str) -> None:
        """Close a tab, if there is one; its chat keeps running."""
        if self._bar.index_of(session_id) >= 0:
            self._remove_tab(session_id)

    def _on_removed(self, session_id: str) -> None:
        """A chat is not listed any more. If the user has not removed it here, keys for it must not go to the next."""
        chat, page = self._sessions.chats.get(session_id), self._pages.get(session_id)
        is_by_user = chat is not None and self._sessions.listed.is_hidden(chat)
        if page is not None and page.has_keyboard and not is_by_user:
            refused_keys.begin()
        self.close(session_id)

    def move_page(self, tab: str, other: Tabs, at: int = -1) -> None:
        """Move a tab with its page to another pane, to the front; a chat's page stays in its window."""
        chat_page = self._pages.pop(tab, None)
        page = chat_page or self._other_pages.pop(tab)
        self._stack.removeWidget(page)
        other.add_page(tab, page, at)
        self.close(tab)

    def add_page(self, tab: str, page: ChatPage | TabPage, at: int = -1) -> None:
        """Add a page of another pane, with a tab in front."""
        if isinstance(page, ChatPage):
            self._pages[tab] = page
        else:
            self._other_pages[tab] = page
        self._stack.addWidget(page)
        self._insert_tabs([tab], at)
        self.activate(tab)

    def dispose(self) -> None:
        """Release all pages; the pane is closed."""
        self._suspend_timer.stop()
        self._is_disposed = True
        self._watch_output()
        self._sessions.disconnect(self)
        self._bar.disconnect(self)
        for page in self._pages.values():
            page.dispose()
        self._pages.clear()
        for other in list(self._other_pages.values()):
            other.close()
        self._other_pages.clear()

    def _remove_tab(self, session_id: str) -> None:
        other = self._other_pages.get(session_id)
        if other is not None and session_id == self._shown and (back := self._last_chat()):
            self.activate(back)  # Where the user was before.
        self._other_pages.pop(session_id, None)
        self._bar.drop(session_id)
        page = self._pages.pop(session_id, None)
        self._places.pop(session_id, None)
        if self._shown == session_id:
            self._shown = ""
        current = self._bar.id_at(self._bar.currentIndex())
        if current != self._shown:
            self._show(current)
        elif not current:
            self._show("")
        if not self._bar.count():
            self.emptied.emit()  # Another pane takes the keyboard focus before the page is removed.
        if page is not None:
            page.dispose()
            self._stack.removeWidget(page)
        if other is not None:
            other.close()
            self._stack.removeWidget(other)
        self.changed.emit()

    def _last_chat(self) -> str:
        """The chat of these tabs that was shown last; "" for none."""
        open_here = set(self.ids())
        return next((each for each in reversed(self._recent.ids) if each in open_here), "")

    def step(self, by: int) -> None:
        """Go to the next tab (1) or the previous one (-1), cyclically."""
        if self._bar.count():
            self.activate(self._bar.id_at((self._bar.currentIndex() + by) % self._bar.count()))

    def go_to(self, number: int) -> None:
        """Go to the tab at this position, counted from 1; 9 is the last one."""
        index = self._bar.count() - 1 if number == 9 else number - 1
        if 0 <= index < self._bar.count():
            self.activate(self._bar.id_at(index))

    # ------------------------------------------------------------ showing

    def _show(self, session_id: str) -> None:
        if session_id == self._shown and session_id:
            return
        previous = self.front
        had_keyboard = previous.has_keyboard if previous is not None else not self._is_below_sheet()
        self._shown = session_id
        chat = self._sessions.chats.get(session_id) if session_id else None
        if chat is not None:
            self._recent.add(session_id)
            page = self._page(chat)
            self._stack.setCurrentWidget(page)
            page.content.paint_now()
            if self._is_visible:
                page.come_to_front()
            if had_keyboard:
                page.focus_content()
        elif session_id:
            other = self._other_pages.get(session_id) or self._make_other(session_id)
            self._stack.setCurrentWidget(other)
            if had_keyboard:
                other.focus_content()
        if isinstance(previous, ChatPage):
            previous.leave_front()
            if not self._suspend_timer.isActive():
                self._suspend_timer.start(SUSPEND_AFTER_MS)
            if self._trim_timer.isActive():
                self._trim_timer.start()
        self.active_changed.emit()
        self.changed.emit()

    def _make_other(self, key: str) -> TabPage:
        page = self._other_pages[key] = self._others.make(key)
        self._stack.addWidget(page)
        return page

    def _is_below_sheet(self) -> bool:
        """Whether a sheet over the window has the keyboard focus."""
        return is_over_window(self._stack.window().focusWidget())

    def set_visible(self, visible: bool) -> None:
        """Set whether the pane is visible; a pane that is covered by a maximised one does not follow output."""
        if visible == self._is_visible:
            return
        self._is_visible = visible
        if (page := self.active_page) is None:
            return
        if visible:
            page.come_to_front()
        else:
            page.leave_front()

    def _suspend_next(self) -> None:
        """Suspend one page that was not shown recently, and start the timer for the next; keys are handled between."""
        recently_shown = [session_id for session_id in self._recent.ids if session_id in self._pages]
        kept = {self._shown, *recently_shown[-KEPT_REPLICAS - 1 :]}
        if any(page.content.suspend() for session_id, page in self._pages.items() if session_id not in kept):
            self._suspend_timer.start(_SUSPEND_STEP_MS)
            self._trim_timer.start()

    def _page(self, chat: Chat) -> ChatPage:
        page = self._pages.get(chat.id)
        if page is None:
            page, made = self._make_page(chat)
            self._pages[chat.id] = page
            self._stack.addWidget(page)
            if (place := self._places.pop(chat.id, None)) is not None:
                page.content.go_to_place(place)
            self.page_made.emit(page)
            made.emit(page, page.content)
        return page

    def _make_page(self, chat: Chat) -> tuple[ChatPage, SignalInstance]:
        """A page with its content, and the signal for its kind."""
        page, files = ChatPage(self._theme, chat.looks.for_page()), self._sessions.machines.files_of(chat)
        if chat.record.origin.runtime == "terminal":
            screen, note = partial(self._load_screen, page), files.note_directory
            page.set_content(TerminalContent(self._theme, page.source, page, page.focus_content, screen, note))
            return page, self.terminal_made
        from gui.window.page.structured_content import StructuredContent  # Most windows show only terminals.

        drafts, load = self._sessions.drafts, partial(self._load_transcript, page)
        page.set_content(
            StructuredContent(self._theme, page.source, page, page.open_find, drafts, load, files.lister())
        )
        return page, self.structured_made

    def _load_transcript(self, page: ChatPage, content: StructuredContent) -> None:
        self._sessions.tasks.start(self._read_transcript(page, page.chat, content), "transcript")

    async def _read_transcript(self, page: ChatPage, chat: Chat, content: StructuredContent) -> None:
        transcript = await self._read_saved(page, chat, read_last_transcript)
        if not page.is_disposed:
            content.show_transcript(transcript)
            page.on_saved_shown(found=transcript is not None)

    def _load_screen(self, page: ChatPage, content: TerminalContent) -> None:
        self._sessions.tasks.start(self._read_screen(page, page.chat, content), "last screen")

    async def _read_screen(self, page: ChatPage, chat: Chat, content: TerminalContent) -> None:
        emulator = await self._read_saved(page, chat, read_last_screen)
        if not page.is_disposed:
            content.show_screen(emulator)
            page.on_saved_shown(found=emulator is not None)
        elif emulator is not None:
            emulator.close()

    async def _read_saved(self, page: ChatPage, chat: Chat, read: Callable[[Chat], Awaitable[T | None]]) -> T | None:
        """Read a chat's saved end once its machine can be reached; None without one, or if the page is gone.

        The page may be in another pane meanwhile, or be freed before the first line of a task with it.
        """
        while True:
            try:
                return await read(chat)
            except Unreachable:
                if page.is_disposed:
                    return None
                page.on_saved_waited_for()
                await chat.machine.wait_reachable()
            except OutliveError as error:
                self._sessions.problem.emit(str(error))
                return None

    def _describe_all(self) -> None:
        self._watch_output()
        for tab in self.ids():
            if (look := self._look(tab)) is not None:
                self._bar.describe(tab, look)

    def _watch_output(self) -> None:
        """Follow how much the chats write, while their tabs are seen."""
        is_seen = self._bar.isVisible() and not self._is_disposed
        self._sessions.sparklines.watch(self, self.chats() if is_seen else [])

    def _look_of(self, chat: Chat) -> TabLook:
        directory = chat.workplace.short_directory(chat.workplace.current_directory)
        return TabLook(
            chat.name,
            chat.mark,
            directory,
            status_text(chat),
            chat.unseen.output,
            reason_for_bell(chat),
            chat.color_label,
            phrases.told_time(parse_time(chat.record.origin.created_at), datetime.now(UTC)),
            chat.record.origin.is_shell,
            chat.machine.name,
            "" if chat.record.origin.is_shell_or_command else self._sessions.machines.letters_of(chat),
            self._sessions.sparklines.of(chat.id),
        )
