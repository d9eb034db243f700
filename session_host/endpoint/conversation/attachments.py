"""Reads files as text for a message, up to a size limit."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from session_host.endpoint.conversation.conversation import Attachment, Picture
from session_host.errors import OutliveError

MAX_BYTES: Final = 256 * 1024
"""About 60,000 tokens: more than most models take."""

MAX_ALL_BYTES: Final = 1024 * 1024


def read_attachment(name: str) -> Attachment:
    """Read a file as an attachment.

    Args:
        name: the file's path, relative to the chat's directory; ``~`` is the home.

    Raises:
        OutliveError: the file cannot be read, is too long or is not text.
    """
    path = Path(name).expanduser()
    try:
        # Open without blocking, and check afterwards: a pipe would block forever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OutliveError(f"{name} is not a file")
            data = file.read(MAX_BYTES + 1)
    except ValueError as error:
        raise OutliveError(f"{name!r} is not a path") from error
    except OSError as error:
        raise OutliveError(f"cannot read {name} ({error.strerror})") from error
    if len(data) > MAX_BYTES:
        raise OutliveError(f"{name} is too large (limit: {MAX_BYTES // 1024} KB)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OutliveError(f"{name} is not a text file (not UTF-8)") from None
    if "\0" in text:
        raise OutliveError(f"{name} is not a text file (it contains NUL bytes)")
    return Attachment(path.name, text)


def label(attachment: Attachment) -> str:
    """An attachment's name and size, for the user."""
    return f"{attachment.name} ({_size(len(attachment.text.encode('utf-8', 'replace')))})"


def picture_label(picture: Picture) -> str:
    """An image's format and size, for the user."""
    return f"image ({picture.mime.removeprefix('image/')}, {_size(len(picture.data))})"


def _size(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < 1024 else f"{size_bytes / 1024:.0f} KB"
