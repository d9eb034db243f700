"""Shell marks (OSC 133): prompts, commands and their exit codes.

A: a prompt begins; B: the user's input begins; C: the command runs, and its output begins; D: the command has ended.

Source: https://gitlab.freedesktop.org/Per_Bothner/specifications/blob/master/proposals/semantic-prompts.md
"""

from __future__ import annotations

import re
from typing import Final

from session_host.protocol.untrusted_text import plain

from .base import CommandBegan, CommandEnded

_MOST_READ = 64
_EXIT_CODE: Final = re.compile("-?[0-9]{1,10}", re.ASCII)
_MOST: Final = 2**31
_FRESH_LINE: Final = re.compile("[AN](?:;.*)?|L", re.DOTALL)


def is_fresh_line(parameters: str) -> bool:
    """Whether ``OSC 133 ; parameters`` begins a new line, unless the cursor is at the beginning of one."""
    return _FRESH_LINE.fullmatch(parameters) is not None


def mark_of(parameters: str) -> CommandBegan | CommandEnded | None:
    """The event of ``OSC 133 ; parameters``; None for a mark without information about a command."""
    kind, *options = plain(parameters, _MOST_READ).split(";")
    if kind == "C":
        return CommandBegan()
    if kind != "D":
        return None
    code = int(options[0]) if options and _EXIT_CODE.fullmatch(options[0]) else None
    return CommandEnded(code if code is not None and -_MOST <= code < _MOST else None)
