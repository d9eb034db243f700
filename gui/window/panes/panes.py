"""The tabs in all panes of a window: opens, closes, reopens, saves and restores them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.settings import pane_tree
from gui.settings.pane_tree import Side
from gui.settings.saved_window import SavedPane, SavedWindow
from gui.theme.theme import Theme
from gui.window.page.chat_page import ChatPage
from gui.window.panes.closed_tabs import ClosedTabs, put_back
from gui.window.panes.pane import PaneWidget
from gui.window.panes.split_panes import SplitPanes
from gui.window.panes.tab_moves import move_tab
from gui.window.tabs.recent import RecentChats


class Panes(SplitPanes):
    """The panes of a window with the tabs of chats; a chat may be open in several panes.

    Attributes:
        closed: the closed tabs.

    Signals (and those of SplitPanes):
        replaced: a chat's tabs now show the chat that continues it (the previous chat's id, the new chat).
    """

    replaced = Signal(str, Chat)

    def __init__(self, theme: Theme, sessions: Sessions, recent: RecentChats, empty: QWidget, button: QWidget) -> None:
        """Make one pane without tabs; for the arguments see SplitPanes."""
        super().__init__(theme, sessions, recent, empty, button)
        self.closed = ClosedTabs()

    # ------------------------------------------------------------ reading

    def ids(self) -> list[str]:
        """The chats of all tabs, pane by pane; one that is open in two panes is there twice."""
        return [session_id for pane in self.panes() for session_id in pane.tabs.ids()]

    def chats(self) -> list[Chat]:
        """The chats of the tabs, in the order of ``ids``."""
        return [chat for pane in self.panes() for chat in pane.tabs.chats()]

    def pages(self) -> list[ChatPage]:
        """The pages that exist."""
        return [page for pane in self.panes() for page in pane.tabs.pages()]

    @property
    def active_id(self) -> str:
        """The chat that the active pane shows; "" for none."""
        return self.active.tabs.active_id

    @property
    def active_chat(self) -> Chat | None:
        """The chat that the active pane shows."""
        return self.active.tabs.active_chat

    @property
    def active_page(self) -> ChatPage | None:
        """The page that the active pane shows."""
        return self.active.tabs.active_page

    def directory(self) -> str:
        """The directory of the active chat's program (for a worktree, the repository of the chat); "" for none."""
        chat = self.active_chat
        if chat is None:
            return ""
        has_moved = chat.current_directory != chat.directory and not chat.record.worktree
        return chat.current_directory if has_moved else chat.record.project

    def shows(self, session_id: str) -> bool:
        """Whether a visible pane shows this chat."""
        visible = [self.active] if self.is_maximised else self.panes()
        return any(pane.tabs.active_id == session_id for pane in visible)

    def _pane_of(self, session_id: str) -> PaneWidget | None:
        """The pane that shows a chat, else one that has its tab; the active pane comes first."""
        order = [self.active, *self.panes()]
        having = [pane for pane in order if pane.bar.index_of(session_id) >= 0]
        return next((pane for pane in having if pane.tabs.active_id == session_id), having[0] if having else None)

    def has(self, session_id: str) -> bool:
        """Whether a pane has this chat's tab."""
        return session_id in self.ids()

    def is_in_asking_page(self, widget: QWidget) -> bool:
        """Whether a widget is in the page of a chat that needs the user."""
        return any(page.chat.needs_you and page.isAncestorOf(widget) for page in self.pages())

    # ------------------------------------------------------------ saving and restoring

    def write_state(self, saved: SavedWindow) -> None:
        """Write panes and tabs into the saved form."""
        order = pane_tree.numbers(self.tree)
        indexes = {number: index for index, number in enumerate(order)}
        saved.panes = [self._panes[number].tabs.saved() for number in order]
        saved.tree = pane_tree.renumbered(self.tree, indexes) or saved.tree
        saved.active_pane, saved.is_pane_maximised = indexes[self.active.number], self.is_maximised

    def restore(self, saved: SavedWindow) -> None:
        """Create the saved panes and open their tabs, except those of removed chats."""
        kept = [index for index, pane in enumerate(saved.panes) if self._has_existing_chats(pane)]
        tree = pane_tree.renumbered(saved.arrangement(), {index: number for number, index in enumerate(kept)})
        if tree is None:
            return
        active = kept.index(saved.active_pane) if saved.active_pane in kept else 0
        self._make_panes(tree, len(kept), active, is_maximised=saved.is_pane_maximised)
        for number in sorted(self._panes, key=lambda number: number == active):  # The last one gets the keyboard.
            self._panes[number].tabs.restore(saved.panes[kept[number]])

    def _has_existing_chats(self, saved: SavedPane) -> bool:
        return any(self._sessions.latest_continuation(session_id) is not None for session_id in saved.tabs)

    # ------------------------------------------------------------ tabs

    def open(self, chat: Chat) -> ChatPage:
        """Show a chat in the pane that has its tab, else in the active pane; that pane gets the keyboard focus."""
        if (pane := self._pane_of(chat.id)) is not None:
            self.activate_pane(pane.number)
        self.closed.remove(chat.id)
        return self.active.tabs.open(chat)

    def activate(self, session_id: str) -> None:
        """Bring a tab to the front of its pane."""
        pane = self._pane_of(session_id)
        if pane is not None:
            self.activate_pane(pane.number)
            pane.tabs.activate(session_id)

    def replace(self, previous: str, chat: Chat) -> None:
        """Show the chat that continues another one in that one's tabs; without such a tab, in a new one."""
        if not self.has(previous):
            self.open(chat)
        self.replace_tabs(previous, chat)
        self.replaced.emit(previous, chat)

    def replace_tabs(self, previous: str, chat: Chat) -> None:
        """Show the chat that continues another one in that one's tabs, if there are any."""
        self.closed.replace(previous, chat.id)
        for pane in self.panes():
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
        return self.active if self.active.bar.index_of(session_id) >= 0 else self._pane_of(session_id)

    def reopen(self) -> bool:
        """Open the tab that was closed last, where it was; returns whether there was one."""
        while (closed := self.closed.pop_last()) is not None:
            chat = self._sessions.get(closed.session_id)
            if chat is not None and self._sessions.is_hidden(chat):
                self._sessions.removals.undo([chat])  # The tab comes back to where it was.
                if self.has(chat.id):
                    self.activate(chat.id)
                    return True
                if self._sessions.is_hidden(chat):
                    continue
            pane = self._panes.get(closed.pane, self.active)
            if put_back(closed, chat, pane):
                self.activate_pane(pane.number)
                pane.tabs.activate(closed.session_id)
                return True
        return False

    def scroll_position_of(self, session_id: str) -> tuple[int, str] | None:
        """The scroll position in a chat's history; None for its end."""
        pane = self._pane_of(session_id)
        return pane.tabs.scroll_position_of(session_id) if pane is not None else None

    # ------------------------------------------------------------ tabs of whole panes

    def mirror(self, side: Side) -> None:
        """Split the active pane; the new pane shows the same chat and gets the keyboard."""
        chat, position = self.active_chat, self.scroll_position_of(self.active_id)
        if chat is not None:
            tabs = self.split_pane(self.active, side).tabs
            tabs.insert(chat, position=position)
            tabs.activate(chat.id)

    def close_pane(self) -> None:
        """Close the active pane; its tabs move to the pane that gets its area."""
        pane, successor = self.active, pane_tree.successor(self.tree, self._active)
        if successor is None:
            return
        front = self._panes[successor].tabs.active_id
        for session_id in pane.tabs.ids():
            move_tab(session_id, pane, self._panes[successor])
        self._panes[successor].tabs.activate(front)
