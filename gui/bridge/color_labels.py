"""Colour labels that the user gives to chats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.theme.tokens import LABEL_COLORS

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.chat_list import ChatList


class ColorLabels(QObject):
    """The labels of chats; if another chat continues a labelled one, that chat takes the label.

    Signals:
        changed: a label was set or removed.
    """

    changed = Signal()

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._labels: dict[str, str] = {}
        chats.added.connect(lambda chat: chat.set_color_label(self._labels.get(chat.id, "")))
        chats.forgotten.connect(self._on_forgotten)
        chats.changed.connect(self._follow_resumed)

    def load(self, labels: dict[str, str]) -> None:
        """Show the labels of the saved layout, names of ``LABEL_COLORS`` by chats' ids; they are changed there."""
        self._labels = labels
        for session_id in [known for known, name in labels.items() if name not in LABEL_COLORS]:
            del labels[session_id]
        for chat in self._list.chats():
            chat.set_color_label(labels.get(chat.id, ""))

    def set_label(self, chats: Iterable[Chat], name: str) -> None:
        """Label chats with a colour; "" removes their labels."""
        changed = [chat for chat in chats if chat.color_label != name]
        for chat in changed:
            if name:
                self._labels[chat.id] = name
            else:
                self._labels.pop(chat.id, None)
            chat.set_color_label(name)
        if changed:
            self.changed.emit()

    def _on_forgotten(self, session_id: str) -> None:
        if self._labels.pop(session_id, ""):
            self.changed.emit()

    def _follow_resumed(self) -> None:
        for chat, newest in self._list.continued(self._labels):
            name = self._labels[chat.id]
            self.set_label([chat], "")
            self.set_label([newest], newest.color_label or name)
