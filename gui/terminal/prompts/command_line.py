"""The command line of a shell's command, read from the rows of its prompt."""

from __future__ import annotations

import re
from typing import Final

from session_host.protocol.untrusted_text import one_line
from session_host.terminal.base import Emulator
from session_host.terminal.prompts import Prompt
from session_host.terminal.text import logical_lines

from .output import rows_between

_MAX_ROWS: Final = 24
"""The most rows of a prompt that are read; a command may have thousands."""

_MAX_CHARACTERS: Final = 500
_NEIGHBOURS: Final = 2
_NEXT_ROWS: Final = 3
"""The next prompt begins within so many rows after an output."""

_GAP: Final = re.compile(" {4,}")
"""Blanks between a command and what a shell shows at the right end of its line."""


def command_line(emulator: Emulator, prompt: Prompt) -> str:
    """The line with the command, as its row shows it after the shell's prompt; "" if the terminal does not have it.

    Both a shell's prompt and a command may have several lines. The prompts nearby tell how many lines the prompt has:
    no more than the shortest of them.
    """
    lines = _lines(emulator, prompt)
    if len(lines) > 1:
        counts = [len(_lines(emulator, near)) for near in _neighbours(emulator, prompt)]
        counts = [count for count in counts if count]
        lines = lines[: min(counts)] if counts else lines
    return _GAP.sub("   ", one_line(lines[-1]).strip())[:_MAX_CHARACTERS] if lines else ""


def _lines(emulator: Emulator, prompt: Prompt) -> list[str]:
    """The lines of a prompt with its command, without blank ones."""
    if prompt.output is None:
        return []
    rows = rows_between(emulator, prompt.row, min(prompt.output, prompt.row + _MAX_ROWS))
    return [line for line in logical_lines(rows, emulator.size.columns) if line.strip()]


def _neighbours(emulator: Emulator, prompt: Prompt) -> list[Prompt]:
    """The prompts before and after a prompt, as far as commands were run there."""
    found: list[Prompt] = []
    row = prompt.row
    for _ in range(_NEIGHBOURS):
        if before := emulator.prompts(0, row, last_only=True):
            found += before
            row = before[0].row
    if prompt.end is not None:
        found += emulator.prompts(max(prompt.end, prompt.row + 1), _NEXT_ROWS)[:1]
    return found
