"""The interface through which a window uses the other windows."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPoint

from gui.bridge.chat import Chat
from gui.window.page.chat_page import ChatPage


class OtherWindows(Protocol):
    """The other windows, from the view of one window ("this window")."""

    def titles(self) -> list[str]:
        """The titles of the other windows."""

    def is_current(self) -> bool:
        """Whether this window was used last; notices for the user appear there."""

    def is_any_visible(self) -> bool:
        """Whether another window is visible."""

    def is_gone(self) -> bool:
        """Whether this window was closed while its tasks are still running."""

    def show(self, chat: Chat) -> ChatPage | None:
        """Show a chat in another window that has its tab; None if no other window has it.

        If this window was closed, another one opens the chat.
        """

    def take(self, session_id: str) -> tuple[int, str] | None:
        """Close a chat's tab in another window, if one has it; returns the scroll position there, None for the end."""

    def open_empty(self) -> None:
        """Open another window, without tabs."""

    def move(self, session_id: str, to: int | None = None, at: QPoint | None = None) -> None:
        """Move a tab of the active pane to another window (its index in ``titles``), or to a new one at a point."""


class NoOtherWindows:
    """No other windows, for a window that is always the only one."""

    def titles(self) -> list[str]:
        """See ``OtherWindows``."""
        return []

    def is_current(self) -> bool:
        """See ``OtherWindows``."""
        return True

    def is_any_visible(self) -> bool:
        """See ``OtherWindows``."""
        return False

    def is_gone(self) -> bool:
        """See ``OtherWindows``."""
        return False

    def show(self, _chat: Chat) -> ChatPage | None:
        """See ``OtherWindows``."""
        return None

    def take(self, session_id: str) -> tuple[int, str] | None:
        """See ``OtherWindows``."""

    def open_empty(self) -> None:
        """See ``OtherWindows``."""

    def move(self, session_id: str, to: int | None = None, at: QPoint | None = None) -> None:
        """See ``OtherWindows``."""
