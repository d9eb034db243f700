"""Copies what the user pastes or drops into a chat to the chat's machine, and gives the paths there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage
from shiboken6 import Shiboken

from gui.bridge.chat import Chat
from gui.bridge.chat_files import png_of
from gui.bridge.named_files import is_path
from gui.bridge.tasks import Tasks
from gui.window.page.banners import Banner, BannerArea
from gui.wording import common_texts, notice_texts
from session_host.errors import OutliveError

if TYPE_CHECKING:
    from session_host.client.chats.pasted_files import Source

SHOW_AFTER_S = 1.0
"""A copy that takes longer shows its progress, and can be cancelled."""


_numbers = itertools.count()


class Copying:
    """Copies files for one page."""

    def __init__(self, chat: Chat, tasks: Tasks, banners: BannerArea, page: QObject) -> None:
        """Set up; nothing is pasted once ``page`` is gone."""
        self._chat, self._tasks, self._banners, self._page = chat, tasks, banners, page

    def paste_image(self, image: QImage, paste: Callable[[list[str]], object]) -> None:
        """Copy an image as a PNG file; ``paste`` gets its path."""
        from session_host.client.chats.pasted_files import source_of  # the window's start does not need it

        self._tasks.start(self._copy(lambda: [source_of(png_of(image), "image.png")], paste), "a pasted image")

    def paste(self, files: list[str], paste: Callable[[list[str]], object]) -> None:
        """Copy files; ``paste`` gets all of their paths once all are there."""
        from session_host.client.chats.pasted_files import file_source  # the window's start does not need it

        self._tasks.start(self._copy(lambda: list(map(file_source, files)), paste), "copy files")

    async def _copy(self, find: Callable[[], list[Source]], paste: Callable[[list[str]], object]) -> None:
        key = f"copy {next(_numbers)}"
        try:
            sources = await asyncio.to_thread(find)
            copying = asyncio.ensure_future(self._copy_all(sources, key))
            try:
                paths = await copying
            finally:
                copying.cancel()
                self._banners.withdraw(key)
        except OutliveError as error:
            self._banners.inform(notice_texts.failed(notice_texts.CANNOT_COPY(), error), kind="failed")
            return
        if paths and Shiboken.isValid(self._page):
            paste(paths)

    async def _copy_all(self, sources: list[Source], key: str) -> list[str]:
        """Copy files; returns their paths there, [] if the user cancels."""
        from session_host.client.chats.pasted_files import copy_to

        machine, loop = self._chat.machine, asyncio.get_running_loop()
        total = max(1, sum(source.size for source in sources))
        show_at_s, before, shown, name = loop.time() + SHOW_AFTER_S, 0, -1, ""
        task, is_cancelled = asyncio.current_task(), False

        def cancel() -> None:
            nonlocal is_cancelled
            is_cancelled = True
            if task is not None:
                task.cancel()

        def show(arrived: int = 0) -> None:
            nonlocal shown
            percent = 100 * (before + arrived) // total
            if loop.time() >= show_at_s and percent > shown:
                shown = percent
                text = notice_texts.COPYING(what=name, machine=machine.name, percent=percent)
                self._banners.show_banner(Banner(text, common_texts.CANCEL(), cancel, key, lasting=True))

        timer = loop.call_at(show_at_s, show)
        paths = []
        try:
            for source in sources:
                name = source.name
                path = await copy_to(machine, self._chat.session_id, source, show)
                if not machine.has_our_files and not is_path(path):
                    raise OutliveError(notice_texts.NO_PATH(machine=machine.name))
                paths.append(path)
                before += source.size
        except asyncio.CancelledError:
            if not is_cancelled:
                raise
            return []
        finally:
            timer.cancel()
        return paths
