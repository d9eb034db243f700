"""Names of key events, and the commands of the selecting mode's keys.

A character's name is the character; other keys have Qt's portable names, with "Ctrl+" and "Shift+" in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from gui.input.layouts import latin_letter

_K = Qt.Key
_NAMED: Final[Mapping[int, str]] = {
    key.value: name
    for key, name in {
        _K.Key_Left: "Left",
        _K.Key_Right: "Right",
        _K.Key_Up: "Up",
        _K.Key_Down: "Down",
        _K.Key_Home: "Home",
        _K.Key_End: "End",
        _K.Key_PageUp: "PgUp",
        _K.Key_PageDown: "PgDown",
        _K.Key_Return: "Enter",
        _K.Key_Enter: "Enter",
        _K.Key_Escape: "Esc",
        _K.Key_Backspace: "Backspace",
        _K.Key_Space: "Space",
    }.items()
}
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_OTHERS = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier

MOTIONS: Final[Mapping[str, str]] = {
    "h": "left", "Left": "left", "Backspace": "left",
    "l": "right", "Right": "right",
    "k": "up", "Up": "up",
    "j": "down", "Down": "down",
    "b": "word_back", "Ctrl+Left": "word_back",
    "w": "word_forward", "Ctrl+Right": "word_forward",
    "e": "word_end",
    "B": "big_word_back", "W": "big_word_forward", "E": "big_word_end",
    "0": "line_start", "Home": "line_start",
    "^": "line_text",
    "$": "line_end", "End": "line_end",
    "{": "paragraph_back", "Ctrl+Up": "paragraph_back",
    "}": "paragraph_forward", "Ctrl+Down": "paragraph_forward",
    "H": "view_top", "M": "view_middle", "L": "view_bottom",
    "PgUp": "page_up", "Ctrl+b": "page_up",
    "PgDown": "page_down", "Ctrl+f": "page_down",
    "Ctrl+u": "half_page_up", "Ctrl+d": "half_page_down",
    "g": "text_start", "Ctrl+Home": "text_start",
    "G": "text_end", "Ctrl+End": "text_end",
    "[": "prompt_back", "]": "prompt_forward",
}  # fmt: skip
"""The motion of each key; with Shift held, the motions of named keys extend the selection."""

COMMANDS: Final[Mapping[str, str]] = {
    "v": "characters", "Space": "characters",
    "V": "lines",
    "Ctrl+v": "block",
    "o": "other_end",
    "y": "copy", "Enter": "copy", "Ctrl+c": "copy", "Ctrl+Shift+c": "copy",
    "/": "find", "?": "find",
    "Esc": "leave", "q": "leave", "i": "leave", "Ctrl+[": "leave",
}  # fmt: skip


def key_name(event: QKeyEvent) -> str:
    """The name of a key event; "" for a modifier, and for keys with Alt or Super."""
    held = event.modifiers()
    if held & _OTHERS:
        return ""
    prefix = "Ctrl+" if held & _CTRL else ""
    name = _NAMED.get(event.key(), "")
    if not name and prefix:
        name = _letter(event)
    if name:
        return f"{prefix}{'Shift+' if held & _SHIFT else ''}{name}"
    return typed(event)


def typed(event: QKeyEvent) -> str:
    """The character that a key types; "" for none.

    On a layout without Latin letters, it is the Latin letter at the key's position.
    """
    text = event.text()
    if len(text) != 1 or not text.isprintable() or text.isspace():
        return ""
    if text.isascii() or not text.isalpha():
        return text
    letter = _letter(event)
    return letter.upper() if text.isupper() else letter or text


def _letter(event: QKeyEvent) -> str:
    """The character of a key without modifiers."""
    if 0x20 < event.key() < 0x7F:
        return chr(event.key()).lower()
    return latin_letter(event.nativeScanCode(), event.nativeVirtualKey())
