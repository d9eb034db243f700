"""Closes the tabs beside the shown one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.page.banners import Banner
from gui.window.panes.panes import put_back
from gui.wording import notice_texts, window_texts


class OtherTabs:
    """Closes the other tabs of the active pane; their chats keep running, but for idle shells."""

    def __init__(self, context: WindowContext, ends_with_tab: Callable[[Chat], bool]) -> None:
        """Prepare; ``ends_with_tab`` returns whether closing its tab ends a chat."""
        self._sessions, self._panes, self._banners = context.sessions, context.tabs, context.banners
        self._ends_with_tab = ends_with_tab

    def close(self, *, at_right: bool = False) -> None:
        """Close the other tabs, or those to the right; a line says how many of their chats keep running."""
        # From the right: then each tab's saved place is also its place when it is reopened.
        closed = self._panes.active.tabs.others(at_right=at_right)[::-1]
        if not closed:
            return
        chats = [chat for session_id in closed if (chat := self._sessions.get(session_id)) is not None]
        ending = [chat for chat in chats if self._ends_with_tab(chat)]
        for session_id in closed:
            self._panes.close(session_id)
        self._sessions.removals.begin(ending, ends_shells=True)
        text = window_texts.tabs_closed(sum(not chat.has_ended for chat in chats if chat not in ending))
        reopen = partial(self._reopen, closed, ending)
        self._banners.show_banner(Banner(text, notice_texts.REOPEN(), reopen, key="closed tabs"))

    def _reopen(self, session_ids: list[str], ending: list[Chat]) -> None:
        panes = self._panes
        self._sessions.removals.undo(ending)
        for closed in panes.closed.pop(session_ids):
            put_back(closed, self._sessions.get(closed.session_id), panes.pane(closed.pane) or panes.active)
