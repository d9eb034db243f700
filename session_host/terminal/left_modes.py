"""The modes that a shell's command sets and does not take back, since it was killed.

A shell marks the beginning and the end of a command (OSC 133, C and D); the modes at both are compared. What the shell
itself sets at its prompt, after the end, is not the command's: the output since then shows it. The cursor's shape and
colours are taken back only if the exit status says that a signal ended the command: others set them on purpose, as
``printf`` does. In that case the shell itself (``resources/shell``) ends an unfinished sequence, which would swallow
the mark, attributes and links.

What is left is taken back in steps, each from the modes as they are: only once the alternate screen is left, the modes
are known that it hid, or that leaving it has restored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

ALTERNATE: Final = 1049
LEAVE_ALTERNATE: Final = b"\x1b[?%dl" % ALTERNATE
_ORIGIN, _SIDE_MARGINS, _KEYPAD = 6, 69, 66

# fmt: off
_OFF: Final = (1, 5, _ORIGIN, 9, 45, _KEYPAD, _SIDE_MARGINS, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1045, 2004,
               2026, 2031, 2048)
"""DEC private modes that are off by default: keys, reverse video, origin, margins, mouse, focus, paste, reports."""
# fmt: on

_ON: Final = (7, 25, 1007)
"""Those that are on by default: wrapping, the cursor, keys for the mouse wheel on the alternate screen."""

INSERT, LINE_FEED = 4, 20
"""ANSI's modes: text is inserted, and a line feed returns to the left."""

_SET: Final = re.compile(rb"\x1b\[\?([0-9;]{1,64})h")
_RESET: Final = re.compile(rb"\x1b\[\?([0-9;]{1,64})l")
_ANSI_SET: Final = re.compile(rb"\x1b\[([0-9;]{1,64})h")
_KITTY: Final = re.compile(rb"\x1b\[[>=][0-9;]*u")
_OTHER_KEYS: Final = re.compile(rb"\x1b\[>4[;m]")
_DESIGNATED: Final = re.compile(rb"\x1b([()*+])([0-9A-Za-z])")
_SHIFTS: Final = {b"\x0f": 0, b"\x0e": 1, b"\x1bn": 2, b"\x1bo": 3}
_COLOR: Final = re.compile(rb"\x1b\](?:(?:4;[0-9]+|1[0-2]);[^?]|(?:104|11[0-2])[;\x07\x1b])")
_SHAPE: Final = re.compile(rb"\x1b\[[0-9]* q")
_KILLED: Final = re.compile("D;(?:129|1[3-9][0-9]|2[0-9][0-9])(?:;|$)")
"""The end of a command with an exit status above 128: a signal ended it."""
_PALETTE: Final = b"4;"
_NO_KITTY: Final = b"\x1b[<99u"
_SLOTS: Final = b"()*+"


class Charsets(NamedTuple):
    """The character sets.

    Attributes:
        designated: the final bytes of the sets in G0 to G3.
        shift: which of them is written with.
    """

    designated: tuple[bytes, ...] = (b"B",) * len(_SLOTS)
    shift: int = 0

    @classmethod
    def after(cls, sequences: bytes) -> Charsets:
        """Those of a new terminal that has read the sequences of one."""
        found = dict(_DESIGNATED.findall(sequences))
        shifts = [number for shift, number in _SHIFTS.items() if shift in sequences]
        return cls(tuple(found.get(bytes([slot]), b"B") for slot in _SLOTS), shifts[-1] if shifts else 0)

    def with_own(self, now: Charsets, written: bytes) -> Charsets:
        """These, but what the output has set itself is as it is now."""
        own = {slot for slot, _ in _DESIGNATED.findall(written)}
        slots = zip(_SLOTS, self.designated, now.designated, strict=True)
        designated = tuple(new if bytes([slot]) in own else old for slot, old, new in slots)
        return Charsets(designated, now.shift if any(shift in written for shift in _SHIFTS) else self.shift)

    def sequences_from(self, now: Charsets) -> bytes:
        """The sequences that make these of others."""
        slots = zip(_SLOTS, self.designated, now.designated, strict=True)
        changed = b"".join(b"\x1b%c%s" % (slot, wanted) for slot, wanted, current in slots if wanted != current)
        return changed + (list(_SHIFTS)[self.shift] if self.shift != now.shift else b"")


class TerminalModes(NamedTuple):
    """The modes of a terminal that a killed program may leave.

    Attributes:
        changed: DEC private modes that are not as in a new terminal; ``ALTERNATE`` on the alternate screen.
        ansi: ANSI's modes that are set.
        kitty: the flags of kitty's keyboard protocol, of the primary and of the alternate screen.
        other_keys: xterm's modifyOtherKeys.
        charsets: the character sets.
        region: the scroll region's parts; () for the whole screen.
        column, row: the cursor's position, from 0.
        shape: the cursor's shape (DECSCUSR), 1 to 6.
        colors: the colours that a program has set: the parameters of OSC 4 and 10 to 12, and the values.
    """

    changed: frozenset[int] = frozenset()
    ansi: frozenset[int] = frozenset()
    kitty: tuple[int, int] = (0, 0)
    other_keys: int = 0
    charsets: Charsets = Charsets()
    region: tuple[int, ...] = ()
    column: int = 0
    row: int = 0
    shape: int = 1
    colors: frozenset[tuple[bytes, bytes]] = frozenset()

    @property
    def screen(self) -> int:
        """The index of the active screen."""
        return int(ALTERNATE in self.changed)


def changed_modes(is_set: Callable[[int], bool]) -> frozenset[int]:
    """``TerminalModes.changed`` without the screen."""
    return frozenset(number for number in (*_OFF, *_ON) if is_set(number) == (number in _OFF))


class CommandModes:
    """Compares a terminal's modes before and after each command."""

    def __init__(self, read: Callable[[], TerminalModes]) -> None:
        self._read = read
        self._begun: TerminalModes | None = None
        self._before: TerminalModes | None = None
        self._after = TerminalModes()
        """Those of the last command that left some; no ``_before`` for none, or once they are taken back."""
        self._target: TerminalModes | None = None
        """What the modes shall become, once the first step is made."""
        self._dirty: set[int] = set()
        """The screens with flags of the command on their stacks, perhaps below those of the shell."""
        self._last_step = b""

    @property
    def are_left(self) -> bool:
        """Whether the last command has left modes that are not taken back yet."""
        return self._before is not None

    def mark(self, parameters: str) -> None:
        """Handle ``OSC 133 ; parameters``."""
        kind = parameters.partition(";")[0]
        if kind == "C":
            self._begun, self._before, self._target = self._read(), None, None
        elif kind == "D" and self._begun is not None:
            before, after, self._begun = self._begun, self._read(), None
            if _KILLED.match(parameters) is None:
                before = before._replace(shape=after.shape, colors=after.colors)
            screens = enumerate(zip(before.kitty, after.kitty, strict=True))
            self._dirty = {screen for screen, (old, new) in screens if new not in {old, 0}}
            is_left = (
                bool(after.changed - before.changed)
                or bool(after.ansi - before.ansi)
                or bool(self._dirty)
                or after.other_keys not in {before.other_keys, 0}
                or after.charsets not in {before.charsets, Charsets()}
                or after.region not in {before.region, ()}
                or after.shape != before.shape
                or after.colors != before.colors
            )
            self._before, self._after = before if is_left else None, after
            self._target, self._last_step = None, b""

    def next_step(self, written: bytes) -> bytes:
        """The sequences of the next step that takes back what the last command left; b"" once nothing is left.

        Args:
            written: the output since the command's end, which shows what the shell has set at its prompt.
        """
        if self._before is None:
            return b""
        now = self._read()
        if self._target is None:
            self._target = _target(self._before, self._after, now, written)
        step = self._step(now, self._target)
        if not step or step == self._last_step:  # What an engine does not know does not change.
            self._before = None
            return b""
        self._last_step = step
        return step

    def _step(self, now: TerminalModes, target: TerminalModes) -> bytes:
        left = now.changed - target.changed
        if ALTERNATE in left:
            return self._keys(now, target, now.screen) + LEAVE_ALTERNATE
        parts = [b"\x1b[?%d%c" % (number, b"l" if number in _OFF else b"h") for number in sorted(left)]
        parts += [b"\x1b[%dl" % number for number in sorted(now.ansi - target.ansi)]
        if now.region != target.region:
            parts.append(b"\x1b[r")
        if now.region != target.region or left & {_ORIGIN, _SIDE_MARGINS}:
            parts.append(b"\x1b[%d;%dH" % (now.row + 1, now.column + 1))
        parts.append(self._keys(now, target, now.screen))
        if not now.screen and (hidden := self._keys(now, target, 1)):
            parts.append(b"\x1b[?47h%s\x1b[?47l" % hidden)
        if now.other_keys != target.other_keys:
            parts.append(b"\x1b[>4;%dm" % target.other_keys)
        if now.shape != target.shape:
            parts.append(b"\x1b[%d q" % target.shape)
        parts.append(target.charsets.sequences_from(now.charsets))
        kept = {name for name, _ in target.colors}
        gone = sorted(name for name, _ in now.colors if name not in kept)
        parts += [b"\x1b]1%s%s\x1b\\" % (b"0" * name.startswith(_PALETTE), name) for name in gone]
        parts += [b"\x1b]%s;%s\x1b\\" % each for each in sorted(target.colors - now.colors)]
        return b"".join(parts)

    def _keys(self, now: TerminalModes, target: TerminalModes, screen: int) -> bytes:
        """The sequences for the flags of a screen, which is active when they are written."""
        if screen not in self._dirty and now.kitty[screen] == target.kitty[screen]:
            return b""
        self._dirty.discard(screen)
        return b"%s\x1b[=%d;1u" % (_NO_KITTY, target.kitty[screen])


def _target(before: TerminalModes, after: TerminalModes, now: TerminalModes, written: bytes) -> TerminalModes:
    """What the modes of a terminal shall become: those before the command, and what the shell has set since."""
    is_set, is_reset = (_numbers(kind.findall(written)) for kind in (_SET, _RESET))
    own = is_set.intersection({*_OFF, ALTERNATE}) | is_reset.intersection(_ON)
    if b"\x1b=" in written:
        own.add(_KEYPAD)
    changed = before.changed | own
    kitty = list(before.kitty)
    if _KITTY.search(written):
        kitty[ALTERNATE in changed] = now.kitty[now.screen]
    return TerminalModes(
        changed=changed,
        ansi=before.ansi | _numbers(_ANSI_SET.findall(written)),
        kitty=(kitty[0], kitty[1]),
        other_keys=now.other_keys if _OTHER_KEYS.search(written) else before.other_keys,
        charsets=before.charsets.with_own(now.charsets, written),
        shape=now.shape if _SHAPE.search(written) else before.shape,
        colors=now.colors if _COLOR.search(written) else before.colors,
        region=() if now.region == after.region != before.region else now.region,
    )


def _numbers(parameters: Iterable[bytes]) -> set[int]:
    return {int(number) for each in parameters for number in each.split(b";") if number}
