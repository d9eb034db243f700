"""The keys that answer an agent's request: Alt with a letter, and the letter alone while the request has the focus."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from gui.input.layouts import latin_letter

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
