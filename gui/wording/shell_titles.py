"""Titles of shells that say nothing new."""

from __future__ import annotations

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
    where, home = title.removeprefix(machine.account_in(title)).strip(), machine.home
    short = short_directory(directory, home)
    return where in {directory, short, last_part(directory, home), _abbreviated(short)}


def _abbreviated(path: str) -> str:
    """The path as fish writes it: of each part but the last one letter, after the dot of a hidden directory."""
    *parts, last = path.split("/")
    return "/".join([*(part[: 1 + part.startswith(".")] for part in parts), last])
