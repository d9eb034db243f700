"""Which chats of the list are selected: if there are several, a key or a menu is for all of them."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QObject

from gui.bridge.chat import Chat

from .chat_list_view import ChatListView
from .delegate import SidebarDelegate
from .model import SidebarModel


class ChatSelection(QObject):
    """The selected chats; while there are several, their rows are painted as selected, not that of the shown chat."""

    def __init__(self, view: ChatListView, model: SidebarModel, delegate: SidebarDelegate) -> None:
        super().__init__(view)
        self._view = view
        self._model = model
        self._delegate = delegate
        view.selectionModel().selectionChanged.connect(self._on_changed)

    def chats(self) -> list[Chat]:
        """The selected chats, from top to bottom."""
        rows = sorted(index.row() for index in self._view.selectionModel().selectedIndexes())
        return [chat for row in rows if (chat := self._model.chat(self._model.index(row))) is not None]

    def select_only(self, index: QModelIndex) -> None:
        """Make a row the current one, and unselect all others; the view itself would obey Ctrl and Shift of a key."""
        self._view.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def select_active(self) -> bool:
        """Select the chat that is shown, and no other; returns whether the list has it."""
        active = self._model.index_of(self._model.active_id)
        if active.isValid():
            self.select_only(active)
        return active.isValid()

    def select_first(self) -> None:
        """Select the first chat, and no other; nothing changes if the list has none."""
        for row in range(self._model.rowCount()):
            index = self._model.index(row)
            if self._model.chat(index) is not None:
                self.select_only(index)
                return

    def _on_changed(self) -> None:
        is_single = len(self._view.selectionModel().selectedIndexes()) < 2
        if self._delegate.is_single != is_single:
            self._delegate.is_single = is_single
            self._view.viewport().update()
