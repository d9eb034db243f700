"""Brings the tabs of a removed chat back if the user undoes the removal."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.bridge.sessions_model import SessionsModel
from gui.window.panes.closed_tabs import ClosedTabs, put_back
from gui.window.panes.panes import Panes


class RemovedTabs(QObject):
    """The tabs of the chats that are being removed, while that can be undone."""

    def __init__(self, panes: Panes, sessions: SessionsModel) -> None:
        super().__init__(panes)
        self._panes = panes
        self._sessions = sessions
        self._tabs = ClosedTabs()
        sessions.removals.begun.connect(self._on_begun)
        sessions.removals.undone.connect(self._on_undone)
        sessions.forgotten.connect(self._tabs.remove)

    def _on_begun(self, session_id: str) -> None:
        for pane in self._panes.panes():
            if (at := pane.bar.index_of(session_id)) >= 0:
                self._tabs.add(session_id, pane.number, at)

    def _on_undone(self, session_id: str) -> None:
        chat = self._sessions.get(session_id)
        for tab in self._tabs.pop([session_id]):
            put_back(tab, chat, self._panes.pane(tab.pane) or self._panes.active)
