"""Brings the tabs and the panes of a removed chat back if the user undoes the removal."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.bridge.sessions import Sessions
from gui.settings import pane_tree
from gui.settings.pane_tree import Node
from gui.window.panes.closed_tabs import ClosedTab, ClosedTabs, put_back
from gui.window.panes.pane import PaneWidget
from gui.window.panes.panes import Panes


class RemovedTabs(QObject):
    """The tabs of the chats that are being removed, while that can be undone."""

    def __init__(self, panes: Panes, sessions: Sessions) -> None:
        super().__init__(panes)
        self._panes = panes
        self._sessions = sessions
        self._tabs = ClosedTabs()
        self._trees: dict[str, Node] = {}
        """The arrangement of the panes when each chat was removed."""
        sessions.removals.begun.connect(self._on_begun)
        sessions.removals.undone.connect(self._on_undone)
        sessions.removals.kept.connect(self._on_over)
        sessions.forgotten.connect(self._on_over)

    @property
    def can_come_back(self) -> bool:
        """Whether an undo would open a tab."""
        return not self._tabs.is_empty

    def _on_begun(self, session_id: str) -> None:
        self._trees[session_id] = self._panes.tree
        for pane in self._panes.panes():
            if (at := pane.bar.index_of(session_id)) >= 0:
                self._tabs.add(session_id, pane.number, at)

    def _on_over(self, session_id: str) -> None:
        had_tab = bool(self._tabs.pop([session_id]))
        self._trees.pop(session_id, None)
        if had_tab and not self.can_come_back and not self._panes.ids():
            self._panes.emptied.emit()  # Nothing can be undone here any more.

    def _on_undone(self, session_id: str) -> None:
        chat, before = self._sessions.get(session_id), self._trees.pop(session_id, None)
        if before is None:
            return  # This window is newer than the removal.
        for tab in self._tabs.pop([session_id]):
            pane = self._panes.pane(tab.pane) or self._pane_again(tab, before) or self._panes.active
            if put_back(tab, chat, pane) and not pane.tabs.active_id:
                self._show_behind(pane, session_id)

    def _show_behind(self, pane: PaneWidget, session_id: str) -> None:
        """Show the only tab of a pane; the keyboard and the active pane stay what they are."""
        active, focused = self._panes.active, self._panes.area.window().focusWidget()
        pane.tabs.activate(session_id)
        if pane is not active:
            self._panes.activate_pane(active.number, takes_keyboard=False)
            if focused is not None:
                focused.setFocus()

    def _pane_again(self, tab: ClosedTab, before: Node) -> PaneWidget | None:
        """The pane of a tab, which closed with its last tab; None if it can no longer be restored."""
        tree = pane_tree.restored(self._panes.tree, before, tab.pane)
        return self._panes.add_pane(tree, tab.pane) if tree is not None else None
