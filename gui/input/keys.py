"""QKeyEvent → a key's name, text, modifiers and action. Key path, 3 of 16."""

from __future__ import annotations

import re
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from session_host.protocol.values import KeyAction, Modifiers

from .held_keys import is_repeat
from .latin_keys import LayoutMemory, latin_letter

_K = Qt.Key

LINEFEED = 0x0A
"""Qt's number for X's Linefeed key. Programs that type for the user, such as xdotool, press it for a line break; to a
terminal and to a prompt it is Ctrl+J.
"""

_NAMES: dict[int, str] = {
    key.value: name
    for key, name in {
        _K.Key_Return: "Enter",
        _K.Key_Enter: "Enter",
        _K.Key_Tab: "Tab",
        _K.Key_Backtab: "Tab",
        _K.Key_Backspace: "Backspace",
        _K.Key_Escape: "Escape",
        _K.Key_Space: "Space",
        _K.Key_Up: "ArrowUp",
        _K.Key_Down: "ArrowDown",
        _K.Key_Left: "ArrowLeft",
        _K.Key_Right: "ArrowRight",
        _K.Key_Home: "Home",
        _K.Key_End: "End",
        _K.Key_PageUp: "PageUp",
        _K.Key_PageDown: "PageDown",
        _K.Key_Insert: "Insert",
        _K.Key_Delete: "Delete",
        _K.Key_CapsLock: "CapsLock",
        _K.Key_ScrollLock: "ScrollLock",
        _K.Key_NumLock: "NumLock",
        _K.Key_Print: "PrintScreen",
        _K.Key_SysReq: "PrintScreen",
        _K.Key_Pause: "Pause",
        _K.Key_Menu: "ContextMenu",
        _K.Key_Shift: "Shift",
        _K.Key_Control: "Control",
        _K.Key_Alt: "Alt",
        _K.Key_Meta: "Super",
        _K.Key_Super_L: "Super",
        _K.Key_Super_R: "Super",
    }.items()
}
_NAMES[LINEFEED] = "j"
_NAMES.update({_K.Key_F1.value + number: f"F{number + 1}" for number in range(25)})

_NUMPAD: dict[int, str] = {
    key.value: name
    for key, name in {
        _K.Key_Enter: "NumpadEnter",
        _K.Key_Slash: "NumpadDivide",
        _K.Key_Asterisk: "NumpadMultiply",
        _K.Key_Minus: "NumpadSubtract",
        _K.Key_Plus: "NumpadAdd",
        _K.Key_Equal: "NumpadEqual",
        _K.Key_Period: "NumpadDecimal",
        _K.Key_Comma: "NumpadDecimal",
    }.items()
}
_NUMPAD.update({_K.Key_0.value + number: f"Numpad{number}" for number in range(10)})

# Hot path: reading an enum's attribute or combining flags costs as much as a call, so both are numbers here.
_SHIFT, _ALT, _CTRL, _SUPER = (int(bit) for bit in (Modifiers.SHIFT, Modifiers.ALT, Modifiers.CTRL, Modifiers.SUPER))
_PRESS, _REPEAT, _RELEASE = KeyAction.PRESS, KeyAction.REPEAT, KeyAction.RELEASE
_BACKTAB = _K.Key_Backtab.value
_KEYPAD = Qt.KeyboardModifier.KeypadModifier.value
_HELD = tuple(
    (held.value, bit)
    for held, bit in (
        (Qt.KeyboardModifier.ShiftModifier, _SHIFT),
        (Qt.KeyboardModifier.AltModifier, _ALT),
        (Qt.KeyboardModifier.ControlModifier, _CTRL),
        (Qt.KeyboardModifier.MetaModifier, _SUPER),
    )
)
"""Pairs of Qt's modifier and the protocol's."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_X11_LEVEL3_MASK = 0x80
"""Mod5 in nativeModifiers: AltGr is pressed."""


class KeyStroke(NamedTuple):
    """A key event in the protocol's terms; the fields are those of ``messages.Key``."""

    key: str
    text: str
    modifiers: int
    action: KeyAction


def is_text(typed: str) -> bool:
    """Whether a key's characters are text: also joiners, marks and blanks of other scripts (U+200C, U+200F, U+00A0)."""
    return _CONTROL.search(typed) is None


def modifiers_of(held: Qt.KeyboardModifier) -> int:
    """Qt's modifiers as bits of ``Modifiers``."""
    return _bits_of(held.value)


def _bits_of(held: int) -> int:
    bits = 0
    if held:
        for number, bit in _HELD:
            if held & number:
                bits |= bit
    return bits


class KeyTranslator:
    """Translates the key events of one keyboard, in order; remembers the layout and the pressed keys."""

    def __init__(self) -> None:
        self._layout = LayoutMemory()
        self._held: dict[int, str] = {}
        self._let_go: set[int] = set()
        """Keys that were released here and not pressed since: Qt may not know that they are still held."""

    def pressed(self, event: QKeyEvent) -> KeyStroke | None:
        """The stroke of a KeyPress; None for a key without a name and a character.

        None also for a key that repeats, and was pressed elsewhere: as the Ctrl+D that ended the shell shown before.
        """
        is_held = is_repeat(event)
        scan_code = event.nativeScanCode() or event.key()
        if is_held and scan_code not in self._held and scan_code not in self._let_go:
            return None
        held = event.modifiers().value
        modifiers = _bits_of(held)
        code = event.key()
        if code == LINEFEED:
            modifiers |= _CTRL
        text = self._typed(code, event.text(), modifiers)
        key = self._name(event, code, text, modifiers, on_keypad=bool(held & _KEYPAD))
        if not key:
            return None
        if key == "Tab":
            text = ""
            if code == _BACKTAB:
                modifiers |= _SHIFT
        action = _REPEAT if is_held and scan_code in self._held else _PRESS
        self._let_go.discard(scan_code)
        self._held[scan_code] = key
        return KeyStroke(key, text, modifiers, action)

    def released(self, event: QKeyEvent) -> KeyStroke | None:
        """The stroke of a KeyRelease; None if its press was not translated, or the release is an auto-repeat."""
        if event.isAutoRepeat():
            return None
        key = self._held.pop(event.nativeScanCode() or event.key(), None)
        if key is None:
            return None
        self._let_go.add(event.nativeScanCode() or event.key())
        return KeyStroke(key, "", modifiers_of(event.modifiers()), _RELEASE)

    def forget_held(self) -> None:
        """Forget pressed keys, since the keyboard focus is elsewhere and releases will not be seen."""
        self._held.clear()
        self._let_go.clear()

    @staticmethod
    def _typed(code: int, text: str, modifiers: int) -> str:
        """The text that the press types; the host makes control characters.

        With Ctrl a press types nothing, but the host needs a shifted symbol for some: Ctrl+Shift+- is Ctrl+_ on a
        keyboard where Shift makes - that.
        """
        if modifiers & ~_ALT == _CTRL | _SHIFT and 0x20 < code < 0x7F:
            symbol = chr(code)
            return "" if symbol.isalpha() else symbol
        if modifiers & (_CTRL | _SUPER) or not is_text(text):
            return ""
        return text

    def _name(self, event: QKeyEvent, code: int, text: str, modifiers: int, *, on_keypad: bool) -> str:
        if on_keypad and code in _NUMPAD:
            return _NUMPAD[code]
        if code in _NAMES:
            return _NAMES[code]
        character = chr(code) if 0x20 < code < 0x110000 else text[:1]
        if not character or not is_text(character):
            return ""
        scan_code = event.nativeScanCode()
        if modifiers & _CTRL and not character.isascii():
            # Ctrl with a Cyrillic or Greek letter means the Latin letter on the same key.
            return latin_letter(scan_code, event.nativeVirtualKey()) or character.lower()
        if modifiers & _SHIFT:
            return self._layout.unshifted(scan_code, character)
        plain = character.lower()
        if not (modifiers or event.nativeModifiers() & _X11_LEVEL3_MASK):
            self._layout.learn(scan_code, plain)
        return plain


ANSWER_KEYS = {"allow_once": "y", "allow_always": "a", "reject_once": "n"}
"""The letter of each kind of option."""


def answer_key(kind: str) -> str:
    """The key for this kind of option, such as "Alt+Y"; "" for none."""
    letter = ANSWER_KEYS.get(kind, "")
    return f"Alt+{letter.upper()}" if letter else ""


def kind_of_answer(event: QKeyEvent) -> str:
    """The kind of option that Alt with a letter chooses; "" for another key."""
    if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier != Qt.KeyboardModifier.AltModifier:
        return ""
    is_latin = Qt.Key.Key_A <= event.key() <= Qt.Key.Key_Z
    letter = chr(event.key()).lower() if is_latin else latin_letter(event.nativeScanCode(), event.nativeVirtualKey())
    return next((kind for kind, key in ANSWER_KEYS.items() if key == letter), "")
