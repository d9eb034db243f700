"""The user's order of chats: pins and positions, stored with each chat's record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from gui.bridge.background.store_thread import StoreThread
    from gui.bridge.chat import Chat
    from gui.bridge.chat_list import ChatList


class ChatOrder(QObject):
    """Pins chats and orders them. A chat that continues another one gets its pin and position from the store."""

    def __init__(self, chats: ChatList, storage: StoreThread) -> None:
        super().__init__(chats)
        self._list = chats
        self._storage = storage

    def pin(self, chats: Iterable[Chat], *, pinned: bool) -> None:
        """Pin or unpin chats."""
        self._write([(chat, {"pinned": pinned}) for chat in chats if chat.record.pinned != pinned])

    def arrange(self, chats: Sequence[Chat]) -> None:
        """Put chats into this order."""
        positions = [(chat, {"position": float(at)}) for at, chat in enumerate(chats, 1)]
        self._write([(chat, fields) for chat, fields in positions if chat.record.position != fields["position"]])

    def _write(self, changes: Sequence[tuple[Chat, dict[str, Any]]]) -> None:
        """Apply the changes to the chats, and store them."""
        for chat, fields in changes:
            for field, value in fields.items():
                setattr(chat.record, field, value)
            chat.changed.emit()
        if changes:
            self._list.tasks.start(self._store([(chat.id, fields) for chat, fields in changes]), "order of chats")

    async def _store(self, changes: Sequence[tuple[str, dict[str, Any]]]) -> None:
        await self._storage.call(lambda store: store.update_all(changes))
