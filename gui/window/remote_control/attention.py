"""Attention for the chats of agents: a mark at a row and a banner.

An agent gets these in place of what it requested of the window: the page, the keyboard, the windows and the sheets stay
as the user left them.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QApplication

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.window.page.banners import Banner
from gui.window.windows import Windows
from gui.wording import common_texts, notice_texts

_KEY = "attention"
"""All such banners replace each other: an agent cannot fill the window with them."""


class Attention:
    """Asks the user to look at chats; a muted chat does not mark its window in the desktop's bar."""

    def __init__(self, windows: Windows, sessions: Sessions) -> None:
        self._windows, self._sessions = windows, sessions
        self._asked: Chat | None = None
        """The chat of the last banner."""
        windows.viewed_chat_changed.connect(self._withdraw_viewed)

    def ask(self, by: Chat | None, about: Chat | None) -> None:
        """Ask the user to look at a chat.

        Args:
            by: the chat of the requesting process; None for an unknown one.
            about: the chat to look at; None for the requesting one.
        """
        name = by.full_name if by is not None else notice_texts.A_PROGRAM()
        chat = about or by
        if chat is None or chat is by:
            text = notice_texts.ASKS_FOR_ATTENTION(name=name)
        else:
            text = notice_texts.ASKS_TO_LOOK(name=name, chat=chat.full_name)
        banner = Banner(text, key=_KEY)
        self._asked = chat
        if chat is not None and chat not in self._windows.viewed():
            chat.mark_notified(text)
            banner.action, banner.on_action = common_texts.OPEN(), partial(self._open, chat)
            banner.lasting = True
            if not self._sessions.muting.is_muted(chat):
                QApplication.alert(self._windows.window_of(chat))  # It does not mark the active window.
        self._withdraw()
        self._windows.current.banners.show_banner(banner)

    def _open(self, chat: Chat) -> None:
        if self._sessions.chats.get(chat.id) is chat:
            self._windows.open_chat(chat)

    def _withdraw_viewed(self) -> None:
        """Remove the banner once the user views its chat."""
        if self._asked is not None and self._asked in self._windows.viewed():
            self._asked = None
            self._withdraw()

    def _withdraw(self) -> None:
        for window in self._windows.all:
            window.banners.withdraw(_KEY)
