"""A shell's default titles, which repeat its directory; the window shows the directory itself.

These are the default titles of bash in Debian, Ubuntu and Fedora (``user@computer: ~/src``), of Oh My Zsh
(``user@computer:~/src``) and of fish at its prompt (``~/s/api``). A title from another computer or user tells more.
"""

from __future__ import annotations

import os
import pwd
import socket
from functools import cache

from gui.wording import phrases


def is_directory_title(title: str, directory: str) -> bool:
    """Whether a shell's title only repeats its user, this computer and its directory."""
    where = title.removeprefix(_account()).strip()
    short = phrases.short_directory(directory)
    return where in {directory, short, phrases.last_part(directory), _abbreviated(short)}


@cache
def _account() -> str:
    """The user and the computer, as shells write them before the directory."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = os.environ.get("USER", "")
    return f"{user}@{socket.gethostname().partition('.')[0]}:"


def _abbreviated(path: str) -> str:
    """The path as fish writes it: of each part but the last one letter, after the dot of a hidden directory."""
    *parts, last = path.split("/")
    return "/".join([*(part[: 1 + part.startswith(".")] for part in parts), last])
