"""Pastes an image into a terminal: saves it in a file, and pastes the file's name.

Programs in terminals take text only. Claude Code, Codex and others attach an image when the name of its file is pasted.
"""

from __future__ import annotations

import asyncio

from PySide6.QtGui import QImage
from shiboken6 import Shiboken

from gui.bridge.chat_files import save_image
from gui.bridge.tasks import Tasks
from gui.window.page.terminal_page import TerminalPage


def paste_image(tasks: Tasks, page: TerminalPage, image: QImage) -> None:
    """Save an image among the chat's files, and paste the file's name; ``tasks`` report what prevents it."""
    tasks.start(_save_and_paste(page, image), "a pasted image")


async def _save_and_paste(page: TerminalPage, image: QImage) -> None:
    path = await asyncio.to_thread(save_image, page.chat.id, image)
    if Shiboken.isValid(page):  # Else the page was closed meanwhile.
        page.view.paste_files([str(path)])
