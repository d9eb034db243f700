"""The open chats of a pane: their order, and which one is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

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


class Tabs(QObject):
    """The tabs and pages of one pane. A page is created when its tab is first shown.

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
        self, theme: Theme, sessions: Sessions, recent: RecentChats, bar: TabBar, stack: QStackedWidget
    ) -> None:
        super().__init__(bar)
        self._theme = theme
        self._sessions = sessions
        self._bar = bar
        self._stack = stack
        self._recent = recent
        self._pages: dict[str, ChatPage] = {}
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
        """The open chats in tab order."""
        return self._bar.ids()

    def chats(self) -> list[Chat]:
        """The chats of the tabs, in the order of ``ids``."""
        found = (self._sessions.chats.get(session_id) for session_id in self.ids())
        return [chat for chat in found if chat is not None]

    @property
    def active_id(self) -> str:
        """The id of the shown chat, "" for none."""
        return self._shown

    @property
    def active_chat(self) -> Chat | None:
        """The shown chat."""
        return self._sessions.chats.get(self._shown) if self._shown else None

    @property
    def active_page(self) -> ChatPage | None:
        """The shown page."""
        return self._pages.get(self._shown)

    def pages(self) -> list[ChatPage]:
        """The pages that exist."""
        return list(self._pages.values())

    @property
    def next_index(self) -> int:
        """The index after the shown tab; -1 for the end."""
        return self._bar.index_of(self._shown) + 1 if self._shown else -1

    def others(self, *, at_right: bool = False) -> list[str]:
        """The chats of the tabs beside the shown one, or only of those to its right."""
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
        continuations = {session_id: self._sessions.chats.latest_continuation(session_id) for session_id in saved.tabs}
        known = list(dict.fromkeys(chat.id for chat in continuations.values() if chat is not None))
        self._places = dict(saved.places)
        self._insert_tabs(known)
        if known:
            shown = continuations.get(saved.active)
            self.activate(shown.id if shown is not None else known[-1])

    def insert(self, chat: Chat, at: int = -1, place: Place | None = None) -> None:
        """Add a chat's tab at an index, without bringing it to the front; it shows this place of the chat."""
        if self._bar.index_of(chat.id) < 0:
            if place is not None:
                self._places[chat.id] = place
            self._insert_tabs([chat.id], at)
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

    def _insert_tabs(self, session_ids: Sequence[str], at: int = -1) -> None:
        chats = map(self._sessions.chats.get, session_ids)
        self._bar.add_tabs({chat.id: self._look_of(chat) for chat in chats if chat is not None}, at)

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

    def move_page(self, session_id: str, other: Tabs, at: int = -1) -> None:
        """Move a tab with its page to another pane of the window, to the front."""
        page = self._pages.pop(session_id)
        self._stack.removeWidget(page)
        other.add_page(page, at)
        self.close(session_id)

    def add_page(self, page: ChatPage, at: int = -1) -> None:
        """Add a page of another pane of the window, with a tab in front."""
        self._pages[page.chat.id] = page
        self._stack.addWidget(page)
        self._insert_tabs([page.chat.id], at)
        self.activate(page.chat.id)

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

    def _remove_tab(self, session_id: str) -> None:
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
        self.changed.emit()

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
        if session_id:
            self._recent.add(session_id)
        previous = self._pages.get(self._shown)
        had_keyboard = previous.has_keyboard if previous is not None else not self._is_below_sheet()
        self._shown = session_id
        chat = self._sessions.chats.get(session_id) if session_id else None
        if chat is not None:
            page = self._page(chat)
            self._stack.setCurrentWidget(page)
            page.content.paint_now()
            if self._is_visible:
                page.come_to_front()
            if had_keyboard:
                page.focus_content()
        if previous is not None:
            previous.leave_front()
            if not self._suspend_timer.isActive():
                self._suspend_timer.start(SUSPEND_AFTER_MS)
            if self._trim_timer.isActive():
                self._trim_timer.start()
        self.active_changed.emit()
        self.changed.emit()

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
        for chat in self.chats():
            self._bar.describe(chat.id, self._look_of(chat))

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
            phrases.short_clock(parse_time(chat.record.origin.created_at), datetime.now(UTC)),
            chat.record.origin.is_shell,
            chat.machine.name,
            "" if chat.record.origin.is_shell_or_command else self._sessions.machines.letters_of(chat),
            self._sessions.sparklines.of(chat.id),
        )
