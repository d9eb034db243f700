"""How much memory a chat has, while the user looks at what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.timers import single_shot
from session_host.errors import OutliveError

if TYPE_CHECKING:
    from .chat import Chat
    from .tasks import Tasks

AGAIN_MS = 3000
"""After this time it is read again."""


class ChatMemory(QObject):
    """Reads the memory of the chat that is looked at, on the chat's machine: about 1 ms a process.

    Attributes:
        chat: the chat that is looked at; None for none.
        size_bytes: its processes' memory (their PSS); None while unknown, and where the kernel refuses.

    Signals:
        changed: ``size_bytes`` is another one.
    """

    changed = Signal()

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self.chat: Chat | None = None
        self.size_bytes: int | None = None
        self._is_repeated = False
        self._again = single_shot(self, AGAIN_MS)
        self._again.timeout.connect(self._begin)

    def look(self, chat: Chat | None, *, again: bool = False) -> None:
        """Read the memory of a chat; ``again``: again and again, until another one is looked at; None for no chat."""
        if chat is not self.chat or again != self._is_repeated:
            self.chat, self.size_bytes, self._is_repeated = chat, None, again
            self._begin()

    def _begin(self) -> None:
        self._again.stop()
        if self.chat is not None and not self.chat.has_ended and self.chat.machine.is_reachable:
            self._tasks.start(self._read(self.chat), "memory")

    async def _read(self, chat: Chat) -> None:
        from session_host.client.sessions.memory import memory_of  # the window's start does not need it

        try:
            found = (await chat.machine.call(memory_of, [chat.session_id])).get(chat.session_id)
        except OutliveError:
            found = None  # Its machine is away, or has an earlier version.
        if chat is not self.chat:
            return
        if self._is_repeated:
            self._again.start()
        if found != self.size_bytes:
            self.size_bytes = found
            self.changed.emit()
