"""Actions on panes and tabs: splitting, moving, closing and reopening, broadcast, and tabs of shells that are left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.input.refused_keys import refused_keys
from gui.screen_readers import announce
from gui.settings.live import LiveSettings
from gui.settings.pane_tree import Side
from gui.terminal.input.recipients import Recipients
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.chat_page import ChatPage
from gui.window.panes.pane import PaneWidget, move_tab
from gui.window.panes.panes import Panes
from gui.window.panes.window_tabs import put_back
from gui.wording import notice_texts, window_texts
from session_host.standing.endings import was_left

from .context import WindowContext


def has_room(panes: Panes, side: Side, banners: BannerArea) -> bool:
    """Whether the active pane is large enough for a split; if not, a banner says so."""
    if panes.area.can_split(panes.active.number, side):
        return True
    banners.inform(window_texts.cannot_split(is_row=side in {"left", "right"}), key="split")
    return False


class PaneActions:
    """Actions on the tabs of the active pane, and between panes."""

    def __init__(self, context: WindowContext, ends_with_tab: Callable[[Chat], bool]) -> None:
        """Prepare; ``ends_with_tab`` returns whether closing its tab ends a chat."""
        self._sessions, self._tabs, self._banners = context.sessions, context.tabs, context.banners
        self._panes = context.tabs.panes
        self._ends_with_tab = ends_with_tab

    def mirror(self, side: Side) -> None:
        """Show the chat in a second pane, too, if the active one has room for a split."""
        if has_room(self._panes, side, self._banners):
            self._panes.mirror(side)

    def _next_pane(self) -> PaneWidget:
        """The pane after the active one in reading order; after the last one, the first."""
        order = self._panes.all()
        return order[(order.index(self._panes.active) + 1) % len(order)]

    def swap(self) -> None:
        """Exchange the active pane with the next one."""
        self._panes.swap(self._next_pane())

    def move_to_next(self) -> None:
        """Move the shown tab to the next pane, and go with it."""
        source, target = self._panes.active, self._next_pane()
        if target is not source:
            move_tab(source.tabs.active_id, source, target)
            self._panes.activate_pane(target.number)

    def go_to_last_tab(self) -> None:
        """Show the last-used of the other tabs: in the active pane if it has that chat, else in another."""
        tabs = self._tabs
        others = {session_id for session_id in tabs.ids() if session_id != tabs.active_id}
        last = next((session_id for session_id in reversed(tabs.recent.ids) if session_id in others), None)
        if last is not None:
            own = self._panes.active.tabs
            (own if last in own.ids() else tabs).activate(last)

    def reopen_tab(self) -> None:
        """Reopen the tab that was closed last; a line says so if there is none."""
        for key in ("closed tab", "closed tabs"):
            self._banners.withdraw(key)  # Its button reopens that tab, too.
        if not self._tabs.reopen():
            self._banners.inform(notice_texts.NOTHING_TO_REOPEN(), key="closed tab")

    def close_others(self, *, at_right: bool = False) -> None:
        """Close the other tabs, or those to the right; a line says how many of their chats keep running.

        Idle shells end with their tabs.
        """
        # From the right: then each tab's saved place is also its place when it is reopened.
        closed = self._panes.active.tabs.others(at_right=at_right)[::-1]
        if not closed:
            return
        chats = [chat for session_id in closed if (chat := self._sessions.chats.get(session_id)) is not None]
        ending = [chat for chat in chats if self._ends_with_tab(chat)]
        for session_id in closed:
            self._tabs.close(session_id)
        self._sessions.removals.begin(ending, ends_shells=True)
        text = window_texts.tabs_closed(sum(not chat.has_ended for chat in chats if chat not in ending))
        reopen = partial(self._reopen, closed, ending)
        self._banners.show_banner(Banner(text, notice_texts.REOPEN(), reopen, key="closed tabs"))

    def _reopen(self, session_ids: list[str], ending: list[Chat]) -> None:
        panes = self._panes
        self._sessions.removals.undo(ending)
        for closed in self._tabs.closed.pop(session_ids):
            put_back(closed, self._sessions.chats.get(closed.session_id), panes.pane(closed.pane) or panes.active)


class Broadcasting(QObject):
    """Switches broadcast on and off, and marks the panes."""

    def __init__(self, context: WindowContext) -> None:
        tabs = context.tabs
        super().__init__(tabs)
        self._tabs, self._banners = tabs, context.banners
        self._pages: dict[ChatPage, Recipients] = {}
        """The pages that take part, with the recipients of their input; empty while broadcast is off."""
        tabs.panes.changed.connect(self._update)
        tabs.panes.active_changed.connect(self._update)
        context.sessions.chats.changed.connect(self._update)

    @property
    def is_on(self) -> bool:
        """Whether typing goes to several panes."""
        return bool(self._pages)

    def toggle(self) -> None:
        """Switch broadcast on for the shown terminals, or off."""
        if self._pages:
            self._stop()
            self._banners.inform(window_texts.BROADCAST_IS_OFF(), key="broadcast")
            return
        pages = self._shown()
        if len(pages) < 2:
            self._banners.inform(window_texts.NEEDS_TWO_TERMINALS(), key="broadcast")
            return
        self._pages = pages
        for page, recipients in pages.items():
            recipients.others = partial(self._others_of, page)
            page.bars.broadcast_left.connect(self._on_left)
        self._banners.withdraw("broadcast")
        self._show()
        announce(self._tabs.panes.area, window_texts.BROADCAST_IS_ON(count=len(pages)))

    def _shown(self) -> dict[ChatPage, Recipients]:
        """The visible pages with running terminals, and their recipients; the first one of each chat."""
        found: dict[str, tuple[ChatPage, Recipients]] = {}
        for page in (pane.tabs.active_page for pane in self._tabs.panes.visible()):
            if page is not None and page.terminal is not None and not page.chat.has_ended:
                found.setdefault(page.chat.id, (page, page.terminal.view.recipients))
        return dict(found.values())

    def _others_of(self, page: ChatPage) -> list[Recipients]:
        """The recipients of the other views that now get the input of this page."""
        if page.chat.needs_you:
            return []
        return [each for other, each in self._pages.items() if other is not page and not _is_left_out(other)]

    def _update(self) -> None:
        """Drop the pages that are not shown any more, and show the current state."""
        if not self._pages:
            return
        shown = self._shown()
        for page in [page for page in self._pages if page not in shown]:
            self._drop(page)
        self._end_if_alone()
        self._show()

    def _on_left(self, page: ChatPage) -> None:
        self._drop(page)
        self._end_if_alone()
        self._show()

    def _drop(self, page: ChatPage) -> None:
        self._pages.pop(page).others = None
        page.bars.broadcast_left.disconnect(self._on_left)
        page.bars.show_broadcast("", is_left_out=False)

    def _end_if_alone(self) -> None:
        if len(self._pages) == 1:
            self._stop()
            self._banners.inform(window_texts.BROADCAST_IS_OFF(), key="broadcast")

    def _stop(self) -> None:
        for page in list(self._pages):
            self._drop(page)

    def _show(self) -> None:
        active = self._tabs.active_page
        asks_here = active is not None and active in self._pages and active.chat.needs_you
        types_outside = active not in self._pages
        count = sum(page is active or not _is_left_out(page) for page in self._pages)
        for page in self._pages:
            if page is active:
                text = window_texts.ONLY_HERE() if asks_here else window_texts.typing_goes_to(count)
                page.bars.show_broadcast(text, is_left_out=False)
            elif asks_here or types_outside or _is_left_out(page):
                page.bars.show_broadcast(_why_left_out(page), is_left_out=True)
            else:
                page.bars.show_broadcast(window_texts.TYPED_HERE_TOO(), is_left_out=False)


def _is_left_out(page: ChatPage) -> bool:
    """Whether a page gets nothing from others now."""
    source = page.source
    return page.chat.needs_you or page.is_question_open or not source.is_live or source.is_unresponsive


def _why_left_out(page: ChatPage) -> str:
    return window_texts.NEEDS_YOUR_ANSWER() if page.chat.needs_you else window_texts.NOT_TYPED_HERE()


class LeftShells(QObject):
    """Watches the running shells."""

    def __init__(self, context: WindowContext, settings: LiveSettings) -> None:
        super().__init__(context.window)
        self._sessions, self._tabs, self._focus_page = context.sessions, context.tabs, context.focus_page
        self._settings = settings
        self._running = self._running_shells()
        context.sessions.chats.changed.connect(self._check)

    def _running_shells(self) -> set[str]:
        return {chat.id for chat in self._sessions.listed.running() if chat.record.origin.is_shell}

    def _check(self) -> None:
        before, self._running = self._running, self._running_shells()
        if self._settings.preferences.window.shell_exit == "keep":
            return
        for session_id in before - self._running:
            chat = self._sessions.chats.get(session_id)
            if chat is not None and was_left(chat.record):
                self._leave(chat)

    def _leave(self, chat: Chat) -> None:
        """Close a shell's tabs."""
        page = self._tabs.active_page
        had_keyboard = page is not None and page.chat is chat and page.has_keyboard
        if had_keyboard:
            refused_keys.begin()
        while self._tabs.has(chat.id):
            self._tabs.close(chat.id)
        if had_keyboard:
            self._focus_page()
