"""The tabs that were closed lately."""

from __future__ import annotations

from typing import NamedTuple

KEPT = 20


class ClosedTab(NamedTuple):
    """A closed tab: its chat, the pane that had it, and its place there."""

    session_id: str
    pane: int
    at: int


class ClosedTabs:
    """The closed tabs of a window, the latest last."""

    def __init__(self) -> None:
        self._tabs: list[ClosedTab] = []

    def note(self, session_id: str, pane: int = -1, at: int = KEPT) -> None:
        """A tab was closed, perhaps of another window."""
        self._tabs = [*self._tabs, ClosedTab(session_id, pane, at)][-KEPT:]

    def forget(self, session_id: str) -> None:
        """The chat has a tab again."""
        self._tabs = [tab for tab in self._tabs if tab.session_id != session_id]

    def replace(self, former: str, session_id: str) -> None:
        """Another chat continues this one."""
        self._tabs = [tab._replace(session_id=session_id) if tab.session_id == former else tab for tab in self._tabs]

    def take_last(self) -> ClosedTab | None:
        """The tab that was closed last, which counts as open from now on."""
        return self._tabs.pop() if self._tabs else None
