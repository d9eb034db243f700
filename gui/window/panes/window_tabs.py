"""The tabs of a window, in all its panes: opened, closed, reopened, and back after the removal of a chat is undone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.settings import pane_tree
from gui.settings.layout import Place
from gui.settings.pane_tree import Node
from gui.window.page.chat_page import ChatPage
from gui.window.widgets.tab_page import TabPage

from .pane import PaneWidget, reopen_tab
from .panes import Panes
from .tabs import RecentChats

MAX_CLOSED = 200


class ClosedTab(NamedTuple):
    """A closed tab: its chat, or the key of another page; the pane that had it, and its index there."""

    session_id: str
    pane: int
    at: int


class ClosedTabs:
    """The closed tabs of a window, the latest last."""

    def __init__(self) -> None:
        self._tabs: list[ClosedTab] = []

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not self._tabs

    @property
    def last_id(self) -> str:
        """The chat of the tab that was closed last; "" for none."""
        return self._tabs[-1].session_id if self._tabs else ""

    def add(self, session_id: str, pane: int = -1, at: int = MAX_CLOSED) -> None:
        """Add a closed tab; without ``pane``, one of another window."""
        self._tabs = [*self._tabs, ClosedTab(session_id, pane, at)][-MAX_CLOSED:]

    def remove(self, session_id: str) -> None:
        """Remove a chat's closed tabs, because the chat has a tab again."""
        self._tabs = [tab for tab in self._tabs if tab.session_id != session_id]

    def replace(self, previous: str, session_id: str) -> None:
        """Replace a chat by the one that continues it."""
        self._tabs = [tab._replace(session_id=session_id) if tab.session_id == previous else tab for tab in self._tabs]

    def pop(self, session_ids: Iterable[str]) -> list[ClosedTab]:
        """Remove and return the tabs of these chats, the latest first."""
        wanted = set(session_ids)
        found = [tab for tab in reversed(self._tabs) if tab.session_id in wanted]
        self._tabs = [tab for tab in self._tabs if tab.session_id not in wanted]
        return found

    def pop_last(self) -> ClosedTab | None:
        """Remove and return the tab that was closed last; None for none."""
        return self._tabs.pop() if self._tabs else None


def put_back(closed: ClosedTab, chat: Chat | None, pane: PaneWidget) -> bool:
    """Open a closed tab where it was, behind the shown one; returns whether there is such a page without a tab."""
    if pane.bar.index_of(closed.session_id) >= 0 or not pane.tabs.known(closed.session_id):
        return False
    at = min(closed.at, pane.bar.count())
    if chat is not None:
        pane.tabs.insert(chat, at)
    else:
        pane.tabs.insert_other(closed.session_id, at)
    return True


class WindowTabs(QObject):
    """The tabs of a window; a chat may have one in each pane.

    Attributes:
        panes: the panes that have them; of several with a chat, the active one counts.
        recent: the order in which chats were shown.
        closed: the closed tabs.

    Signals:
        replaced: a chat's tabs now show the chat that continues it (the previous chat's id, the new chat).
    """

    replaced = Signal(str, Chat)

    def __init__(self, panes: Panes, sessions: Sessions, recent: RecentChats) -> None:
        super().__init__(panes)
        self.panes = panes
        self._sessions = sessions
        self.recent = recent
        self.closed = ClosedTabs()

    # ------------------------------------------------------------ reading

    def ids(self) -> list[str]:
        """The chats and other pages of all tabs, pane by pane; one that is open in two panes is there twice."""
        return [session_id for pane in self.panes.all() for session_id in pane.tabs.ids()]

    def chats(self) -> list[Chat]:
        """The chats of the tabs, in their order."""
        return [chat for pane in self.panes.all() for chat in pane.tabs.chats()]

    def pages(self) -> list[ChatPage]:
        """The pages that exist."""
        return [page for pane in self.panes.all() for page in pane.tabs.pages()]

    @property
    def active_id(self) -> str:
        """The chat that the active pane shows, or the key of another page; "" for none."""
        return self.panes.active.tabs.active_id

    @property
    def active_chat(self) -> Chat | None:
        """The chat that the active pane shows."""
        return self.panes.active.tabs.active_chat

    @property
    def active_page(self) -> ChatPage | None:
        """The chat's page that the active pane shows."""
        return self.panes.active.tabs.active_page

    @property
    def front(self) -> ChatPage | TabPage | None:
        """The page that the active pane shows, of a chat or another one."""
        return self.panes.active.tabs.front

    def directory(self) -> str:
        """The directory of the active chat's program (for a worktree, the repository of the chat); "" for none."""
        chat = self.active_chat
        if chat is None:
            return ""
        has_moved = chat.workplace.current_directory != chat.workplace.directory and not chat.record.origin.worktree
        return chat.workplace.current_directory if has_moved else chat.record.origin.project

    def visible_ids(self) -> set[str]:
        """The chats that visible panes show."""
        return {pane.tabs.active_id for pane in self.panes.visible()}

    def _pane_of(self, session_id: str) -> PaneWidget | None:
        """The pane that shows a chat, else one that has its tab; the active pane comes first."""
        order = [self.panes.active, *self.panes.all()]
        having = [pane for pane in order if pane.bar.index_of(session_id) >= 0]
        return next((pane for pane in having if pane.tabs.active_id == session_id), having[0] if having else None)

    def has(self, session_id: str) -> bool:
        """Whether a pane has this chat's tab."""
        return session_id in self.ids()

    def is_in_asking_page(self, widget: QWidget) -> bool:
        """Whether a widget is in the page of a chat that needs the user."""
        return any(page.chat.needs_you and page.isAncestorOf(widget) for page in self.pages())

    # ------------------------------------------------------------ opening and closing

    def open(self, chat: Chat) -> ChatPage:
        """Show a chat in the pane that has its tab, else in the active pane; that pane gets the keyboard focus."""
        if (pane := self._pane_of(chat.id)) is not None:
            self.panes.activate_pane(pane.number)
        self.closed.remove(chat.id)
        return self.panes.active.tabs.open(chat)

    def open_other(self, key: str) -> None:
        """Show a page without a chat in the pane that has its tab, else in the active pane."""
        if not self.has(key):
            tabs = self.panes.active.tabs
            tabs.insert_other(key, tabs.next_index)
        self.closed.remove(key)
        self.activate(key)

    def move_other(self, key: str, other: WindowTabs) -> None:
        """Move the tab of a page without a chat, with the page, to the active pane of another window."""
        if (source := self._pane_of(key)) is not None:
            target = other.panes.active
            reopen_tab(key, source, target, target.tabs.next_index)

    def activate(self, session_id: str) -> None:
        """Bring a tab to the front of its pane."""
        pane = self._pane_of(session_id)
        if pane is not None:
            self.panes.activate_pane(pane.number)
            pane.tabs.activate(session_id)

    def replace(self, previous: str, chat: Chat) -> None:
        """Show the chat that continues another one in that one's tabs; without such a tab, behind the shown one."""
        if not self.has(previous):
            tabs = self.panes.active.tabs
            tabs.insert(chat, tabs.next_index)  # The user has closed it, and does something else.
        self.replace_tabs(previous, chat)
        self.replaced.emit(previous, chat)

    def replace_tabs(self, previous: str, chat: Chat) -> None:
        """Show the chat that continues another one in that one's tabs, if there are any."""
        self.closed.replace(previous, chat.id)
        for pane in self.panes.all():
            pane.tabs.replace(previous, chat)

    def close(self, session_id: str, *, is_moved: bool = False) -> None:
        """Close a chat's tab in the active pane, else in another one; it is reopened here unless it has moved."""
        if (pane := self._pane_to_close(session_id)) is not None:
            if not is_moved:
                self.note_closed(session_id)
            pane.tabs.close(session_id)

    def note_closed(self, session_id: str) -> None:
        """Note the place of a chat's tab that is being closed, so that it can be reopened there."""
        if (pane := self._pane_to_close(session_id)) is not None:
            self.closed.add(session_id, pane.number, pane.bar.index_of(session_id))

    def _pane_to_close(self, session_id: str) -> PaneWidget | None:
        return self.panes.active if self.panes.active.bar.index_of(session_id) >= 0 else self._pane_of(session_id)

    def reopen(self) -> bool:
        """Open the tab that was closed last, where it was; returns whether there was one."""
        while (closed := self.closed.pop_last()) is not None:
            chat = self._sessions.chats.get(closed.session_id)
            if chat is not None and self._sessions.listed.is_hidden(chat):
                self._sessions.removals.undo([chat])  # The tab comes back to where it was.
                if self.has(chat.id):
                    self.activate(chat.id)
                    return True
                if self._sessions.listed.is_hidden(chat):
                    continue
            pane = self.panes.pane(closed.pane) or self.panes.active
            if put_back(closed, chat, pane):
                self.panes.activate_pane(pane.number)
                pane.tabs.activate(closed.session_id)
                return True
        return False

    def place_of(self, session_id: str) -> Place | None:
        """A chat's scroll position and folds; None for the end without folds."""
        pane = self._pane_of(session_id)
        return pane.tabs.place_of(session_id) if pane is not None else None


class RemovedTabs(QObject):
    """The tabs of the chats that are being removed, while that can be undone."""

    def __init__(self, panes: Panes, sessions: Sessions) -> None:
        super().__init__(panes)
        self._panes = panes
        self._sessions = sessions
        self._tabs = ClosedTabs()
        self._trees: dict[str, Node] = {}
        """The arrangement of the panes when each chat was removed."""
        sessions.removals.begun.connect(self._on_begun)
        sessions.removals.undone.connect(self._on_undone)
        sessions.removals.kept.connect(self._on_over)
        sessions.chats.forgotten.connect(self._on_over)

    @property
    def can_come_back(self) -> bool:
        """Whether an undo would open a tab."""
        return not self._tabs.is_empty

    def _on_begun(self, session_id: str) -> None:
        self._trees[session_id] = self._panes.tree
        for pane in self._panes.all():
            if (at := pane.bar.index_of(session_id)) >= 0:
                self._tabs.add(session_id, pane.number, at)

    def _on_over(self, session_id: str) -> None:
        had_tab = bool(self._tabs.pop([session_id]))
        self._trees.pop(session_id, None)
        if had_tab and not self.can_come_back and not any(pane.bar.count() for pane in self._panes.all()):
            self._panes.emptied.emit()  # Nothing can be undone here any more.

    def _on_undone(self, session_id: str) -> None:
        chat, before = self._sessions.chats.get(session_id), self._trees.pop(session_id, None)
        if before is None:
            return  # This window is newer than the removal.
        for tab in self._tabs.pop([session_id]):
            pane = self._panes.pane(tab.pane) or self._pane_again(tab, before) or self._panes.active
            if put_back(tab, chat, pane) and not pane.tabs.active_id:
                self._show_behind(pane, session_id)

    def _show_behind(self, pane: PaneWidget, session_id: str) -> None:
        """Show the only tab of a pane; the keyboard and the active pane stay what they are."""
        active, focused = self._panes.active, self._panes.area.window().focusWidget()
        pane.tabs.activate(session_id)
        if pane is not active:
            self._panes.activate_pane(active.number, takes_keyboard=False)
            if focused is not None:
                focused.setFocus()

    def _pane_again(self, tab: ClosedTab, before: Node) -> PaneWidget | None:
        """The pane of a tab, which closed with its last tab; None if its place is gone."""
        tree = pane_tree.with_pane_back(self._panes.tree, before, tab.pane)
        return self._panes.add_pane(tree, tab.pane) if tree is not None else None
