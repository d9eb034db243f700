"""Closes the tabs beside the shown one."""

from __future__ import annotations

from functools import partial

from gui.bridge.sessions import Sessions
from gui.window.page.banners import Banner, BannerArea
from gui.window.panes.closed_tabs import put_back
from gui.window.panes.panes import Panes
from gui.wording import notice_texts, window_texts


class OtherTabs:
    """Closes the other tabs of the active pane; their chats keep running."""

    def __init__(self, sessions: Sessions, panes: Panes, banners: BannerArea) -> None:
        self._sessions = sessions
        self._panes = panes
        self._banners = banners

    def close(self, *, at_right: bool = False) -> None:
        """Close the other tabs, or those to the right; a line says how many of their chats keep running."""
        # From the right: then each tab's saved place is also its place when it is reopened.
        closed = self._panes.active.tabs.others(at_right=at_right)[::-1]
        if not closed:
            return
        for session_id in closed:
            self._panes.close(session_id)
        chats = [chat for session_id in closed if (chat := self._sessions.get(session_id)) is not None]
        text = window_texts.tabs_closed(sum(not chat.has_ended for chat in chats))
        reopen = partial(self._reopen, closed)
        self._banners.show_banner(Banner(text, notice_texts.reopen(), reopen, key="closed tabs"))

    def _reopen(self, session_ids: list[str]) -> None:
        panes = self._panes
        for closed in panes.closed.pop(session_ids):
            put_back(closed, self._sessions.get(closed.session_id), panes.pane(closed.pane) or panes.active)
