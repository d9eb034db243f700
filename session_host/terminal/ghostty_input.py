"""Keys, mouse and focus as bytes, by libghostty-vt's encoders and the modes in force. Input path.

The library's encoder speaks of physical keys, the text they type and the modifiers that were
used up in typing it; our messages name a key by its unshifted character or its W3C name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, Literal

from session_host.protocol.messages import Key, Mouse
from session_host.protocol.values import (
    CellSize,
    GridSize,
    KeyAction,
    Modifiers,
    MouseAction,
    MouseButton,
)

from .encode_keys import KEYPAD_NAVIGATION, KEYPAD_TEXT
from .ghostty_library import check, ffi, formatted_extras, lib, mode

# Plain integers: arithmetic on an enum's members takes microseconds, and a key is typed through here.
_SHIFT: Final = int(Modifiers.SHIFT)
_CTRL: Final = int(Modifiers.CTRL)
_ALT: Final = int(Modifiers.ALT)
_SUPER: Final = int(Modifiers.SUPER)
_NUM_LOCK: Final = int(Modifiers.NUM_LOCK)
_MODIFIER_BITS: Final = (
    (_SHIFT, 1 << 0),
    (_CTRL, 1 << 1),
    (_ALT, 1 << 2),
    (_SUPER, 1 << 3),
    (int(Modifiers.CAPS_LOCK), 1 << 4),
    (_NUM_LOCK, 1 << 5),
)
_RELEASE: Final = KeyAction.RELEASE
_ACTIONS: Final = {
    KeyAction.PRESS: lib.GHOSTTY_KEY_ACTION_PRESS,
    KeyAction.REPEAT: lib.GHOSTTY_KEY_ACTION_REPEAT,
    KeyAction.RELEASE: lib.GHOSTTY_KEY_ACTION_RELEASE,
}
_MOUSE_ACTIONS: Final = {
    MouseAction.PRESS: lib.GHOSTTY_MOUSE_ACTION_PRESS,
    MouseAction.RELEASE: lib.GHOSTTY_MOUSE_ACTION_RELEASE,
    MouseAction.MOTION: lib.GHOSTTY_MOUSE_ACTION_MOTION,
}
_MOUSE_BUTTONS: Final = {
    MouseButton.LEFT: lib.GHOSTTY_MOUSE_BUTTON_LEFT,
    MouseButton.MIDDLE: lib.GHOSTTY_MOUSE_BUTTON_MIDDLE,
    MouseButton.RIGHT: lib.GHOSTTY_MOUSE_BUTTON_RIGHT,
    MouseButton.WHEEL_UP: lib.GHOSTTY_MOUSE_BUTTON_FOUR,
    MouseButton.WHEEL_DOWN: lib.GHOSTTY_MOUSE_BUTTON_FIVE,
    MouseButton.WHEEL_LEFT: lib.GHOSTTY_MOUSE_BUTTON_SIX,
    MouseButton.WHEEL_RIGHT: lib.GHOSTTY_MOUSE_BUTTON_SEVEN,
}
_FOCUS_MODE = 1004
_REPORT_EVENTS = 2

MouseTracking = Literal["none", "press", "press_release", "button_motion", "any_motion"]
MouseEncoding = Literal["default", "utf8", "sgr", "urxvt", "sgr_pixels"]
MOUSE_TRACKINGS: Final[tuple[tuple[int, MouseTracking], ...]] = (
    (1003, "any_motion"),
    (1002, "button_motion"),
    (1000, "press_release"),
    (9, "press"),
)
MOUSE_ENCODINGS: Final[tuple[tuple[int, MouseEncoding], ...]] = (
    (1016, "sgr_pixels"),
    (1006, "sgr"),
    (1015, "urxvt"),
    (1005, "utf8"),
)
_TRACKING_EVENTS: Final = (
    (1003, lib.GHOSTTY_MOUSE_TRACKING_ANY),
    (1002, lib.GHOSTTY_MOUSE_TRACKING_BUTTON),
    (1000, lib.GHOSTTY_MOUSE_TRACKING_NORMAL),
    (9, lib.GHOSTTY_MOUSE_TRACKING_X10),
)
_PRESS: Final = Mouse("", 0, MouseAction.PRESS, MouseButton.LEFT, 0, 0)
_PROBE_SIZE: Final = GridSize(200, 10)
_PROBE_CELL: Final = CellSize(10, 10)
_PROBE_COLUMN = 150

_PUNCTUATION: Final = {
    "`": "BACKQUOTE", "\\": "BACKSLASH", "[": "BRACKET_LEFT", "]": "BRACKET_RIGHT", ",": "COMMA",
    "=": "EQUAL", "-": "MINUS", ".": "PERIOD", "'": "QUOTE", ";": "SEMICOLON", "/": "SLASH",
}  # fmt: skip
_NAMED: Final = {
    "Enter": "ENTER", "Tab": "TAB", "Backspace": "BACKSPACE", "Escape": "ESCAPE", "Space": "SPACE",
    "ArrowUp": "ARROW_UP", "ArrowDown": "ARROW_DOWN", "ArrowLeft": "ARROW_LEFT", "ArrowRight": "ARROW_RIGHT",
    "Home": "HOME", "End": "END", "PageUp": "PAGE_UP", "PageDown": "PAGE_DOWN",
    "Insert": "INSERT", "Delete": "DELETE", "CapsLock": "CAPS_LOCK", "ScrollLock": "SCROLL_LOCK",
    "NumLock": "NUM_LOCK", "PrintScreen": "PRINT_SCREEN", "Pause": "PAUSE", "ContextMenu": "CONTEXT_MENU",
    "Shift": "SHIFT_LEFT", "Control": "CONTROL_LEFT", "Alt": "ALT_LEFT", "Super": "META_LEFT",
    "NumpadDecimal": "NUMPAD_DECIMAL", "NumpadDivide": "NUMPAD_DIVIDE", "NumpadMultiply": "NUMPAD_MULTIPLY",
    "NumpadSubtract": "NUMPAD_SUBTRACT", "NumpadAdd": "NUMPAD_ADD", "NumpadEnter": "NUMPAD_ENTER",
    "NumpadEqual": "NUMPAD_EQUAL",
}  # fmt: skip


def _key_table() -> dict[str, int]:
    table = {name: getattr(lib, f"GHOSTTY_KEY_{key}") for name, key in {**_PUNCTUATION, **_NAMED}.items()}
    for letter in "abcdefghijklmnopqrstuvwxyz":
        table[letter] = getattr(lib, f"GHOSTTY_KEY_{letter.upper()}")
    for digit in "0123456789":
        table[digit] = getattr(lib, f"GHOSTTY_KEY_DIGIT_{digit}")
        table[f"Numpad{digit}"] = getattr(lib, f"GHOSTTY_KEY_NUMPAD_{digit}")
    for number in range(1, 26):
        table[f"F{number}"] = getattr(lib, f"GHOSTTY_KEY_F{number}")
    return table


_KEYS: Final = _key_table()

_EXTENDED: Final = re.compile(rb"\x1b\[(?:\d+;\d+u|27;\d+;\d+~)")
_OLD_KEYS: Final = {"Enter": b"\r", "NumpadEnter": b"\r", "Tab": b"\t", "Backspace": b"\x7f", "Escape": b"\x1b"}


@lru_cache(maxsize=256)
def _library_modifiers(modifiers: int) -> int:
    return sum(bit for ours, bit in _MODIFIER_BITS if modifiers & ours)


def _is_control(text: str) -> bool:
    return len(text) == 1 and (text < " " or text == "\x7f")


def _typed_text(name: str, text: str, modifiers: int, kitty: bool) -> str:
    """What the key types, in the encoder's sense: never a control character.

    Toolkits give Ctrl+A as the text ``\\x01``; the encoder wants the letter and makes the control
    itself. An unshifted one, but for the kitty protocol, which reports both: then Ctrl+Shift+A
    is 0x01 in the old encoding, as in xterm.
    """
    if name == "Space":
        return " " if not text or _is_control(text) else text
    if name in _NAMED:
        return "" if _is_control(text) else text
    shift = bool(modifiers & _SHIFT)
    if not modifiers & (_CTRL | _ALT | _SUPER):
        return "" if _is_control(text) else text
    if len(name) != 1:
        return "" if _is_control(text) else text
    if _is_control(text):
        behind = chr(ord(text) | 0x40) if text < " " else "?"
        if behind.lower() == name.lower() or not shift:
            return name.upper() if shift and kitty else name
        return behind
    if not text:
        return name.upper() if shift and (kitty or not modifiers & _CTRL) else name
    if modifiers & _CTRL and not kitty and text.lower() == name:
        return name
    return text


def _plain_old(name: str, text: str, modifiers: int) -> bytes:
    """What a program that asked for nothing gets, where the library would use an extended form.

    Ctrl+I is Tab and Shift+Enter is Enter, as in xterm; programs which know better ask for it.
    """
    if name in _OLD_KEYS:
        data = _OLD_KEYS[name]
    elif modifiers & Modifiers.CTRL and len(text) == 1 and "@" <= text.upper() <= "_":
        data = bytes((ord(text.upper()) & 0x1F,))
    else:
        data = text.encode("utf-8", "replace")
    return b"\x1b" + data if data and modifiers & Modifiers.ALT else data


def _context_menu(modifiers: int, action: KeyAction, *, events: bool) -> bytes:
    """The Menu key in kitty's protocol, which the library's table leaves out."""
    if action is KeyAction.RELEASE and not events:
        return b""
    event = {KeyAction.PRESS: "", KeyAction.REPEAT: ":2", KeyAction.RELEASE: ":3"}[action] if events else ""
    more = f";{modifiers + 1}{event}" if modifiers or event else ""
    return f"\x1b[57363{more}u".encode()


class InputEncoder:
    """The library's encoders of one terminal, kept for its life."""

    def __init__(self, terminal: Any, kitty_flags: Any) -> None:
        """Make them.

        Args:
            terminal: whose modes are in force.
            kitty_flags: where the flags of kitty's keyboard protocol can be read at any time.
        """
        self._terminal = terminal
        self._flags = kitty_flags
        self._key_encoder = self._new("GhosttyKeyEncoder*", lib.ghostty_key_encoder_new, lib.ghostty_key_encoder_free)
        self._key_event = self._new("GhosttyKeyEvent*", lib.ghostty_key_event_new, lib.ghostty_key_event_free)
        self._mouse_encoder = self._new(
            "GhosttyMouseEncoder*", lib.ghostty_mouse_encoder_new, lib.ghostty_mouse_encoder_free
        )
        self._mouse_event = self._new("GhosttyMouseEvent*", lib.ghostty_mouse_event_new, lib.ghostty_mouse_event_free)
        self._memory = ffi.new("char[]", 1024)
        self._length = ffi.new("size_t*")

    @staticmethod
    def _new(kind: str, create: Any, free: Any) -> Any:
        slot = ffi.new(kind)
        check(create(ffi.NULL, slot), kind)
        return ffi.gc(slot[0], free)

    def close(self) -> None:
        """Free the library's objects."""
        for owned in (self._mouse_event, self._mouse_encoder, self._key_event, self._key_encoder):
            ffi.release(owned)

    def key(self, key: Key) -> bytes:
        """The bytes of a key event."""
        flags: int = self._flags[0]
        kitty = flags != 0
        name, modifiers = key.key, key.modifiers
        if kitty and name == "ContextMenu":
            return _context_menu(modifiers, key.action, events=bool(flags & _REPORT_EVENTS))
        if name == key.text and not modifiers and not kitty and len(name) == 1:
            # A plain character is itself in every mode but kitty's: by far the most frequent key.
            return b"" if key.action is _RELEASE else name.encode("utf-8", "replace")
        text = _typed_text(name, key.text, modifiers, kitty)
        if name in KEYPAD_TEXT and not text:
            if modifiers & _NUM_LOCK or name not in KEYPAD_NAVIGATION:
                text = KEYPAD_TEXT[name] if not kitty else ""
            elif not kitty:
                name = KEYPAD_NAVIGATION[name]
        if len(text) * 4 > len(self._memory):
            return text.encode("utf-8", "replace") if key.action is not KeyAction.RELEASE else b""
        if not kitty and modifiers & _ALT and not modifiers & _CTRL and not text.isascii():
            # The encoder would prefix a single byte of Latin-1, which no program reads as UTF-8.
            return b"" if key.action is KeyAction.RELEASE else b"\x1b" + text.encode("utf-8", "replace")
        both = Modifiers.CTRL | Modifiers.ALT
        if modifiers & both == both and text and len(name) == 1 and text.lower() != name.lower():
            # AltGr, as some platforms report it: what it typed is all that is meant.
            modifiers &= ~(both | Modifiers.SHIFT)
        data = self._encode_key(name, text, modifiers, key.action)
        if not kitty and _EXTENDED.fullmatch(data) and not self._modify_other_keys():
            return _plain_old(name, text, modifiers)
        return data

    def _modify_other_keys(self) -> bool:
        """Whether the program asked for keys in xterm's extended form (CSI > 4 ; 2 m)."""
        return b"\x1b[>4;2m" in formatted_extras(self._terminal, keyboard=True)

    def _encode_key(self, name: str, text: str, modifiers: int, action: KeyAction) -> bytes:
        unshifted = " " if name == "Space" else name if len(name) == 1 else ""
        data = text.encode("utf-8", "replace")
        event = self._key_event
        lib.ghostty_key_event_set_action(event, _ACTIONS[action])
        lib.ghostty_key_event_set_key(event, _KEYS.get(name, lib.GHOSTTY_KEY_UNIDENTIFIED))
        lib.ghostty_key_event_set_mods(event, _library_modifiers(modifiers))
        lib.ghostty_key_event_set_consumed_mods(event, _library_modifiers(self._consumed(unshifted, text, modifiers)))
        lib.ghostty_key_event_set_composing(event, False)
        lib.ghostty_key_event_set_unshifted_codepoint(event, ord(unshifted) if unshifted else 0)
        kept = ffi.from_buffer("char[]", data)
        lib.ghostty_key_event_set_utf8(event, kept, len(data))
        lib.ghostty_key_encoder_setopt_from_terminal(self._key_encoder, self._terminal)
        result = lib.ghostty_key_encoder_encode(self._key_encoder, event, self._memory, len(self._memory), self._length)
        lib.ghostty_key_event_set_utf8(event, ffi.NULL, 0)
        return b"" if result else bytes(ffi.buffer(self._memory, self._length[0]))

    @staticmethod
    def _consumed(unshifted: str, text: str, modifiers: int) -> int:
        """The modifiers that went into typing ``text`` and mean nothing more."""
        if not unshifted or not text or text == unshifted:
            return 0
        both = _CTRL | _ALT
        if modifiers & both == both and text.lower() != unshifted.lower():
            return both | _SHIFT  # AltGr, as some platforms report it
        return _SHIFT

    def mouse(self, mouse: Mouse, size: GridSize, cell: CellSize) -> bytes:
        """The bytes of a mouse event."""
        button = _MOUSE_BUTTONS.get(mouse.button)
        if button is None and mouse.action is not MouseAction.MOTION:
            return b""
        lib.ghostty_mouse_encoder_setopt_from_terminal(self._mouse_encoder, self._terminal)
        data = self._encode_mouse(mouse, button, size, cell)
        if data:
            return data
        # The library lets the reset of one tracking mode end all; those still set are in force again.
        still_set = next((event for number, event in _TRACKING_EVENTS if mode(self._terminal, number)), None)
        if still_set is None or self._encode_mouse(_PRESS, _MOUSE_BUTTONS[_PRESS.button], size, cell):
            return b""
        tracking = ffi.new("GhosttyMouseTrackingMode*", still_set)
        lib.ghostty_mouse_encoder_setopt(self._mouse_encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_EVENT, tracking)
        return self._encode_mouse(mouse, button, size, cell)

    def _encode_mouse(self, mouse: Mouse, button: int | None, size: GridSize, cell: CellSize) -> bytes:
        """The bytes of a mouse event by the options that the encoder has."""
        encoder, event = self._mouse_encoder, self._mouse_event
        pixels = ffi.new("GhosttyMouseEncoderSize*")
        pixels.size = ffi.sizeof("GhosttyMouseEncoderSize")
        pixels.cell_width, pixels.cell_height = max(1, cell.width_px), max(1, cell.height_px)
        pixels.screen_width = size.columns * pixels.cell_width
        pixels.screen_height = size.rows * pixels.cell_height
        lib.ghostty_mouse_encoder_setopt(encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_SIZE, pixels)
        lib.ghostty_mouse_encoder_setopt(
            encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_ANY_BUTTON_PRESSED, ffi.new("bool*", button is not None)
        )
        lib.ghostty_mouse_event_set_action(event, _MOUSE_ACTIONS[mouse.action])
        if button is None:
            lib.ghostty_mouse_event_clear_button(event)
        else:
            lib.ghostty_mouse_event_set_button(event, button)
        lib.ghostty_mouse_event_set_mods(event, _library_modifiers(mouse.modifiers))
        column = min(max(mouse.column, 0), size.columns - 1)
        row = min(max(mouse.row, 0), size.rows - 1)
        position = {"x": (column + 0.5) * pixels.cell_width, "y": (row + 0.5) * pixels.cell_height}
        lib.ghostty_mouse_event_set_position(event, ffi.new("GhosttyMousePosition*", position)[0])
        result = lib.ghostty_mouse_encoder_encode(encoder, event, self._memory, len(self._memory), self._length)
        return b"" if result else bytes(ffi.buffer(self._memory, self._length[0]))

    def mouse_modes(self) -> tuple[MouseTracking, MouseEncoding]:
        """What mouse events a program gets, and how encoded.

        Asked of the encoder: the modes that are set do not tell, as the last one set or reset wins.
        """
        press = self._probe(MouseAction.PRESS, MouseButton.LEFT)
        if not press:
            return "none", "default"
        if self._probe(MouseAction.MOTION, MouseButton.NONE):
            tracking: MouseTracking = "any_motion"
        elif self._probe(MouseAction.MOTION, MouseButton.LEFT):
            tracking = "button_motion"
        elif self._probe(MouseAction.RELEASE, MouseButton.LEFT):
            tracking = "press_release"
        else:
            tracking = "press"
        if press.startswith(b"\x1b[<"):
            return tracking, "sgr" if b";%d;" % (_PROBE_COLUMN + 1) in press else "sgr_pixels"
        if press.startswith(b"\x1b[M"):
            return tracking, "default" if len(press) == 6 else "utf8"
        return tracking, "urxvt"

    def _probe(self, action: MouseAction, button: MouseButton) -> bytes:
        return self.mouse(Mouse("", 0, action, button, _PROBE_COLUMN, 3), _PROBE_SIZE, _PROBE_CELL)

    def focus(self, focused: bool) -> bytes:
        """The bytes of a focus change."""
        if not mode(self._terminal, _FOCUS_MODE):
            return b""
        return b"\x1b[I" if focused else b"\x1b[O"
