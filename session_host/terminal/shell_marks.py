"""Shell marks (OSC 133): prompts, commands and their exit codes.

A: a prompt begins; B: the user's input begins; C: the command runs, and its output begins; D: the command has ended.

Source: https://gitlab.freedesktop.org/Per_Bothner/specifications/blob/master/proposals/semantic-prompts.md
"""

from __future__ import annotations

import re
from typing import Final

from session_host.protocol.untrusted_text import plain

from .events import CommandBegan, CommandEnded
from .prompts import MAX_READ_CHARACTERS, exit_code_of

MAX_MARK_BYTES: Final = 64 * 1024
"""A longer mark is ignored; one may have a command line."""

_FRESH_LINE: Final = re.compile("[AN](?:;.*)?|L", re.DOTALL)


def is_fresh_line(parameters: str) -> bool:
    """Whether ``OSC 133 ; parameters`` begins a new line, unless the cursor is at the beginning of one."""
    return _FRESH_LINE.fullmatch(parameters) is not None


def mark_of(parameters: str) -> CommandBegan | CommandEnded | None:
    """The event of ``OSC 133 ; parameters``; None for a mark without information about a command."""
    kind, *options = plain(parameters, MAX_READ_CHARACTERS).split(";")
    if kind == "C":
        return CommandBegan()
    return CommandEnded(exit_code_of(options)) if kind == "D" else None
