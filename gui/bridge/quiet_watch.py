"""Chats that the user waits for: they are reported once they write nothing more, or end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.chat_list import ChatList

QUIET_S = 10.0
"""A chat is quiet if it has written nothing for this time."""


class QuietWatch(QObject):
    """The watched chats.

    Signals:
        found_quiet: a watched chat is quiet or has ended (Chat); emitted again every ``QUIET_S`` while that is so,
            until the watch is ended.
    """

    found_quiet = Signal(object)

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._since_s: dict[str, float] = {}
        """The time at which each watch began (CLOCK_MONOTONIC), by chat."""
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._check)
        chats.changed.connect(self._check_ended)
        chats.forgotten.connect(self.end)

    def is_watched(self, chat: Chat) -> bool:
        """Whether a chat is watched."""
        return chat.id in self._since_s

    def begin(self, chat: Chat) -> None:
        """Watch a chat."""
        self._since_s[chat.id] = time.monotonic()
        self._wait()

    def end(self, session_id: str) -> None:
        """Watch a chat no more."""
        self._since_s.pop(session_id, None)
        self._wait()

    def _wait(self) -> None:
        """Wait until the next chat can be quiet."""
        waits_s = [self._left_s(chat) for chat in self._watched()]
        if waits_s:
            self._timer.start(max(round(min(waits_s) * 1000), 1))
        else:
            self._timer.stop()

    def _watched(self) -> list[Chat]:
        return [chat for session_id in self._since_s if (chat := self._list.get(session_id)) is not None]

    def _left_s(self, chat: Chat) -> float:
        """The time until a chat is quiet, if it writes nothing more."""
        return max(self._since_s[chat.id], chat.output_at_s) + QUIET_S - time.monotonic()

    def _check(self) -> None:
        for chat in self._watched():
            if chat.has_ended or self._left_s(chat) <= 0:
                self._since_s[chat.id] = time.monotonic()
                self.found_quiet.emit(chat)
        self._wait()

    def _check_ended(self) -> None:
        if any(chat.has_ended for chat in self._watched()):
            self._check()
