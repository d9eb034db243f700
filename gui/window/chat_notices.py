"""Banners about chats: problems and notices in the window that was used last, and texts that were sent elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.window.other_windows import OtherWindows
from gui.window.page.banners import Banner, BannerArea
from gui.window.panes.panes import Panes
from gui.window.widgets.parts import sentence
from gui.wording import notice_texts, phrases


class ChatNotices(QObject):
    """Shows one window's banners about chats."""

    def __init__(
        self, sessions: Sessions, tabs: Panes, banners: BannerArea, others: Callable[[], OtherWindows]
    ) -> None:
        """Follow the chats until ``stop``.

        Args:
            sessions: all chats.
            tabs: the window's panes.
            banners: the window's banners.
            others: returns the other windows; what concerns no window is shown in the one that was used last.
        """
        super().__init__(tabs)
        self._sessions = sessions
        self._tabs = tabs
        self._banners = banners
        self._others = others
        sessions.problem.connect(self._on_problem)
        sessions.notice_given.connect(self._on_notice)

    def stop(self) -> None:
        """Show nothing any more: the window is closed."""
        self._sessions.disconnect(self)

    def _on_problem(self, line: str) -> None:
        if self._others().is_current():
            self._banners.inform(phrases.first_upper(line), kind="failed")

    def _on_notice(self, line: str) -> None:
        if self._others().is_current():
            self._banners.show_banner(Banner(sentence(line), lasting=True))

    def on_sent(self, chats: Sequence[Chat]) -> None:
        """The user sent a text to one chat or several: say so, unless the user sees it arrive."""
        if len(chats) > 1:
            self._banners.inform(notice_texts.SENT_TO_SEVERAL(count=len(chats)), key="send")
        elif chats[0].id != self._tabs.active_id:
            self._banners.inform(notice_texts.SENT_TO(name=chats[0].name), key="send")
