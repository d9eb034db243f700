"""Shortcuts on keyboards without Latin letters: a key with Ctrl or Alt means the Latin character at the same place.

Qt looks for a Latin layout among those that the user has set up. Without one, Ctrl+Shift+T is Ctrl+Shift+Е on a Russian
keyboard, and no shortcut has that. Programs get the Latin character anyway (``keys``).

A press comes here after Qt has found no shortcut for it, or after the widget with the keyboard has claimed it.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QWindow

from gui.qt_symbols import run_shortcut

_ROWS = {
    10: ("1234567890-=", "!@#$%^&*()_+"),
    24: ("qwertyuiop[]", "QWERTYUIOP{}"),
    38: ("asdfghjkl;'`", 'ASDFGHJKL:"~'),
    51: ("\\zxcvbnm,./", "|ZXCVBNM<>?"),
}
_US_PLAIN = {first + index: key for first, (keys, _) in _ROWS.items() for index, key in enumerate(keys)}
_US_SHIFTED = {first + index: key for first, (_, keys) in _ROWS.items() for index, key in enumerate(keys)}
_US_UNSHIFT = dict(zip(_US_SHIFTED.values(), _US_PLAIN.values(), strict=True))


class LayoutMemory:
    """The unshifted characters of the current keyboard's keys, by scan code."""

    def __init__(self) -> None:
        self._plain: dict[int, str] = {}

    def learn(self, scan_code: int, character: str) -> None:
        """Remember that a key typed ``character`` without Shift and AltGr."""
        if scan_code:
            self._plain[scan_code] = character

    def unshifted(self, scan_code: int, shifted: str) -> str:
        """The character that the key of ``shifted`` types without Shift; ``shifted`` if unknown."""
        if shifted.lower() != shifted:
            return shifted.lower()
        learned = self._plain.get(scan_code)
        if learned is not None:
            return learned
        if _US_SHIFTED.get(scan_code) == shifted or not scan_code:
            return _US_UNSHIFT.get(shifted, shifted)
        return shifted


def latin_letter(scan_code: int, native_key: int) -> str:
    """The Latin character of a key, by its keysym or else by its position on a US keyboard; "" if none."""
    if 0x20 < native_key < 0x7F:
        return chr(native_key).lower()
    return _US_PLAIN.get(scan_code, "")


_CONTROL, _ALT, _SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
_LAST_ASCII = 0x7E
_FIRST_NAMED_KEY = Qt.Key.Key_Escape.value
"""Qt's numbers below are those of characters."""


def watch(window: QWindow) -> None:
    """Look up the shortcuts of a window's keys by their Latin characters, too."""
    window.installEventFilter(_filter())


def is_control_held() -> bool:
    """Whether Ctrl is held, by the keys that the watched windows got: Qt's own state is older than the last key."""
    return bool(_filter().held & _CONTROL)


class _LatinKeys(QObject):
    """Looks up the shortcut of a key's Latin character; with Ctrl, the widget with the keyboard gets that one, too.

    Attributes:
        held: the modifiers after the last key.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_latin = True
        """Whether the letters that were typed last are Latin."""
        self._is_sending = False
        self.held = Qt.KeyboardModifier.NoModifier

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.held = Qt.KeyboardModifier.NoModifier
        if not isinstance(event, QKeyEvent) or not isinstance(watched, QWindow):
            return False
        code, held = event.key(), event.modifiers()
        self.held = held
        if event.type() != QEvent.Type.KeyPress or self._is_sending:
            return False
        if not 0x20 < code < _FIRST_NAMED_KEY:
            return False
        self._learn(code, held)
        if not held & (_CONTROL | _ALT):
            return False
        latin = self._latin(event)
        # On a Hebrew keyboard, Shift makes a Latin letter of a Hebrew one. Qt looks it up as if Shift were not held.
        is_shifted_letter = bool(held & _SHIFT) and chr(code).isascii() and chr(code).isalpha()
        if any(run_shortcut(watched, event, key) for key in {code if is_shifted_letter else 0, latin} - {0}):
            return True
        if not (latin and held & _CONTROL and code > _LAST_ASCII):
            return False
        translated = QKeyEvent(
            event.type(),
            latin,
            held,
            event.nativeScanCode(),
            event.nativeVirtualKey(),
            event.nativeModifiers(),
            "",
            event.isAutoRepeat(),
            event.count(),
        )
        self._is_sending = True
        try:
            QCoreApplication.sendEvent(watched, translated)
        finally:
            self._is_sending = False
        return True

    def _learn(self, code: int, held: Qt.KeyboardModifier) -> None:
        """Note whether a key types Latin letters; with Shift, keyboards of other scripts have Latin letters, too."""
        character = chr(code)
        if not character.isalpha():
            return
        if not _is_latin(character):
            self._is_latin = False
        elif not held & (_CONTROL | _SHIFT):
            self._is_latin = True

    def _latin(self, event: QKeyEvent) -> int:
        """Qt's number of the Latin character at the place of a key; 0 if the key has that, or is on a Latin keyboard.

        With Alt, an accented letter is the program's: a French keyboard has it in place of a digit.
        """
        code = event.key()
        is_other = code > _LAST_ASCII and (bool(event.modifiers() & _CONTROL) or not _is_latin(chr(code)))
        character = latin_letter(event.nativeScanCode(), 0) if is_other or not self._is_latin else ""
        latin = ord(character.upper()) if character else 0
        return latin if latin != code else 0


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith("LATIN")


@cache
def _filter() -> _LatinKeys:
    return _LatinKeys()
