"""Recently closed tabs, which can be reopened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gui.bridge.chat import Chat
from gui.window.panes.pane import PaneWidget

MAX_CLOSED = 200


class ClosedTab(NamedTuple):
    """A closed tab: its chat, the pane that had it, and its index there."""

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
    """Open a closed tab where it was, behind the shown one; returns whether there is such a chat without a tab."""
    if chat is None or pane.bar.index_of(chat.id) >= 0:
        return False
    pane.tabs.insert(chat, min(closed.at, pane.bar.count()))
    return True
