"""Parses the outer terminal's input into keys, text, mouse and reports.

A terminal's input carries both what the user types and what the terminal itself reports. Only what the user types
leaves this parser. Reports (cursor positions, device attributes, colours, modes, anything in a control string) are
dropped, complete or cut in pieces; they never become typing. A sequence without an end counts as typed, and is passed
on after a moment.

Pure: bytes in, values out. Sources: xterm's ctlseqs, the kitty keyboard protocol, ECMA-48.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import cache
from typing import NamedTuple

from session_host.protocol.messages import MAX_WHOLE_PASTE_CHARACTERS
from session_host.protocol.values import KeyAction, Modifiers, MouseAction, MouseButton


class KeyTyped(NamedTuple):
    """A key, as in ``messages.Key``."""

    key: str
    text: str = ""
    modifiers: Modifiers = Modifiers.NONE
    action: KeyAction = KeyAction.PRESS


class TextTyped(NamedTuple):
    """Characters that no single key types."""

    text: str


class Pasted(NamedTuple):
    """A whole bracketed paste; of one over the protocol's limit, a beginning that is also over the limit."""

    text: str


class MouseMoved(NamedTuple):
    """A mouse event at a cell, 0-based."""

    action: MouseAction
    button: MouseButton
    column: int
    row: int
    modifiers: Modifiers = Modifiers.NONE


class FocusChanged(NamedTuple):
    """The outer terminal got or lost the keyboard focus."""

    focused: bool


TerminalInput = KeyTyped | TextTyped | Pasted | MouseMoved | FocusChanged


_NAMED_CONTROLS = {
    0x00: ("Space", Modifiers.CTRL),
    0x09: ("Tab", Modifiers.NONE),
    0x0D: ("Enter", Modifiers.NONE),
    0x7F: ("Backspace", Modifiers.NONE),
}
"""Control characters that have their own key."""

_CSI_KEYS = {
    ord("A"): "ArrowUp",
    ord("B"): "ArrowDown",
    ord("C"): "ArrowRight",
    ord("D"): "ArrowLeft",
    ord("E"): "Numpad5",
    ord("F"): "End",
    ord("H"): "Home",
    ord("P"): "F1",
    ord("Q"): "F2",
    ord("S"): "F4",
}
"""Final bytes of control sequences; R is missing, since it ends the report of the cursor's position."""

_SS3_KEYS = (
    _CSI_KEYS
    | {ord("R"): "F3", ord("M"): "NumpadEnter", ord("X"): "NumpadEqual"}
    | {ord("j"): "NumpadMultiply", ord("k"): "NumpadAdd", ord("m"): "NumpadSubtract"}
    | {ord("n"): "NumpadDecimal", ord("o"): "NumpadDivide"}
    | {ord("p") + digit: f"Numpad{digit}" for digit in range(10)}
)
"""Bytes after ESC O."""

_RXVT_ARROWS = {ord("a"): "ArrowUp", ord("b"): "ArrowDown", ord("c"): "ArrowRight", ord("d"): "ArrowLeft"}
"""rxvt's bytes after ESC O (with Ctrl), and its final bytes of control sequences (with Shift)."""

_TILDE_KEYS = {
    1: "Home",
    2: "Insert",
    3: "Delete",
    4: "End",
    5: "PageUp",
    6: "PageDown",
    7: "Home",
    8: "End",
    **dict(zip((11, 12, 13, 14, 15), ("F1", "F2", "F3", "F4", "F5"), strict=True)),
    **dict(zip((17, 18, 19, 20, 21), ("F6", "F7", "F8", "F9", "F10"), strict=True)),
    **dict(zip((23, 24, 25, 26, 28, 29), ("F11", "F12", "F13", "F14", "F15", "F16"), strict=True)),
    **dict(zip((31, 32, 33, 34), ("F17", "F18", "F19", "F20"), strict=True)),
}
"""First numbers of control sequences that end in ~."""

_LINUX_CONSOLE = {ord("A") + number: f"F{number + 1}" for number in range(5)}
"""Bytes after CSI [."""

_KITTY_KEYS = (
    {9: "Tab", 13: "Enter", 27: "Escape", 32: "Space", 127: "Backspace"}
    | {57358: "CapsLock", 57359: "ScrollLock", 57360: "NumLock", 57361: "PrintScreen", 57362: "Pause"}
    | {57363: "ContextMenu"}
    | {57376 + number: f"F{number + 13}" for number in range(13)}
    | {57399 + digit: f"Numpad{digit}" for digit in range(10)}
    | {57409: "NumpadDecimal", 57410: "NumpadDivide", 57411: "NumpadMultiply", 57412: "NumpadSubtract"}
    | {57413: "NumpadAdd", 57414: "NumpadEnter", 57415: "NumpadEqual"}
    | {57417: "ArrowLeft", 57418: "ArrowRight", 57419: "ArrowUp", 57420: "ArrowDown"}
    | {57421: "PageUp", 57422: "PageDown", 57423: "Home", 57424: "End", 57425: "Insert", 57426: "Delete"}
    | {57427: "Numpad5"}
)
"""Codes of CSI … u that are not characters."""


_WHEEL = (MouseButton.WHEEL_UP, MouseButton.WHEEL_DOWN, MouseButton.WHEEL_LEFT, MouseButton.WHEEL_RIGHT)
_BUTTONS = (MouseButton.LEFT, MouseButton.MIDDLE, MouseButton.RIGHT, MouseButton.NONE)
_EXTRA_BUTTONS = (MouseButton.BACK, MouseButton.FORWARD, MouseButton.TENTH, MouseButton.ELEVENTH)
_MOUSE_MODIFIERS = ((4, Modifiers.SHIFT), (8, Modifiers.ALT), (16, Modifiers.CTRL))
_NO_TEXT = Modifiers.CTRL | Modifiers.ALT | Modifiers.SUPER | Modifiers.HYPER | Modifiers.META
_NOT_OF_KEYS = frozenset(b" !\"#$%&'()*+,-./<=>?")
"""Intermediate and private bytes, which occur in many reports and in no key."""


@cache
def character(text: str, modifiers: Modifiers) -> KeyTyped:
    """An ASCII character as keyboards have always sent it, with the modifiers that stood before it."""
    code = ord(text)
    if named := _NAMED_CONTROLS.get(code):
        key, own_modifiers = named
        return KeyTyped(key, "", modifiers | own_modifiers)
    if code < 0x20:
        # The terminal subtracts 64 from the character's code: Ctrl+A is 1.
        return KeyTyped(chr(code + 0x40).lower(), "", modifiers | Modifiers.CTRL)
    if code == 0x20:
        return KeyTyped("Space", "" if modifiers else " ", modifiers)
    shift = Modifiers.SHIFT if text.isupper() else Modifiers.NONE
    return KeyTyped(text.lower(), "" if modifiers else text, modifiers | shift)


def begins_paste(parameters: bytes, final: int) -> bool:
    """Whether the control sequence opens a bracketed paste."""
    return final == 0x7E and parameters == b"200"


def control_sequence(parameters: bytes, final: int, modifiers: Modifiers) -> TerminalInput | None:
    """A key, a mouse event or a focus event, from the bytes between ``ESC [`` and the final byte."""
    if parameters[:1] == b"<":
        return _mouse(numbers(parameters[1:]), final) if final in b"Mm" else None
    if _NOT_OF_KEYS.intersection(parameters):
        return None
    fields = numbers(parameters)
    first, second = fields[0], fields[1] if len(fields) > 1 else 0
    action = _action(parameters)
    if final in b"IO" and not parameters:
        return FocusChanged(final == 0x49)
    if final == 0x7E and first == 27 and len(fields) == 3:
        code = 0x7F if fields[2] == 0x08 else fields[2]  # xterm reports Backspace by the byte that the key sends.
        return _coded(code, modifiers | modifiers_of(second), action)
    if final == 0x7E and (key := _TILDE_KEYS.get(first)):
        return KeyTyped(key, "", modifiers | modifiers_of(second), action)
    if final == 0x75 and parameters:
        held = modifiers | modifiers_of(second)
        return _coded(_base_code(parameters) if held & _NO_TEXT else first, held, action)
    if final == 0x5A:
        return KeyTyped("Tab", "", modifiers | modifiers_of(second) | Modifiers.SHIFT, action)
    # With modifiers there are two numbers; the first is 1.
    if (key := _CSI_KEYS.get(final)) and (not parameters or (len(fields) == 2 and first <= 1)):
        return KeyTyped(key, "", modifiers | modifiers_of(second), action)
    return _rxvt(parameters, final, modifiers)


def single_shift(parameters: bytes, final: int, modifiers: Modifiers) -> KeyTyped | None:
    """A key, from the bytes after ``ESC O``."""
    if parameters:
        modifiers |= modifiers_of(numbers(parameters)[-1])
    if key := _SS3_KEYS.get(final):
        return KeyTyped(key, "", modifiers)
    if key := _RXVT_ARROWS.get(final):
        return KeyTyped(key, "", modifiers | Modifiers.CTRL)
    return None


def _rxvt(parameters: bytes, final: int, modifiers: Modifiers) -> KeyTyped | None:
    if not parameters and (key := _RXVT_ARROWS.get(final)):
        return KeyTyped(key, "", modifiers | Modifiers.SHIFT)
    if final in b"^@" and parameters.isdigit() and (key := _TILDE_KEYS.get(numbers(parameters)[0])):
        shift = Modifiers.SHIFT if final == 0x40 else Modifiers.NONE
        return KeyTyped(key, "", modifiers | Modifiers.CTRL | shift)
    return None


def _coded(code: int, modifiers: Modifiers, action: KeyAction) -> KeyTyped | None:
    """A key given by its Unicode code point, or by a number of the kitty protocol."""
    types = not modifiers & _NO_TEXT
    if key := _KITTY_KEYS.get(code):
        return KeyTyped(key, " " if key == "Space" and types else "", modifiers, action)
    # Exclude controls, surrogates, and the private area in which the kitty protocol numbers keys.
    if not (0x20 < code < 0x7F or 0xA0 <= code < 0xD800 or 0xF900 <= code <= 0x10FFFF):
        return None
    key = lower(chr(code))
    if key != chr(code):
        modifiers |= Modifiers.SHIFT
    upper = key.upper() if len(key.upper()) == 1 else key
    return KeyTyped(key, (upper if modifiers & Modifiers.SHIFT else key) if types else "", modifiers, action)


def _base_code(parameters: bytes) -> int:
    """The key code of ``CSI … u``: the US layout's for a key without an ASCII character, else its own.

    Programs know Ctrl+C by its letter, in every layout.
    """
    codes = parameters.split(b";")[0].split(b":")
    code = numbers(codes[0])[0]
    base = numbers(codes[2])[0] if len(codes) > 2 else 0
    return base if 0x20 < base < 0x7F < code and code not in _KITTY_KEYS else code


def lower(text: str) -> str:
    """A character in lower case if that is one character, else the character itself."""
    lowered = text.lower()
    return lowered if len(lowered) == 1 else text


def _mouse(fields: list[int], final: int) -> MouseMoved | None:
    """A mouse event in mode 1006: a code, the column and the row, both from 1."""
    if len(fields) != 3 or fields[0] >= 192:
        return None
    code, column, row = fields
    modifiers = Modifiers.NONE
    for bit, modifier in _MOUSE_MODIFIERS:
        if code & bit:
            modifiers |= modifier
    action = MouseAction.PRESS if final == 0x4D else MouseAction.RELEASE
    if code & 32:
        action = MouseAction.MOTION
    button = (_EXTRA_BUTTONS if code & 128 else _WHEEL if code & 64 else _BUTTONS)[code & 3]
    return MouseMoved(action, button, max(0, column - 1), max(0, row - 1), modifiers)


def numbers(parameters: bytes) -> list[int]:
    """The numbers between semicolons; the first part of one with colons; 0 for a missing or invalid one."""
    found = []
    for field in parameters.split(b";"):
        digits = field.split(b":")[0]
        found.append(int(digits) if digits.isdigit() and len(digits) <= 9 else 0)
    return found


def modifiers_of(number: int) -> Modifiers:
    """The modifiers in a key's second number: their bits, plus one."""
    return Modifiers((number - 1) & 0xFF) if number > 1 else Modifiers.NONE


def _action(parameters: bytes) -> KeyAction:
    """Press, repeat or release, from the part after the colon of the second number."""
    second = parameters.split(b";")[1] if b";" in parameters else b""
    return {b"2": KeyAction.REPEAT, b"3": KeyAction.RELEASE}.get(second.partition(b":")[2], KeyAction.PRESS)


MAX_PASTE_BYTES = 4 * MAX_WHOLE_PASTE_CHARACTERS + 4
"""The limit of a paste; more than the longest paste that can be sent."""

MAX_SEQUENCE_BYTES = 128
"""Longer control sequences are dropped: no key sends one."""

MAX_STRING_BYTES = 8192
"""Longer control strings are dropped up to their end or their expiry: they were not typed."""

INTRODUCER_TIMEOUT_S = 0.05
"""After this time without another byte, ESC, or ESC and ``[`` or ``O``, counts as typed."""

SEQUENCE_TIMEOUT_S = 0.15
"""After this time, a sequence without an end counts as typed: terminals send a sequence in one piece."""

REPLY_TIMEOUT_S = 1.0
"""The timeout of what may begin a terminal's reply or a mouse event: over a slow line it arrives in pieces."""

_MAY_BEGIN_REPLY = re.compile(
    rb"\](?:[0-9]{1,4};|[0-9]{0,4}\Z)|P(?:[01][+$]r|>\||!\||(?:[01][+$]?|[>!])?\Z)|_(?:G|\Z)|\[[?<=>]"
)
"""An introducer alone counts, too: a key with Alt that sends one is rare, and then waits."""

_PASTE_BEGINS = b"[20"
"""The beginning of a paste, which is in no case typed: the program would get a paste without an end."""

_REPLY = re.compile(rb"\]\d{1,4};|P[01][+$]r|P>\||P!\||_G")
_ESC = 0x1B
_PASTE_END = b"\x1b[201~"
_STRING_INTRODUCERS = b"]PX^_"


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    """After ESC, or after ESC ESC: the second ESC begins a sequence, or was typed."""
    CSI = auto()
    SS3 = auto()
    LINUX_FUNCTION_KEY = auto()
    """After CSI [, with which the Linux console begins F1 to F5."""
    STRING = auto()
    """Within an OSC, DCS, SOS, PM or APC, up to its ST or BEL."""
    PASTE = auto()


class InputParser:
    """Parses the outer terminal's input; any split of the bytes gives the same values.

    ESC alone is the Escape key or the beginning of a sequence, and each beginning of a sequence may be typing; only
    a pause decides. While ``undecided``, the caller calls ``expire`` ``timeout_s`` after the beginning.

    Attributes:
        begun: how many sequences have begun; the number identifies the undecided one.
    """

    def __init__(self) -> None:
        self._state = _State.GROUND
        self._sequence = bytearray()
        self._alt = False
        self._escapes = 0
        self._utf8 = bytearray()
        self._paste = bytearray()
        self._text: list[str] = []
        self._values: list[TerminalInput] = []
        self.begun = 0

    @property
    def undecided(self) -> bool:
        """Whether the last bytes may begin a sequence; if nothing follows, they were typed."""
        return self._state not in {_State.GROUND, _State.PASTE} and not self._sequence.startswith(_PASTE_BEGINS)

    @property
    def timeout_s(self) -> float:
        """How long to wait after the beginning until the undecided bytes count as typed."""
        if self._state is not _State.ESCAPE and _MAY_BEGIN_REPLY.match(self._sequence):
            return REPLY_TIMEOUT_S
        return INTRODUCER_TIMEOUT_S if len(self._sequence) <= 1 else SEQUENCE_TIMEOUT_S

    @property
    def _begins_reply(self) -> bool:
        return self._state is _State.STRING and _REPLY.match(self._sequence) is not None

    def feed(self, data: bytes) -> list[TerminalInput]:
        """Parse more input."""
        position = 0
        while position < len(data):
            if self._state is _State.PASTE:
                position = self._in_paste(data, position)
            else:
                self._byte(data[position])
                position += 1
        return self._pop_values()

    def expire(self) -> list[TerminalInput]:
        """Take the undecided bytes as typed: the sequence has not ended in time."""
        while self.undecided:
            if self._state is _State.ESCAPE:
                self._emit_escapes(self._escapes)
                self._reset()
            else:
                self._take_as_typed()
        return self._pop_values()

    def _take_as_typed(self) -> None:
        """Take the sequence as typed: its introducer (``ESC [``, ``ESC ]`` …) as a key with Alt, then the rest."""
        introducer, rest = self._sequence[0], bytes(self._sequence[1:])
        if self._alt:
            self._emit_escapes(1)
        self._reset()
        self._emit(character(chr(introducer), Modifiers.ALT))
        if len(rest) < MAX_STRING_BYTES:
            for byte in rest:
                if byte < 0x80:
                    self._in_ground(byte, Modifiers.NONE)
                else:
                    self._in_utf8(byte, Modifiers.NONE)

    def _pop_values(self) -> list[TerminalInput]:
        self._flush_text()
        values, self._values = self._values, []
        return values

    def _flush_text(self) -> None:
        if self._text:
            text = "".join(self._text)
            self._text.clear()
            self._values.append(TextTyped(text))

    def _emit(self, value: TerminalInput | None) -> None:
        if value is not None:
            self._flush_text()
            self._values.append(value)

    def _reset(self) -> None:
        self._state = _State.GROUND
        self._sequence.clear()
        self._alt = False
        self._escapes = 0

    # ------------------------------------------------------------ states

    def _byte(self, byte: int) -> None:
        match self._state:
            case _State.GROUND:
                self._in_ground(byte, Modifiers.NONE)
            case _State.ESCAPE:
                self._in_escape(byte)
            case _State.CSI:
                self._in_csi(byte)
            case _State.SS3:
                self._in_ss3(byte)
            case _State.STRING:
                self._in_string(byte)
            case _State.LINUX_FUNCTION_KEY:
                alt = self._alt
                self._reset()
                if key := _LINUX_CONSOLE.get(byte):
                    self._emit(KeyTyped(key, "", Modifiers.ALT if alt else Modifiers.NONE))
                elif byte < 0x20:
                    self._byte(byte)

    def _in_ground(self, byte: int, modifiers: Modifiers) -> None:
        if self._utf8 or byte >= 0x80:
            self._in_utf8(byte, modifiers)
        elif byte == _ESC:
            self._state = _State.ESCAPE
            self._escapes = 1
            self.begun += 1
        else:
            self._emit(character(chr(byte), modifiers))

    def _in_utf8(self, byte: int, modifiers: Modifiers) -> None:
        """Collect a character of several bytes; drop invalid UTF-8."""
        pending = self._utf8
        if pending and not 0x80 <= byte < 0xC0:
            pending.clear()
            self._byte(byte)
            return
        if not pending and not 0xC0 <= byte < 0xF5:
            return
        # The modifier of the first byte applies to the character; it is kept in front of it.
        if not pending:
            pending.append(int(modifiers))
        pending.append(byte)
        lead = pending[1]
        if len(pending) - 1 < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4):
            return
        modifiers = Modifiers(pending[0])
        encoded = bytes(pending[1:])
        pending.clear()
        try:
            decoded = encoded.decode()
        except UnicodeDecodeError:
            return
        if ord(decoded) < 0xA0:
            return  # A control of eight bits, which no terminal sends unless a program asks.
        if modifiers:
            self._emit(KeyTyped(lower(decoded), "", modifiers))
        else:
            self._text.append(decoded)

    def _in_escape(self, byte: int) -> None:
        if byte == _ESC:
            if self._escapes == 2:
                self._emit_escapes(1)
            self._escapes = 2
            return
        if byte in b"[O" or byte in _STRING_INTRODUCERS:
            # ESC ESC [ A is Alt+Up in terminals that put ESC before anything; a string has no Alt.
            self._alt = self._escapes == 2
            if self._alt and byte in _STRING_INTRODUCERS:
                self._emit_escapes(1)
                self._alt = False
            self._sequence[:] = bytes([byte])
            self._state = _State.CSI if byte == 0x5B else _State.SS3 if byte == 0x4F else _State.STRING
            return
        self._emit_escapes(self._escapes - 1)
        self._reset()
        self._in_ground(byte, Modifiers.ALT)

    def _in_csi(self, byte: int) -> None:
        sequence = self._sequence
        if byte < 0x20 or byte >= 0x7F:
            # The previous sequence was cut off; this byte begins something new.
            if len(sequence) == 1:
                self._take_as_typed()
            else:
                self._reset()
            self._byte(byte)
        elif byte < 0x40:
            if len(sequence) < MAX_SEQUENCE_BYTES:
                sequence.append(byte)
        elif byte == 0x5B and len(sequence) == 1:
            sequence.append(byte)
            self._state = _State.LINUX_FUNCTION_KEY
        else:
            parameters, alt = bytes(sequence[1:]), self._alt
            self._reset()
            if begins_paste(parameters, byte):
                self._state = _State.PASTE
            elif len(parameters) < MAX_SEQUENCE_BYTES - 1:
                self._emit(control_sequence(parameters, byte, Modifiers.ALT if alt else Modifiers.NONE))

    def _in_ss3(self, byte: int) -> None:
        if byte < 0x20 or byte >= 0x7F:
            self._reset()
            self._byte(byte)
        elif (0x30 <= byte <= 0x39 or byte == 0x3B) and len(self._sequence) < MAX_SEQUENCE_BYTES:
            self._sequence.append(byte)
        else:
            parameters, alt = bytes(self._sequence[1:]), self._alt
            self._reset()
            self._emit(single_shift(parameters, byte, Modifiers.ALT if alt else Modifiers.NONE))

    def _in_string(self, byte: int) -> None:
        sequence = self._sequence
        last = sequence[-1:] if len(sequence) > 1 else b""
        if byte == 0x07 or (byte == 0x5C and last == b"\x1b"):
            self._reset()
        elif last == b"\x1b":
            # ESC and a byte other than \: the string was cut off, and a sequence begins.
            sequence.pop()
            self._end_cut_string()
            self._in_ground(_ESC, Modifiers.NONE)
            self._in_escape(byte)
        elif byte < 0x20 and byte != _ESC:
            # No reply contains other controls, so the user typed Enter or Ctrl+C.
            self._end_cut_string()
            self._byte(byte)
        else:
            if len(sequence) > MAX_STRING_BYTES:
                sequence.pop()
            sequence.append(byte)

    def _end_cut_string(self) -> None:
        """End a string without a terminator: drop a reply's beginning, take anything else as typed."""
        if self._begins_reply:
            self._reset()
        else:
            self._take_as_typed()
            self._utf8.clear()

    def _in_paste(self, data: bytes, position: int) -> int:
        """Read a paste up to its end or the data's end; return the position after it."""
        paste = self._paste
        searched = max(0, len(paste) - len(_PASTE_END) + 1)
        before = len(paste)
        paste += data[position:]
        end = paste.find(_PASTE_END, searched)
        if end < 0:
            # The data may end within the end mark.
            del paste[MAX_PASTE_BYTES : -len(_PASTE_END)]
            return len(data)
        consumed = end + len(_PASTE_END) - before
        if end:
            self._emit(Pasted(paste[:end].decode(errors="replace")))
        paste.clear()
        self._state = _State.GROUND
        return position + consumed

    def _emit_escapes(self, count: int) -> None:
        for _ in range(count):
            self._emit(KeyTyped("Escape"))
