"""Pictures that an agent's text only names: read when the user asks for it, within bounds."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from gui.window.actions.context import WindowContext
from gui.window.page.chat_page import ChatPage
from gui.wording import chat_texts
from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import Image

if TYPE_CHECKING:
    from gui.window.page.structured_content import StructuredContent

_ELSEWHERE: Final = frozenset({"http", "https"})
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NamedImages:
    """Reads files that are named as pictures."""

    def __init__(self, context: WindowContext) -> None:
        self._tasks, self._banners = context.sessions.tasks, context.banners

    def is_link(self, source: str) -> bool:
        """Whether a picture's address is one of the web, which only a browser gets."""
        return urlsplit(source).scheme.lower() in _ELSEWHERE

    def show(self, page: ChatPage, content: StructuredContent, source: str) -> None:
        """Show a file in the messages of a page; relative paths are in the chat's directory."""
        self._tasks.start(self._show(page, content, source), "a picture")

    async def _show(self, page: ChatPage, content: StructuredContent, source: str) -> None:
        from gui.chat.pictures import decode  # a window without chat views does not need it

        chat = content.chat
        address = urlsplit(source)
        name = unquote(address.path) if address.scheme == "file" else source
        shown, key = one_line(name), f"picture {chat.id}"
        if not chat.machine.has_our_files:
            self._banners.inform(chat_texts.IMAGE_ELSEWHERE(path=shown, machine=chat.machine.name), key=key)
            return
        try:
            image = await asyncio.to_thread(read_picture, Path(chat.record.origin.cwd, name))
        except OutliveError as error:
            self._banners.inform(chat_texts.IMAGE_NOT_SHOWN(path=shown, reason=error), key=key)
            return
        if await asyncio.to_thread(decode, image) is None:
            self._banners.inform(chat_texts.IMAGE_NOT_SHOWN(path=shown, reason=chat_texts.NO_IMAGE()), key=key)
        elif not page.is_disposed:
            content.view.page.show_picture(source, image)


def read_picture(path: Path) -> Image:
    """The image in a regular file of a known type and a limited size.

    Raises:
        OutliveError: there is none; the reason.
    """
    from gui.chat.pictures import MAX_IMAGE_BYTES, TYPES

    mime = TYPES.get(path.suffix.lower())
    if mime is None:
        raise OutliveError(chat_texts.NO_IMAGE())
    try:
        descriptor = os.open(path, _FLAGS)  # A pipe in its place would wait for a writer.
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OutliveError(chat_texts.NO_IMAGE())
            if found.st_size > MAX_IMAGE_BYTES:
                raise OutliveError(chat_texts.LARGER_THAN(size=MAX_IMAGE_BYTES // (1024 * 1024)))
            return Image(mime, file.read(MAX_IMAGE_BYTES))
    except OSError as error:
        raise OutliveError(error.strerror or str(error)) from error
    except ValueError as error:  # no path
        raise OutliveError(str(error)) from error
