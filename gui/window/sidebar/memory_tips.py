"""Adds the memory of a chat to the tool tip of its row, while that is shown."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QListView, QToolTip

from gui.bridge.chat_memory import ChatMemory
from gui.bridge.tasks import Tasks
from gui.theme.tooltips import as_tooltip, show_at
from gui.wording import window_texts
from session_host.standing.sleep import memory_words

from .entries import full_text
from .model import SidebarModel


class MemoryTips(QObject):
    """Looks at the chat whose row has its tool tip asked for.

    Attributes:
        memory: the memory of the chat that is looked at; the rail's flyout looks by it, too.
    """

    def __init__(self, rows: QListView, model: SidebarModel, tasks: Tasks) -> None:
        super().__init__(rows)
        self._rows, self._model = rows, model
        self._at = QPoint()
        self.memory = ChatMemory(tasks, self)
        self.memory.changed.connect(self._add)
        rows.viewport().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._at = event.globalPos()
            self.memory.look(self._model.chat(self._rows.indexAt(event.pos())))
        return False

    def _add(self) -> None:
        chat, size = self.memory.chat, self.memory.size_bytes
        entry = self._model.entry(self._model.index_of(chat.id)) if chat is not None else None
        text = full_text(entry) if entry is not None else ""
        if size is not None and text and QToolTip.isVisible() and QToolTip.text() == as_tooltip(text):
            show_at(self._at, f"{text}\n{window_texts.MEMORY(size=memory_words(size))}", self._rows.viewport())
