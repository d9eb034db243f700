"""Translates one character or control sequence of the outer terminal.

Sources: xterm's ctlseqs, the kitty keyboard protocol, rxvt's reference, ECMA-48.
"""

from __future__ import annotations

from functools import cache

from session_host.cli.attach import key_codes
from session_host.cli.attach.input_values import FocusChanged, KeyTyped, MouseMoved, TerminalInput
from session_host.protocol.values import KeyAction, Modifiers, MouseAction, MouseButton

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
    if named := key_codes.CONTROLS.get(code):
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
    if final == 0x7E and (key := key_codes.TILDE.get(first)):
        return KeyTyped(key, "", modifiers | modifiers_of(second), action)
    if final == 0x75 and parameters:
        held = modifiers | modifiers_of(second)
        return _coded(_base_code(parameters) if held & _NO_TEXT else first, held, action)
    if final == 0x5A:
        return KeyTyped("Tab", "", modifiers | modifiers_of(second) | Modifiers.SHIFT, action)
    # With modifiers there are two numbers; the first is 1.
    if (key := key_codes.CSI.get(final)) and (not parameters or (len(fields) == 2 and first <= 1)):
        return KeyTyped(key, "", modifiers | modifiers_of(second), action)
    return _rxvt(parameters, final, modifiers)


def single_shift(parameters: bytes, final: int, modifiers: Modifiers) -> KeyTyped | None:
    """A key, from the bytes after ``ESC O``."""
    if parameters:
        modifiers |= modifiers_of(numbers(parameters)[-1])
    if key := key_codes.SS3.get(final):
        return KeyTyped(key, "", modifiers)
    if key := key_codes.RXVT_ARROWS.get(final):
        return KeyTyped(key, "", modifiers | Modifiers.CTRL)
    return None


def _rxvt(parameters: bytes, final: int, modifiers: Modifiers) -> KeyTyped | None:
    if not parameters and (key := key_codes.RXVT_ARROWS.get(final)):
        return KeyTyped(key, "", modifiers | Modifiers.SHIFT)
    if final in b"^@" and parameters.isdigit() and (key := key_codes.TILDE.get(numbers(parameters)[0])):
        shift = Modifiers.SHIFT if final == 0x40 else Modifiers.NONE
        return KeyTyped(key, "", modifiers | Modifiers.CTRL | shift)
    return None


def _coded(code: int, modifiers: Modifiers, action: KeyAction) -> KeyTyped | None:
    """A key given by its Unicode code point, or by a number of the kitty protocol."""
    types = not modifiers & _NO_TEXT
    if key := key_codes.KITTY.get(code):
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
    return base if 0x20 < base < 0x7F < code and code not in key_codes.KITTY else code


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
