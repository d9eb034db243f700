"""Keys, mouse events, focus changes and pastes as bytes, by a terminal's modes: as xterm and as kitty. Pure.

Key path, 12 of 16. The host encodes by the modes of its emulator, whichever engine that is.

Sources: xterm's ctlseqs.txt ("PC-Style Function Keys", "Alt and Meta Keys", XTMODKEYS, "Mouse Tracking"), and
    https://sw.kovidgoyal.net/kitty/keyboard-protocol/ for the progressive flags. Where these leave a choice, this
    module does what most terminals do: a key that types text with Shift sends that text, Shift+Space a space.
"""

from __future__ import annotations

import re
from typing import Final

from session_host.protocol.messages import Key, Mouse
from session_host.protocol.values import (
    MODIFIER_KEYS,
    CellSize,
    GridSize,
    KeyAction,
    Modifiers,
    MouseAction,
    MouseButton,
)

from .base import Modes

REPORT_EVENTS: Final = 2
REPORT_ALTERNATES: Final = 4
REPORT_ALL: Final = 8
REPORT_TEXT: Final = 16

_SHIFT, _ALT, _CTRL, _SUPER = (int(bit) for bit in (Modifiers.SHIFT, Modifiers.ALT, Modifiers.CTRL, Modifiers.SUPER))
_HELD: Final = 0x3F
_LEGACY_HELD: Final = _SHIFT | _ALT | _CTRL | _SUPER
_LOCKS: Final = int(Modifiers.CAPS_LOCK | Modifiers.NUM_LOCK)

_CURSOR_KEYS: Final = {
    "ArrowUp": "A",
    "ArrowDown": "B",
    "ArrowRight": "C",
    "ArrowLeft": "D",
    "Home": "H",
    "End": "F",
}
_FUNCTION_FINALS: Final = {"F1": "P", "F2": "Q", "F3": "R", "F4": "S"}
# fmt: off
_TILDE_NUMBERS: Final = {
    "Insert": 2, "Delete": 3, "PageUp": 5, "PageDown": 6,
    "F5": 15, "F6": 17, "F7": 18, "F8": 19, "F9": 20, "F10": 21, "F11": 23, "F12": 24,
}
_LEGACY_TILDE_NUMBERS: Final = {
    **_TILDE_NUMBERS,
    "F13": 25, "F14": 26, "F15": 28, "F16": 29, "F17": 31, "F18": 32, "F19": 33, "F20": 34,
    "F21": 42, "F22": 43, "F23": 44, "F24": 45, "F25": 46, "ContextMenu": 29,
}
# fmt: on
_BACK_TAB: Final = ("Tab", _SHIFT)
_CONTROL_KEYS: Final = {"Enter": 13, "Tab": 9, "Backspace": 127, "Escape": 27}

# fmt: off
_KITTY_NUMBERS: Final = {
    **_CONTROL_KEYS,
    "CapsLock": 57358, "ScrollLock": 57359, "NumLock": 57360,
    "PrintScreen": 57361, "Pause": 57362, "ContextMenu": 57363,
    **{f"F{number}": 57376 + number - 13 for number in range(13, 26)},
    **{f"Numpad{digit}": 57399 + digit for digit in range(10)},
    "NumpadDecimal": 57409, "NumpadDivide": 57410, "NumpadMultiply": 57411, "NumpadSubtract": 57412,
    "NumpadAdd": 57413, "NumpadEnter": 57414, "NumpadEqual": 57415,
    "Shift": 57441, "Control": 57442, "Alt": 57443, "Super": 57444,
}
# fmt: on

KEYPAD_TEXT: Final = {
    **{f"Numpad{digit}": str(digit) for digit in range(10)},
    "NumpadDecimal": ".",
    "NumpadDivide": "/",
    "NumpadMultiply": "*",
    "NumpadSubtract": "-",
    "NumpadAdd": "+",
    "NumpadEqual": "=",
}
# fmt: off
KEYPAD_NAVIGATION: Final = {
    "Numpad0": "Insert", "Numpad1": "End", "Numpad2": "ArrowDown", "Numpad3": "PageDown", "Numpad4": "ArrowLeft",
    "Numpad6": "ArrowRight", "Numpad7": "Home", "Numpad8": "ArrowUp", "Numpad9": "PageUp", "NumpadDecimal": "Delete",
}

_CONTROL_OF: Final = {
    **{chr(code): chr(code & 0x1F) for code in range(ord("a"), ord("z") + 1)},
    " ": "\x00", "@": "\x00", "2": "\x00", "[": "\x1b", "3": "\x1b", "\\": "\x1c", "4": "\x1c",
    "]": "\x1d", "5": "\x1d", "^": "\x1e", "6": "\x1e", "~": "\x1e", "_": "\x1f", "/": "\x1f", "7": "\x1f",
    "?": "\x7f", "8": "\x7f", "0": "0", "1": "1", "9": "9",
}
"""The control character of each character with Ctrl, as on xterm's keyboards."""
# fmt: on


def encode_key(key: Key, modes: Modes) -> bytes:
    """The bytes of a key event; b"" for none."""
    if modes.kitty_keyboard:
        text = _kitty(key, modes)
    elif key.action is KeyAction.RELEASE:
        text = ""
    else:
        text = _legacy(key, modes)
    return text.encode("utf-8", "replace")


def _is_control(text: str) -> bool:
    return len(text) == 1 and (text < " " or "\x7f" <= text < "\xa0")


def _typed(key: Key) -> str:
    """The text that the key types with Shift and the layout, without Ctrl's change of it.

    Toolkits report Ctrl+A as ``\\x01``, or without text.
    """
    text, name = key.text, key.key
    if name == "Space":
        return " " if not text or _is_control(text) else text
    if len(name) != 1:
        return "" if _is_control(text) else text
    if _is_control(text):
        behind = chr(ord(text) | 0x40) if text < " " else "?"
        if not key.modifiers & _SHIFT or behind.lower() == name.lower():
            text = ""
        else:
            return behind
    if text or not key.modifiers & (_CTRL | _ALT | _SUPER):
        return text
    upper = name.upper()
    return upper if key.modifiers & _SHIFT and len(upper) == 1 else name


# ---------------------------------------------------------------- as xterm


def _legacy(key: Key, modes: Modes) -> str:
    name, modifiers = key.key, key.modifiers & _LEGACY_HELD
    if name in KEYPAD_TEXT:
        text = _typed(key)
        if not text and name in KEYPAD_NAVIGATION and not key.modifiers & Modifiers.NUM_LOCK:
            name = KEYPAD_NAVIGATION[name]
        else:
            return text or KEYPAD_TEXT[name]
    elif name == "NumpadEnter":
        return "\r"
    function = _legacy_function(name, modifiers, application=modes.application_cursor)
    if function:
        return function
    if name in _CONTROL_KEYS:
        return _legacy_control_key(name, modifiers, modes.modify_other_keys)
    text = _typed(key)
    if not text:
        return ""
    if modes.modify_other_keys and len(text) == 1:
        modified = _modified_other(name, text, modifiers, modes.modify_other_keys)
        if modified:
            return modified
    return _legacy_text(text, modifiers)


def _legacy_function(name: str, modifiers: int, *, application: bool) -> str:
    """Cursor and function keys; "" for others."""
    if name in _LEGACY_TILDE_NUMBERS:
        number = _LEGACY_TILDE_NUMBERS[name]
        return f"\x1b[{number};{1 + modifiers}~" if modifiers else f"\x1b[{number}~"
    final = _CURSOR_KEYS.get(name) or _FUNCTION_FINALS.get(name)
    if final is None:
        return ""
    if modifiers:
        return f"\x1b[1;{1 + modifiers}{final}"
    return f"\x1bO{final}" if application or name in _FUNCTION_FINALS else f"\x1b[{final}"


def _legacy_control_key(name: str, modifiers: int, modify_other_keys: int) -> str:
    """Enter, Tab, Backspace, Escape."""
    code = _CONTROL_KEYS[name]
    plain = chr(code)
    others = modify_other_keys == 2 or (
        modify_other_keys == 1 and name != "Backspace" and bool(modifiers & ~_ALT) and (name, modifiers) != _BACK_TAB
    )
    if not modifiers:
        return plain
    if name == "Backspace":
        if modifiers == _CTRL:
            return "\b"
        if others:
            return f"\x1b[27;{1 + modifiers};{code}~"
        erase = "\b" if modifiers & _CTRL and modifiers != _SHIFT | _ALT | _CTRL else plain
        return "\x1b" + erase if modifiers & _ALT and not modifiers & _SUPER else erase
    if name == "Tab" and modifiers & _SHIFT and not others:
        return "\x1b\x1b[Z" if modifiers & _ALT else "\x1b[Z"
    if not others:
        return "\x1b" + plain if modifiers & _ALT else plain
    return f"\x1b[27;{1 + modifiers};{code}~"


def _modified_other(name: str, text: str, modifiers: int, level: int) -> str:
    """A character with modifiers under modifyOtherKeys; "" if it is encoded as usual.

    At level 1, combinations with an older meaning keep it: Shift alone, Alt alone, and Ctrl with a character of which
    it makes a control character. The number is the shifted character's: Ctrl+Shift+A is 65.
    """
    if not text.isascii() and not modifiers & (_CTRL | _SUPER):
        return ""
    if level == 1:
        held = modifiers & ~_ALT
        if held in {0, _SHIFT} or (held == _CTRL and _CONTROL_OF.get(text.lower(), text) != text):
            return ""
    elif not modifiers or (modifiers == _SHIFT and text != " " and not "@" <= text <= "\x7f"):
        return ""
    if modifiers & _CTRL and not modifiers & _SHIFT and text.lower() == name:
        text = name
    return f"\x1b[27;{1 + modifiers};{ord(text)}~"


def _legacy_text(text: str, modifiers: int) -> str:
    """A character: Ctrl makes it a control character, Alt puts ESC before it."""
    escape = "\x1b" if modifiers & _ALT else ""
    if not modifiers & _CTRL or len(text) != 1:
        return escape + text
    # If no control character exists, Ctrl has no effect, as in xterm.
    return escape + _CONTROL_OF.get(text.lower() if text.isascii() else text, text)


# ---------------------------------------------------------------- as kitty


def _kitty(key: Key, modes: Modes) -> str:
    flags, name, action = modes.kitty_keyboard, key.key, key.action
    if action is KeyAction.RELEASE and not flags & REPORT_EVENTS:
        return ""
    if name in MODIFIER_KEYS and not flags & REPORT_ALL:
        return ""
    held = key.modifiers & _HELD
    text = _typed(key)
    pressed = action is not KeyAction.RELEASE
    if not flags & REPORT_ALL:
        if name in {"Enter", "Tab", "Backspace"} and not (held and pressed):
            return chr(_CONTROL_KEYS[name]) if pressed else ""
        if pressed and text and _types(name, text, held):
            return text
    return _kitty_sequence(key, text, flags)


def _types(name: str, text: str, held: int) -> bool:
    """Whether a press sends its text unchanged, if not all keys are reported."""
    if not held:
        return True
    if held == _SHIFT:
        return True
    # Ctrl and Alt with a character other than the key's own: AltGr, as some platforms report it.
    return bool(held & _CTRL and held & _ALT and len(name) == 1 and text.lower() != name.lower())


def _kitty_sequence(key: Key, text: str, flags: int) -> str:
    name = key.key
    number: int | None
    final = _CURSOR_KEYS.get(name) or (_FUNCTION_FINALS.get(name) if name != "F3" else None)
    if final:
        number = 1
    elif name == "F3" or name in _TILDE_NUMBERS:
        number, final = _TILDE_NUMBERS.get(name, 13), "~"
    else:
        number, final = _KITTY_NUMBERS.get(name), "u"
        if number is None:
            number = 32 if name == "Space" else ord(name) if len(name) == 1 else None
        if number is None:
            # The text of an input method or a dead key, without a key name.
            return text if key.action is not KeyAction.RELEASE else ""
    producing = len(name) == 1 or name == "Space"
    modifiers = key.modifiers & (_HELD | _LOCKS)
    if producing and not flags & REPORT_ALL:
        # Programs do not expect text to depend on lock keys.
        modifiers &= _HELD
    events = ""
    if flags & REPORT_EVENTS:
        events = {KeyAction.PRESS: "", KeyAction.REPEAT: ":2", KeyAction.RELEASE: ":3"}[key.action]
        if not events and number == 1 and final != "~":
            events = ":1"
    shown = str(number)
    if flags & REPORT_ALTERNATES and producing and key.modifiers & _SHIFT and len(text) == 1 and text != name:
        shown += f":{ord(text)}" if name != "Space" else ""
    typed = _associated(text, flags, modifiers) if final == "u" and key.action is not KeyAction.RELEASE else ""
    second = f"{1 + modifiers}{events}" if modifiers or events else ""
    if typed:
        return f"\x1b[{shown};{second};{typed}{final}"
    if second:
        return f"\x1b[{shown};{second}{final}"
    return f"\x1b[{final}" if number == 1 and final != "~" else f"\x1b[{shown}{final}"


def _associated(text: str, flags: int, modifiers: int) -> str:
    """The text of a key as code points; "" if it is not reported."""
    is_reported = flags & REPORT_TEXT and flags & REPORT_ALL and not modifiers & (_HELD & ~_SHIFT)
    if not is_reported or any(_is_control(char) for char in text):
        return ""
    return ":".join(str(ord(char)) for char in text)


_BUTTONS: Final = {
    MouseButton.LEFT: 0,
    MouseButton.MIDDLE: 1,
    MouseButton.RIGHT: 2,
    MouseButton.NONE: 3,
    MouseButton.WHEEL_UP: 64,
    MouseButton.WHEEL_DOWN: 65,
    MouseButton.WHEEL_LEFT: 66,
    MouseButton.WHEEL_RIGHT: 67,
    MouseButton.BACK: 128,
    MouseButton.FORWARD: 129,
    MouseButton.TENTH: 130,
    MouseButton.ELEVENTH: 131,
}
_WHEEL: Final = 64
_MOTION: Final = 32
_NO_BUTTON: Final = 3
_DEFAULT_LIMIT: Final = 223
_UTF8_LIMIT: Final = 2015


def encode_mouse(mouse: Mouse, modes: Modes, size: GridSize, cell: CellSize) -> bytes:
    """The bytes of a mouse event; b"" unless the program enabled such events."""
    if not _is_tracked(mouse, modes):
        return b""
    code = _BUTTONS[mouse.button]
    released = mouse.action is MouseAction.RELEASE
    sgr = modes.mouse_encoding in {"sgr", "sgr_pixels"}
    if released and not sgr:
        # Without SGR, a release does not name its button.
        code = _NO_BUTTON
    if mouse.action is MouseAction.MOTION:
        code |= _MOTION
    if modes.mouse != "press":
        code |= 4 if mouse.modifiers & Modifiers.SHIFT else 0
        code |= 8 if mouse.modifiers & Modifiers.ALT else 0
        code |= 16 if mouse.modifiers & Modifiers.CTRL else 0
    column = min(max(mouse.column, 0), size.columns - 1)
    row = min(max(mouse.row, 0), size.rows - 1)
    if modes.mouse_encoding == "sgr_pixels":
        # Only the cell is known, so use its middle.
        x, y = (2 * column + 1) * cell.width_px // 2, (2 * row + 1) * cell.height_px // 2
    else:
        x, y = column + 1, row + 1
    if sgr:
        return f"\x1b[<{code};{x};{y}{'m' if released else 'M'}".encode()
    if modes.mouse_encoding == "urxvt":
        return f"\x1b[{code + 32};{x};{y}M".encode()
    limit = _UTF8_LIMIT if modes.mouse_encoding == "utf8" else _DEFAULT_LIMIT
    if x > limit or y > limit:
        return b""
    values = (code + 32, x + 32, y + 32)
    if modes.mouse_encoding == "utf8":
        return b"\x1b[M" + "".join(map(chr, values)).encode()
    return b"\x1b[M" + bytes(values)


def _is_tracked(mouse: Mouse, modes: Modes) -> bool:
    """Whether the current mode covers the event."""
    wheel = _BUTTONS[mouse.button] & _WHEEL
    if mouse.action is MouseAction.MOTION:
        if modes.mouse == "any_motion":
            return not wheel
        return modes.mouse == "button_motion" and mouse.button is not MouseButton.NONE and not wheel
    if mouse.button is MouseButton.NONE or modes.mouse == "none":
        return False
    if modes.mouse == "press":
        return mouse.action is MouseAction.PRESS and _BUTTONS[mouse.button] < _NO_BUTTON
    return mouse.action is MouseAction.PRESS or not wheel


def encode_focus(focused: bool, modes: Modes) -> bytes:
    """The bytes of a focus change; b"" unless the program set mode 1004."""
    if not modes.focus_events:
        return b""
    return b"\x1b[I" if focused else b"\x1b[O"


# ---------------------------------------------------------------- pastes

_PASTE_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PASTE_LINE_ENDS: Final = re.compile("\r\n|\n|\u2028|\u2029")


def encode_paste(text: str, modes: Modes) -> bytes:
    """The bytes of a paste: line ends as CR, without control characters except the tab; in brackets if asked for.

    Without ESC (and its 8-bit form CSI), no text can end the bracket.
    """
    clean = _PASTE_CONTROLS.sub("", _PASTE_LINE_ENDS.sub("\r", text))
    data = clean.encode("utf-8", "replace")
    return b"\x1b[200~" + data + b"\x1b[201~" if modes.bracketed_paste else data


def has_controls(text: str) -> bool:
    """Whether a text contains control characters other than tabs and line ends, which no paste contains."""
    return _PASTE_CONTROLS.search(text) is not None
