"""Drags and drops: files, images and texts from other programs, and chats within the window."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDropEvent


def local_files(data: QMimeData) -> list[str]:
    """The files in a clipboard or a drag."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]


def quoted(files: Iterable[str]) -> str:
    """Names of files, quoted for a shell, with a blank after them; "" for no files."""
    names = shlex.join(files)
    return f"{names} " if names else ""


CHATS_MIME = "application/x-outlive-chats"
"""Chats of the sidebar: their ids in UTF-8, one a line."""


def accept_as_copy(event: QDropEvent) -> None:
    """Accept a drag or drop as a copy or link, never as a move: after a move, an editor deletes the dragged text."""
    for action in (Qt.DropAction.CopyAction, Qt.DropAction.LinkAction):
        if event.possibleActions() & action:
            event.setDropAction(action)
            event.accept()
            return
    event.ignore()
