"""Finds the files that names in a chat's text refer to, on the chat's machine, without blocking."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from gui.bridge.chat import Chat
from gui.bridge.tasks import Tasks
from session_host.client.chats.named_files import MAX_NAMES, existing, find_files
from session_host.errors import OutliveError

_THREADS = 4
"""The maximum number of parallel lookups here; if all of them hang, further ones wait."""

GATHER_S = 0.1
"""The names that the mouse passes in this time are asked for in one call."""

Found = Callable[[str], object]
"""Gets a file's absolute path, "" for none."""
Finder = Callable[[str, Found], bool]


class FilesHere:
    """Finds files on this machine; a ``FindFile``.

    The threads are daemons: the window can exit while one of them hangs.
    """

    def __init__(self, find_directories: Callable[[], Sequence[str]], directory: Callable[[], str] = str) -> None:
        """Set up the search.

        Args:
            find_directories: returns the base directories of relative names, in the order to try; called in a thread.
            directory: returns the directory of the program, which is tried first; "" if unknown.
        """
        self._find_directories, self._directory = find_directories, directory
        self._running = 0

    def __call__(self, name: str, found: Found) -> bool:
        """Find a file; ``found`` is called in a thread."""
        if self._running >= _THREADS:
            return False
        self._running += 1
        threading.Thread(
            target=self._find, args=(name, self._directory(), found), name="file lookup", daemon=True
        ).start()
        return True

    def _find(self, name: str, directory: str, found: Found) -> None:
        path = existing(name, (*([directory] if directory else []), *self._find_directories()))
        self._running -= 1
        found(path)


class FilesThere:
    """Asks the chat's machine, one call at a time for several names; a ``FindFile``."""

    def __init__(self, chat: Chat, tasks: Tasks, reported: Callable[[], str]) -> None:
        """Set up the search; ``reported`` returns the address of the directory that the program reports."""
        self._chat, self._tasks, self._reported = chat, tasks, reported
        self._waiting: dict[str, Found] = {}
        self._is_asking = False

    def __call__(self, name: str, found: Found) -> bool:
        """Find a file; ``found`` is called later."""
        if len(self._waiting) >= MAX_NAMES:
            return False
        self._waiting[name] = found
        if not self._is_asking:
            self._is_asking = True
            self._tasks.start(self._ask(), "find files")
        return True

    async def _ask(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_S)
                waiting, self._waiting = self._waiting, {}
                for found, path in zip(waiting.values(), await self._paths(list(waiting)), strict=False):
                    found(path if is_path(path) else "")
        finally:
            self._is_asking = False

    async def _paths(self, names: list[str]) -> list[str]:
        chat = self._chat
        try:
            paths = await chat.machine.call(find_files, chat.session_id, names, self._reported())
        except OutliveError:
            paths = []
        return paths + [""] * len(names)


def is_path(text: str) -> bool:
    """Whether another machine's answer can be an absolute path that an editor may get."""
    return text.startswith("/") and text.isprintable()
