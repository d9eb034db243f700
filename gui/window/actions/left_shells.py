"""Closes the tabs of shells that the user has left, as by ``exit`` or Ctrl+D."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.bridge.ended_list import was_left
from gui.settings.live import LiveSettings
from gui.window.actions.context import WindowContext


class LeftShells(QObject):
    """Watches the running shells."""

    def __init__(self, context: WindowContext, settings: LiveSettings) -> None:
        super().__init__(context.window)
        self._sessions, self._tabs, self._focus_page = context.sessions, context.tabs, context.focus_page
        self._settings = settings
        self._running = self._running_shells()
        context.sessions.changed.connect(self._check)

    def _running_shells(self) -> set[str]:
        return {chat.id for chat in self._sessions.running() if chat.record.is_shell}

    def _check(self) -> None:
        before, self._running = self._running, self._running_shells()
        if self._settings.preferences.window.shell_exit == "keep":
            return
        for session_id in before - self._running:
            chat = self._sessions.get(session_id)
            if chat is not None and was_left(chat.record):
                self._leave(chat)

    def _leave(self, chat: Chat) -> None:
        """Close a shell's tabs."""
        page = self._tabs.active_page
        had_keyboard = page is not None and page.chat is chat and page.has_keyboard
        while self._tabs.has(chat.id):
            self._tabs.close(chat.id)
        if had_keyboard:
            self._focus_page()
