"""Removes ended chats after a delay during which the user can undo it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from session_host.errors import OutliveError

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.chat_list import ChatList

UNDO_MS = 10_000
"""The time during which a removal can be undone."""


class UndoableRemovals(QObject):
    """Removes ended chats after a delay, during which the user can undo the removal.

    During the delay a chat is hidden and its files stay, so a crash removes nothing.

    Signals:
        begun: a chat is to be removed, and is hidden next (its id).
        undone: the user keeps the chat after all; it is shown again (its id).
    """

    begun = Signal(str)
    undone = Signal(str)

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._timers: dict[str, QTimer] = {}

    def begin(self, chat: Chat) -> bool:
        """Hide an ended chat, and remove it after ``UNDO_MS``; False if it runs or is already being removed."""
        if not chat.has_ended or self._list.is_hidden(chat):
            return False
        timer = QTimer(self, singleShot=True, interval=UNDO_MS)
        timer.timeout.connect(lambda: self._list.tasks.start(self._carry_out(chat), "remove"))
        self._timers[chat.id] = timer
        timer.start()
        self.begun.emit(chat.id)
        self._list.hide(chat)
        return True

    def undo(self, chat: Chat) -> None:
        """Cancel a pending removal; without effect if the chat is already being removed."""
        timer = self._timers.pop(chat.id, None)
        if timer is not None:
            timer.stop()
            timer.deleteLater()
            self._list.unhide(chat)
            self.undone.emit(chat.id)

    async def finish(self) -> None:
        """Carry out all pending removals now, because the window closes."""
        for session_id in list(self._timers):
            chat = self._list.get(session_id)
            if chat is not None:
                with contextlib.suppress(OutliveError):  # The chat stays; the next window shows it.
                    await self._carry_out(chat)

    async def _carry_out(self, chat: Chat) -> None:
        timer = self._timers.pop(chat.id, None)
        if timer is None:
            return
        timer.deleteLater()
        try:
            await self.remove_now(chat)
        finally:
            self._list.unhide(chat)  # A chat that could not be removed is shown again.

    async def remove_now(self, chat: Chat) -> None:
        """Remove a chat and its files.

        Raises:
            OutliveError: it could not be removed.
        """
        # Not in the store's thread, since git may need long for a worktree.
        line = await asyncio.to_thread(_forget, chat.id)
        self._list.forget(chat)
        if line:
            self._list.notice_given.emit(line)


def _forget(session_id: str) -> str:
    """Remove a chat's record and files; returns a line about what is left of its worktree, "" for nothing."""
    from session_host.client.chats.remove import remove_chat
    from session_host.client.sessions.store_access import open_store

    with open_store() as store:
        record = store.get(session_id)
        return remove_chat(store, record) if record is not None else ""
