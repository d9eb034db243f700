"""The sequences by which a host clears a terminal; they become part of the program's output. Pure.

The scrollback is cleared as by ``clear``: the screen stays, since a program may draw relative to what it has drawn.

A reset undoes what binary output leaves behind, and erases the screen; the scrollback stays. What the program has set
for its input (mouse, paste, keys, focus reports, alternate screen) stays, too: a program that draws its screen again
does not set it again. At a shell's prompt no program is left that needs these modes, so they end, too, except for
bracketed paste, which the shell itself sets.

``CommandModes`` finds the modes that a shell's command sets and does not take back, since it was killed. A shell marks
the beginning and the end of a command (OSC 133, C and D); the modes at both are compared. What the shell itself sets at
its prompt, after the end, is not the command's: the output since then shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from session_host.protocol.messages import Clearing

CANCEL: Final = b"\x18"
"""CAN: ends an unfinished sequence or character, and does nothing otherwise."""

_SCROLLBACK: Final = b"\x1b[3J"

_INPUT_MODES: Final = (
    b"\x1b[?1049l\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
    b"\x1b[?2031l\x1b[?2048l\x1b[=0;1u\x1b[<99u\x1b[>4;0m\x1b]22;\x1b\\\x1b[?25h\x1b[0 q"
)
"""Alternate screen; mouse, its pointer, focus and size reports, kitty's keyboard protocol, modifyOtherKeys; cursor."""

_SCREEN: Final = (
    b"\x1b[?2026l\x1b[?5l\x1b[?6l\x1b[?69l\x1b[r\x1b[4l\x1b[20l\x1b[?7h\x1b[?45l\x1b[?5W"
    b'\x1b[0m\x1b[0"q\x1b]8;;\x1b\\\x1b(B\x1b)B\x1b*B\x1b+B\x0f'
    b"\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\\x1b[H\x1b[J"
)
"""Frame, reverse video, margins, modes of writing, tab stops; pen, link, character sets; colours; the screen."""


def sequences(what: Clearing, *, at_prompt: bool) -> bytes:
    """The sequences that clear the scrollback, or reset the terminal; ``at_prompt``: of a shell, which waits."""
    if what == "scrollback":
        return _SCROLLBACK
    return _INPUT_MODES + _SCREEN if at_prompt else _SCREEN


ALTERNATE: Final = 1049
_ORIGIN, _SIDE_MARGINS, _KEYPAD, _CURSOR = 6, 69, 66, 25

WATCHED: Final = (1, 5, _ORIGIN, 9, _KEYPAD, _SIDE_MARGINS, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026,
                  2031, 2048)  # fmt: skip
"""DEC private modes that are off by default: keys, reverse video, origin, margins, mouse, focus, paste, reports."""

_SET: Final = re.compile(rb"\x1b\[\?([0-9;]{1,64})h")
_RESET: Final = re.compile(rb"\x1b\[\?([0-9;]{1,64})l")
_KITTY: Final = re.compile(rb"\x1b\[[>=][0-9;]*u")
_OTHER_KEYS: Final = re.compile(rb"\x1b\[>4[;m]")
_NO_KITTY: Final = b"\x1b[<99u"


class TerminalModes(NamedTuple):
    """The modes of a terminal that a killed program may leave.

    Attributes:
        on: numbers in ``WATCHED`` that are set, ``ALTERNATE`` on the alternate screen.
        hides_cursor: whether the cursor is hidden.
        kitty: the flags of kitty's keyboard protocol.
        other_keys: xterm's modifyOtherKeys.
        region: the scroll region's parts; () for the whole screen.
        column, row: the cursor's position, from 0.
    """

    on: frozenset[int] = frozenset()
    hides_cursor: bool = False
    kitty: int = 0
    other_keys: int = 0
    region: tuple[int, ...] = ()
    column: int = 0
    row: int = 0


class CommandModes:
    """Compares a terminal's modes before and after each command.

    Attributes:
        before, after: those of the last command that left some; None for none, or once they are restored.
    """

    def __init__(self, read: Callable[[], TerminalModes]) -> None:
        self._read = read
        self._begun: TerminalModes | None = None
        self.before: TerminalModes | None = None
        self.after: TerminalModes | None = None

    def mark(self, parameters: str) -> None:
        """Handle ``OSC 133 ; parameters``."""
        kind = parameters.partition(";")[0]
        if kind == "C":
            self._begun, self.before = self._read(), None
        elif kind == "D" and self._begun is not None:
            before, after, self._begun = self._begun, self._read(), None
            is_left = (
                bool(after.on - before.on)
                or (after.hides_cursor and not before.hides_cursor)
                or after.kitty not in {before.kitty, 0}
                or after.other_keys not in {before.other_keys, 0}
                or after.region not in {before.region, ()}
            )
            self.before, self.after = (before, after) if is_left else (None, None)

    def restoring(self, written: bytes) -> bytes:
        """The sequences that take back what the last command left, once; b"" if nothing is left.

        Args:
            written: the output since the command's end, which shows what the shell has set at its prompt.
        """
        before, after, self.before = self.before, self.after, None
        if before is None or after is None:
            return b""
        now = self._read()
        own, off = (
            {int(number) for parameters in found for number in parameters.split(b";") if number}
            for found in (_SET.findall(written), _RESET.findall(written))
        )
        if b"\x1b=" in written:
            own.add(_KEYPAD)
        left = ((after.on - before.on) & now.on) - own
        keys = b""
        if after.kitty not in {before.kitty, 0}:
            flags = now.kitty if _KITTY.search(written) else before.kitty
            keys = b"%s\x1b[=%d;1u" % (_NO_KITTY, flags)
        parts = [keys] if ALTERNATE in left else []
        parts += [b"\x1b[?%dl" % number for number in sorted(left - {ALTERNATE})]
        is_narrow = after.region not in {before.region, ()} and now.region == after.region
        if is_narrow:
            parts.append(b"\x1b[r")
        if ALTERNATE in left:
            parts.append(b"\x1b[?%dl" % ALTERNATE)
        elif is_narrow or left & {_ORIGIN, _SIDE_MARGINS}:
            parts.append(b"\x1b[%d;%dH" % (now.row + 1, now.column + 1))
        parts.append(keys)
        if after.other_keys not in {before.other_keys, 0} and not _OTHER_KEYS.search(written):
            parts.append(b"\x1b[>4;%dm" % before.other_keys)
        if after.hides_cursor and not before.hides_cursor and now.hides_cursor and _CURSOR not in off:
            parts.append(b"\x1b[?%dh" % _CURSOR)
        return b"".join(parts)
