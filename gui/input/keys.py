"""QKeyEvent → a key's name, text, modifiers and action. Key path, 3 of 12."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from session_host.protocol.values import KeyAction, Modifiers

from .layouts import LayoutMemory, latin_letter

_K = Qt.Key

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

_X11_LEVEL3_MASK = 0x80
"""Mod5 in nativeModifiers: AltGr is pressed."""


class KeyStroke(NamedTuple):
    """A key event in the protocol's terms; the fields are those of ``messages.Key``."""

    key: str
    text: str
    modifiers: int
    action: KeyAction


def modifiers_of(held: Qt.KeyboardModifier) -> int:
    """Qt's modifiers as bits of ``Modifiers``."""
    bits = Modifiers.NONE
    if held & Qt.KeyboardModifier.ShiftModifier:
        bits |= Modifiers.SHIFT
    if held & Qt.KeyboardModifier.AltModifier:
        bits |= Modifiers.ALT
    if held & Qt.KeyboardModifier.ControlModifier:
        bits |= Modifiers.CTRL
    if held & Qt.KeyboardModifier.MetaModifier:
        bits |= Modifiers.SUPER
    return int(bits)


class KeyTranslator:
    """Translates the key events of one keyboard, in order; remembers the layout and the pressed keys."""

    def __init__(self) -> None:
        self._layout = LayoutMemory()
        self._held: dict[int, str] = {}

    def pressed(self, event: QKeyEvent) -> KeyStroke | None:
        """The stroke of a KeyPress; None for a key that has neither a name nor a character."""
        modifiers = modifiers_of(event.modifiers())
        text = self._typed(event, modifiers)
        key = self._name(event, text, modifiers)
        if not key:
            return None
        if key == "Tab":
            text = ""
            if event.key() == _K.Key_Backtab.value:
                modifiers |= int(Modifiers.SHIFT)
        action = KeyAction.REPEAT if event.isAutoRepeat() else KeyAction.PRESS
        self._held[event.nativeScanCode() or event.key()] = key
        return KeyStroke(key, text, modifiers, action)

    def released(self, event: QKeyEvent) -> KeyStroke | None:
        """The stroke of a KeyRelease; None if its press was not translated, or the release is an auto-repeat."""
        if event.isAutoRepeat():
            return None
        key = self._held.pop(event.nativeScanCode() or event.key(), None)
        if key is None:
            return None
        return KeyStroke(key, "", modifiers_of(event.modifiers()), KeyAction.RELEASE)

    def forget_held(self) -> None:
        """Forget pressed keys, since the keyboard focus is elsewhere and releases will not be seen."""
        self._held.clear()

    @staticmethod
    def _typed(event: QKeyEvent, modifiers: int) -> str:
        """The text that the press types; the host makes control characters.

        With Ctrl a press types nothing, but the host needs a shifted symbol for some: Ctrl+Shift+- is Ctrl+_ on a
        keyboard where Shift makes - that.
        """
        text = event.text()
        if modifiers & ~Modifiers.ALT == Modifiers.CTRL | Modifiers.SHIFT and 0x20 < event.key() < 0x7F:
            symbol = chr(event.key())
            return "" if symbol.isalpha() else symbol
        if modifiers & (Modifiers.CTRL | Modifiers.SUPER) or not text.isprintable():
            return ""
        return text

    def _name(self, event: QKeyEvent, text: str, modifiers: int) -> str:
        code = event.key()
        if event.modifiers() & Qt.KeyboardModifier.KeypadModifier and code in _NUMPAD:
            return _NUMPAD[code]
        if code in _NAMES:
            return _NAMES[code]
        character = chr(code) if 0x20 < code < 0x110000 else text[:1]
        if not character or not character.isprintable():
            return ""
        scan_code = event.nativeScanCode()
        if modifiers & Modifiers.CTRL and not character.isascii():
            # Ctrl with a Cyrillic or Greek letter means the Latin letter on the same key.
            return latin_letter(scan_code, event.nativeVirtualKey()) or character.lower()
        if modifiers & Modifiers.SHIFT:
            return self._layout.unshifted(scan_code, character)
        plain = character.lower()
        level3 = event.nativeModifiers() & _X11_LEVEL3_MASK
        if event.type() == QEvent.Type.KeyPress and not modifiers and not level3:
            self._layout.learn(scan_code, plain)
        return plain
