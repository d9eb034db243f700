"""The sequences by which a host clears a terminal; they become part of the program's output. Pure.

The scrollback is cleared as by ``clear``: the screen stays, since a program may draw relative to what it has drawn.

A reset undoes what binary output leaves behind, and erases the screen; the scrollback stays. What the program has set
for its input (mouse, paste, keys, focus reports, alternate screen) stays, too: a program that draws its screen again
does not set it again. At a shell's prompt no program is left that needs these modes, so they end, too, except for
bracketed paste, which the shell itself sets.
"""

from __future__ import annotations

from typing import Final

from session_host.protocol.messages import Clearing
from session_host.protocol.values import GridSize

from .base import Emulator
from .rows import PLAIN, Row
from .text import scrolled_rows

CANCEL: Final = b"\x18"
"""CAN: ends an unfinished sequence or character, and does nothing otherwise."""

_SCROLLBACK: Final = b"\x1b[3J"

_KEYS_AND_MOUSE: Final = (
    b"\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
    b"\x1b[?2031l\x1b[?2048l\x1b[=0;1u\x1b[<99u\x1b[>4;0m\x1b]22;\x1b\\\x1b[?25h\x1b[0 q"
)
"""Mouse, its pointer, focus and size reports, kitty's keyboard protocol, modifyOtherKeys; cursor."""

_WRITING: Final = (
    b"\x1b[?2026l\x1b[?5l\x1b[?6l\x1b[?69l\x1b[r\x1b[4l\x1b[20l\x1b[?7h\x1b[?45l"
    b'\x1b[0m\x1b[0"q\x1b]8;;\x1b\\\x1b(B\x1b)B\x1b*B\x1b+B\x0f'
)
"""Frame, reverse video, margins, modes of writing; pen, link, character sets."""

_INPUT_MODES: Final = b"\x1b[?1049l" + _KEYS_AND_MOUSE
_PRIMARY: Final = b"\x1b[?1049l\x1b[?1047l\x1b[?47l\x1b[H\x1b[2J\x1b[3J"
"""Leaves the alternate screen, and erases the other one with its history."""
_SCREEN: Final = _WRITING + b"\x1b[?5W\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\\x1b[H\x1b[J"
"""What is written with, tab stops, colours; the screen."""


def sequences(what: Clearing, *, at_prompt: bool) -> bytes:
    """The sequences that clear the scrollback, or reset the terminal; ``at_prompt``: of a shell, which waits."""
    if what == "scrollback":
        return _SCROLLBACK
    return _INPUT_MODES + _SCREEN if at_prompt else _SCREEN


def reset_after_exit(emulator: Emulator) -> None:
    """Undo what a killed program left behind: mouse, paste, keyboard, margins, pen, hidden cursor.

    What it showed stays, also on the alternate screen: that is the last its user saw.
    """
    column, row = emulator.cursor[:2]
    modes = _KEYS_AND_MOUSE + b"\x1b[?2004l\x1b[?1l\x1b[?66l" + _WRITING
    emulator.feed(CANCEL + modes + b"\x1b[%d;%dH" % (row + 1, column + 1))


def prepare_for_resizes(emulator: Emulator) -> None:
    """Prepare a screen that no program writes to any more for ``resize_last_screen``.

    What the alternate screen shows, without its images, comes to the primary screen, since the other has no history.
    """
    rows = emulator.rows()
    shown = b""
    if emulator.modes.alternate_screen:
        shown = _PRIMARY + scrolled_rows(rows, emulator.size.columns, {}, {}).encode("utf-8", "replace")
    # Rows return from the history only above a cursor in the last row.
    last = max((number for number, row in enumerate(rows) if _is_written(row)), default=0)
    emulator.feed(CANCEL + _WRITING + shown + b"\x1b[%d;1H" % (last + 1))


def resize_last_screen(emulator: Emulator, size: GridSize) -> None:
    """Resize a prepared screen without losing a row: upper ones become history in less room, and return in more."""
    if size.columns != emulator.size.columns:
        # Only so are all rows above the last one in the history, from where they return, once they are wrapped anew.
        emulator.resize(GridSize(size.columns, 1), emulator.cell)
    emulator.resize(size, emulator.cell)


def _is_written(row: Row) -> bool:
    return any(run.style != PLAIN or run.text.strip() for run in row.runs)
