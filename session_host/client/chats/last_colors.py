"""The terminal colours of the last window, for chats started without one.

A program asks its terminal for the colours once, at its start, and many never ask again.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from session_host import paths
from session_host.errors import OutliveError
from session_host.system.files import replace_file
from session_host.terminal.base import DefaultColors


def _file() -> Path:
    return paths.state_dir() / "colors.json"


def remember(colors: DefaultColors) -> None:
    """Save the colours; if the file cannot be written, the previous ones stay."""
    if colors == remembered():
        return
    path = _file()
    try:
        paths.ensure_private(path.parent)
        replace_file(path, msgspec.json.encode(colors))
    except (OSError, OutliveError):  # A full disk, or a state directory that is no directory.
        return


def remembered() -> DefaultColors | None:
    """Read the saved colours; None if there are none, or they cannot be read."""
    try:
        return msgspec.json.decode(_file().read_bytes(), type=DefaultColors)
    except (OSError, msgspec.MsgspecError):
        return None
