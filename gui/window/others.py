"""What a window asks of the other windows."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPoint

from gui.bridge.chat import Chat
from gui.window.page.chat_page import ChatPage


class Others(Protocol):
    """The other windows, as one window sees them."""

    def titles(self) -> list[str]:
        """The titles of the other windows."""

    def is_current(self) -> bool:
        """Whether the window itself is the one that the user used last; lines for the user appear there."""

    def is_any_seen(self) -> bool:
        """Whether another window is visible."""

    def is_gone(self) -> bool:
        """Whether the window itself was closed, while work that it began goes on."""

    def show(self, chat: Chat) -> ChatPage | None:
        """Show a chat in another window that has its tab; None if no other window has it.

        If the window itself is gone, another one opens the chat.
        """

    def move(self, session_id: str, to: int | None = None, at: QPoint | None = None) -> None:
        """Move a tab of the active pane to another window, by its place in ``titles``, or to a new one at a point."""


class NoOthers:
    """The others of a window that is alone and stays so."""

    def titles(self) -> list[str]:
        """See ``Others``."""
        return []

    def is_current(self) -> bool:
        """See ``Others``."""
        return True

    def is_any_seen(self) -> bool:
        """See ``Others``."""
        return False

    def is_gone(self) -> bool:
        """See ``Others``."""
        return False

    def show(self, _chat: Chat) -> ChatPage | None:
        """See ``Others``."""
        return None

    def move(self, session_id: str, to: int | None = None, at: QPoint | None = None) -> None:
        """See ``Others``."""
