"""The shells that were started in a window, and which of them end when their tabs are closed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gui.bridge.left_shells import is_kept
from session_host.client.sessions.foreground import has_jobs

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.chat_list import ChatList


class Shells:
    """The shells that were started in a window, and the rules of their ends.

    Attributes:
        own: the ids of the shells that were started or resumed in a window.
    """

    def __init__(self, chats: ChatList) -> None:
        self._list = chats
        self.own: set[str] = set()

    def load(self, session_ids: Iterable[str]) -> None:
        """Load from the saved layout which shells are ``own``."""
        self.own.update(session_ids)

    def saved(self) -> list[str]:
        """The running shells among ``own``, for the saved layout."""
        return [chat.id for chat in self._list.running() if chat.id in self.own]

    def ends_with_tab(self, chat: Chat) -> bool:
        """Whether nothing is lost if a shell ends when its tab is closed: it was started here, and is idle."""
        return chat.id in self.own and chat.record.is_shell and not is_kept(chat.record) and is_idle(chat)


def is_idle(chat: Chat) -> bool:
    """Whether a shell waits for a command, and has no background or stopped job."""
    return chat.is_at_prompt and not has_jobs(chat.record)
