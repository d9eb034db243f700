"""Exports a chat to a file, and opens its text, or the output of one command, in the user's editor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject

from gui.bridge import chat_files
from gui.bridge.chat import SHOW_WAITING_AFTER_MS, Chat
from gui.terminal.links.links import FileLocation
from gui.window.actions.context import WindowContext
from gui.window.actions.open_links import LinkOpener
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.terminal_page import TerminalPage
from gui.window.sheets.export import file_name
from gui.wording import notice_texts
from session_host.errors import OutliveError

_TEXT: Final = ".txt"
_OUTPUT: Final = " output.txt"


async def export_to(path: Path, chat: Chat, banners: BannerArea, key: str) -> bool:
    """Export a chat's whole recording; if it takes long, show a banner with this key.

    Returns:
        Whether the file has everything; False if parts of the recording are missing.

    Raises:
        OutliveError: the file could not be written.
    """
    work = asyncio.ensure_future(chat_files.export(chat.id, path))
    try:
        done, _ = await asyncio.wait({work}, timeout=SHOW_WAITING_AFTER_MS / 1000)
        if not done:
            banners.show_banner(Banner(notice_texts.EXPORTING(name=chat.name), key=key, lasting=True))
        return await work
    finally:
        work.cancel()


class ChatTexts(QObject):
    """Opens texts of chats with terminals as private files in the user's editor."""

    def __init__(self, context: WindowContext, opener: LinkOpener) -> None:
        super().__init__(context.window)
        self._tasks = context.sessions.tasks
        self._tabs, self._banners = context.tabs, context.banners
        self._opener = opener
        self._files: dict[tuple[str, str], Path] = {}
        """The latest text of each kind, by session and the end of its name; a chat that is renamed has another path."""
        context.sessions.removed.connect(self._on_removed)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of the table's actions."""
        return {"open_text": self.open_text}

    def open_text(self) -> None:
        """Open everything that the terminal ever showed, at its end."""
        if (page := self._page()) is not None:
            self._tasks.start(self._open_text(page.chat), "open a text")

    def open_output(self, chat: Chat, text: str) -> None:
        """Open the output of a command of a chat."""
        self._tasks.start(self._open_output(chat, text), "open an output")

    def _page(self) -> TerminalPage | None:
        page = self._tabs.active_page
        return page if isinstance(page, TerminalPage) and not page.is_question_open else None

    async def _open_text(self, chat: Chat) -> None:
        key = f"text {chat.id}"
        try:
            path = await asyncio.to_thread(chat_files.prepare, chat.id, file_name(chat.record.name), _TEXT)
            await export_to(path, chat, self._banners, key)
            await self._replace_previous(chat.id, _TEXT, path)
            lines = await asyncio.to_thread(chat_files.count_lines, path)
        except OutliveError as error:
            self._banners.inform(notice_texts.CANNOT_OPEN_TEXT(name=chat.name, reason=error), kind="failed", key=key)
            return
        if lines:
            self._banners.withdraw(key)
            self._opener.open_file(FileLocation(str(path), lines))
        else:
            self._banners.inform(notice_texts.NO_TEXT(name=chat.name), key=key)

    async def _open_output(self, chat: Chat, text: str) -> None:
        try:
            path = await asyncio.to_thread(chat_files.prepare, chat.id, file_name(chat.record.name), _OUTPUT)
            await asyncio.to_thread(chat_files.write, path, text + "\n")
            await self._replace_previous(chat.id, _OUTPUT, path)
        except OutliveError as error:
            text = notice_texts.CANNOT_OPEN_TEXT(name=chat.name, reason=error)
            self._banners.inform(text, kind="failed", key=f"text {chat.id}")
        else:
            self._opener.open_file(FileLocation(str(path)))

    async def _replace_previous(self, session_id: str, suffix: str, path: Path) -> None:
        """Note a chat's text, and remove the one that it had under an earlier name."""
        previous, self._files[session_id, suffix] = self._files.get((session_id, suffix)), path
        if previous is not None and previous not in self._files.values():
            await asyncio.to_thread(chat_files.remove_file, previous)

    def _on_removed(self, session_id: str) -> None:
        for suffix in (_TEXT, _OUTPUT):
            self._files.pop((session_id, suffix), None)
        chat_files.remove(session_id)
