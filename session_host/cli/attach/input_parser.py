"""Parses the outer terminal's input into keys, text, mouse and reports.

A terminal's input carries both what the user types and what the terminal itself reports. Only what the user types
leaves this parser. Reports (cursor positions, device attributes, colours, modes, anything in a control string) are
dropped, complete or cut in pieces; they never become typing. A sequence without an end counts as typed, and is passed
on after a moment.

Pure: bytes in, values out. Sources: xterm's ctlseqs, the kitty keyboard protocol, ECMA-48.
"""

from __future__ import annotations

import re
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
_CSI_PARAMETERS, _SS3_PARAMETERS = re.compile(rb"[ -?]*"), re.compile(rb"[0-9;]*")
_CONTROL = re.compile(rb"[\x00-\x1f]")
_ESC, _BEL = 0x1B, 0x07
_PASTE_END = b"\x1b[201~"
_STRING_INTRODUCERS = b"]PX^_"


class InputParser:
    """Parses the outer terminal's input; any split of the bytes gives the same values.

    ESC alone is the Escape key or the beginning of a sequence, and each beginning of a sequence may be typing; only
    a pause decides. While ``undecided``, the caller calls ``expire`` ``timeout_s`` after the beginning.

    Attributes:
        begun: where the undecided bytes begin in the whole input; the number identifies them.
    """

    def __init__(self) -> None:
        self.begun = 0
        self._data = bytearray()
        """What was not taken yet: a sequence or a character without its end."""
        self._is_alt = False
        """Whether ESC, which was taken, stands before the next character."""
        self._is_pasting = False
        self._paste = bytearray()
        self._text: list[str] = []
        self._values: list[TerminalInput] = []

    @property
    def undecided(self) -> bool:
        """Whether the last bytes may begin a sequence; if nothing follows, they were typed."""
        begins = self._data[:1] == b"\x1b" and not self._is_pasting
        return begins and not self._data.startswith(_PASTE_BEGINS, self._escapes)

    @property
    def timeout_s(self) -> float:
        """How long to wait after the beginning until the undecided bytes count as typed."""
        sequence = self._data[self._escapes :]
        if _MAY_BEGIN_REPLY.match(sequence):
            return REPLY_TIMEOUT_S
        return INTRODUCER_TIMEOUT_S if len(sequence) <= 1 else SEQUENCE_TIMEOUT_S

    def feed(self, data: bytes) -> list[TerminalInput]:
        """Parse more input."""
        self._data += data
        self._take_all()
        return self._pop_values()

    def expire(self) -> list[TerminalInput]:
        """Take the undecided bytes as typed: the sequence has not ended in time."""
        while self.undecided:
            self._take_as_typed(len(self._data))
            self._take_all()
        return self._pop_values()

    def _pop_values(self) -> list[TerminalInput]:
        self._flush_text()
        values, self._values = self._values, []
        return values

    def _flush_text(self) -> None:
        if self._text:
            self._values.append(TextTyped("".join(self._text)))
            self._text.clear()

    def _emit(self, value: TerminalInput | None) -> None:
        if value is not None:
            self._flush_text()
            self._values.append(value)

    def _emit_escapes(self, count: int) -> None:
        for _ in range(count):
            self._emit(KeyTyped("Escape"))

    def _drop(self, count: int) -> None:
        """Remove bytes that were taken."""
        del self._data[:count]
        self.begun += count

    # ------------------------------------------------------------ sequences and characters

    @property
    def _escapes(self) -> int:
        """How many ESC begin the sequence: ESC ESC [ A is Alt+Up in terminals that put ESC before anything."""
        return 2 if self._data[:2] == b"\x1b\x1b" else 1

    def _take_all(self) -> None:
        while self._data and self._take():
            pass

    def _take(self) -> bool:
        """Take what the bytes begin with; False if its end is missing."""
        data = self._data
        if self._is_pasting:
            return self._take_paste()
        if data[0] != _ESC:
            return self._take_character()
        escapes = self._escapes
        if len(data) == escapes:
            return False
        match data[escapes]:
            case 0x5B:
                return self._take_control_sequence(escapes)
            case 0x4F:
                return self._take_single_shift(escapes)
            case introducer if introducer in _STRING_INTRODUCERS and escapes == 1:
                return self._take_string()
            case introducer if introducer in _STRING_INTRODUCERS or introducer == _ESC:
                self._emit_escapes(1)  # A string has no Alt.
                self._drop(1)
            case _:
                self._emit_escapes(escapes - 1)
                self._drop(escapes)
                self._is_alt = True
        return True

    def _take_character(self) -> bool:
        """Take a character, also of several bytes; drop invalid UTF-8."""
        data, first = self._data, self._data[0]
        if first < 0x80:
            self._emit(character(chr(first), self._take_modifiers()))
            self._drop(1)
            return True
        length = 1 if first < 0xC0 or first >= 0xF5 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        wrong = next((at for at in range(1, min(length, len(data))) if not 0x80 <= data[at] < 0xC0), 0)
        if not wrong and len(data) < length:
            return False
        encoded = bytes(data[: wrong or length])
        self._drop(len(encoded))
        modifiers = self._take_modifiers()
        try:
            decoded = encoded.decode()
        except UnicodeDecodeError:
            return True
        if ord(decoded) < 0xA0:
            pass  # A control of eight bits, which no terminal sends unless a program asks.
        elif modifiers:
            self._emit(KeyTyped(lower(decoded), "", modifiers))
        else:
            self._text.append(decoded)
        return True

    def _take_modifiers(self) -> Modifiers:
        """Alt, if ESC stood before this character."""
        modifiers, self._is_alt = Modifiers.ALT if self._is_alt else Modifiers.NONE, False
        return modifiers

    def _take_control_sequence(self, escapes: int) -> bool:
        parameters, end = self._parameters(_CSI_PARAMETERS, escapes)
        if end == len(self._data):
            return False
        final = self._data[end]
        alt = Modifiers.ALT if escapes == 2 else Modifiers.NONE
        if not 0x40 <= final < 0x7F:
            # The sequence was cut off; this byte begins something new.
            if parameters:
                self._drop(end)
            else:
                self._take_as_typed(end)
        elif final == 0x5B and not parameters:
            # The Linux console begins F1 to F5 with CSI [.
            if end + 1 == len(self._data):
                return False
            key = _LINUX_CONSOLE.get(code := self._data[end + 1])
            self._emit(KeyTyped(key, "", alt) if key else None)
            self._drop(end + 1 if code < 0x20 else end + 2)
        else:
            self._drop(end + 1)
            self._is_pasting = begins_paste(parameters, final)
            if not self._is_pasting and len(parameters) < MAX_SEQUENCE_BYTES:
                self._emit(control_sequence(parameters, final, alt))
        return True

    def _take_single_shift(self, escapes: int) -> bool:
        parameters, end = self._parameters(_SS3_PARAMETERS, escapes)
        if end == len(self._data):
            return False
        final = self._data[end]
        if not 0x20 <= final < 0x7F:
            self._drop(end)
        else:
            self._drop(end + 1)
            self._emit(single_shift(parameters, final, Modifiers.ALT if escapes == 2 else Modifiers.NONE))
        return True

    def _parameters(self, pattern: re.Pattern[bytes], escapes: int) -> tuple[bytes, int]:
        """The parameters of a sequence, at most ``MAX_SEQUENCE_BYTES``, and their end."""
        begin = escapes + 1
        found = pattern.match(self._data, begin)
        assert found is not None
        if found.end() > begin + MAX_SEQUENCE_BYTES:
            del self._data[begin + MAX_SEQUENCE_BYTES : found.end()]
        end = min(found.end(), begin + MAX_SEQUENCE_BYTES)
        return bytes(self._data[begin:end]), end

    def _take_string(self) -> bool:
        """Drop a control string; take one as typed that has no end and begins no reply."""
        data = self._data
        found = _CONTROL.search(data, 2)
        if found is None:
            del data[MAX_STRING_BYTES + 2 :]
            return False
        end = found.start()
        if data[end] == _BEL:
            self._drop(end + 1)
        elif data[end] == _ESC and end + 1 == len(data):
            return False
        elif bytes(data[end : end + 2]) in {b"\x1b\\", b"\x1b\x07"}:
            self._drop(end + 2)
        elif _REPLY.match(data, 1):
            self._drop(end)
        else:
            # No reply contains other controls, so the user typed Enter or Ctrl+C, or a sequence begins.
            self._take_as_typed(end)
        return True

    def _take_as_typed(self, end: int) -> None:
        """Take the introducer (``ESC [``, ``ESC ]`` …) as a key with Alt; the rest up to ``end`` stays."""
        data, escapes = self._data, self._escapes
        if end == escapes:
            self._emit_escapes(escapes)
            self._drop(escapes)
            return
        self._emit_escapes(escapes - 1)
        self._emit(character(chr(data[escapes]), Modifiers.ALT))
        self._drop(escapes + 1 if end - escapes - 1 < MAX_STRING_BYTES else end)

    def _take_paste(self) -> bool:
        """Take a paste up to its end."""
        paste = self._paste
        before = len(paste)
        paste += self._data
        end = paste.find(_PASTE_END, max(0, before - len(_PASTE_END) + 1))
        if end < 0:
            self._drop(len(self._data))
            # The data may end within the end mark.
            del paste[MAX_PASTE_BYTES : -len(_PASTE_END)]
            return False
        self._drop(end + len(_PASTE_END) - before)
        if end:
            self._emit(Pasted(paste[:end].decode(errors="replace")))
        paste.clear()
        self._is_pasting = False
        return True
