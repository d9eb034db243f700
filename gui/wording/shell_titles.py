"""Titles of shells that say nothing new."""

from __future__ import annotations

import os
import pwd
import re
import socket
from functools import cache
from typing import TYPE_CHECKING

from gui.wording.phrases import last_part
from session_host.paths import short_directory

if TYPE_CHECKING:
    from session_host.client.machine import Machine


def is_directory_title(title: str, directory: str, machine: Machine) -> bool:
    """Whether a shell's title only repeats its user, its computer and its directory, which the window shows itself.

    Such are the default titles of bash in Debian, Ubuntu and Fedora (``user@computer: ~/src``), of Oh My Zsh
    (``user@computer:~/src``) and of fish at its prompt (``~/s/api``). Here, a title from another computer or
    user tells more; on another machine, the user and the computer's own name are unknown.
    """
    account = (_ACCOUNT.match(title) or [""])[0] if machine.name else _account()
    where, home = title.removeprefix(account).strip(), machine.home
    short = short_directory(directory, home)
    return where in {directory, short, last_part(directory, home), _abbreviated(short)}


_ACCOUNT = re.compile(r"[^\s@]+@[^\s:]+:")
"""Any user and computer, as shells write them before the directory."""


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
