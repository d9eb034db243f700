"""Key combinations that belong to the window and not to the program in the terminal.

Qt asks the focused widget first (ShortcutOverride). The terminal takes all keys for its program except these. They come
from the window's table of actions; after a change of the table, the view gets the new set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QAction, QKeySequence

# fmt: off
WINDOW_KEYS = (
    "Ctrl+Shift+P", "Ctrl+Shift+K", "Ctrl+Shift+S", "Ctrl+Shift+J",
    "Ctrl+Shift+N", "Ctrl+Shift+W", "Ctrl+Shift+T",
    "Ctrl+PgDown", "Ctrl+PgUp", "Ctrl+Tab", "Ctrl+Shift+Tab", *(f"Alt+{number}" for number in range(1, 10)),
    "Ctrl+Shift+D", "Ctrl+Shift+E", "Ctrl+Shift+Z",
    "Alt+Shift+Up", "Alt+Shift+Down", "Alt+Shift+Left", "Alt+Shift+Right",
    "Ctrl+Shift+C", "Ctrl+Shift+V", "Ctrl+Shift+F", "Ctrl+Shift+Space", "Ctrl+Shift+H", "Ctrl+Shift+B", "Ctrl+Shift+L",
    "Ctrl++", "Ctrl+=", "Ctrl+Shift+=", "Ctrl+Shift++", "Ctrl+-", "Ctrl+0", "Ctrl+,", "F11",
)
"""The window's default keys, in QKeySequence's portable form."""
# fmt: on

KeyOf = Callable[[str], QKeySequence]
"""Returns the first key of an action, by the action's name in the table of actions; an empty sequence for none."""

_KEYPAD = Qt.KeyboardModifier.KeypadModifier.value
_MODIFIERS = Qt.KeyboardModifier.KeyboardModifierMask.value
_BACKTAB = Qt.Key.Key_Backtab.value
_SHIFT_TAB = Qt.Key.Key_Tab.value | Qt.KeyboardModifier.ShiftModifier.value


def combination(text: str) -> int:
    """The number of a combination for comparisons, without the keypad's flag.

    Raises:
        ValueError: ``text`` is not one combination.
    """
    sequence = QKeySequence.fromString(text, QKeySequence.SequenceFormat.PortableText)
    if sequence.count() != 1:
        raise ValueError(f"not one key combination: {text!r}")
    pressed: QKeyCombination = sequence[0]  # type: ignore[index]  # missing in the type hints
    return pressed_combination(pressed)


def pressed_combination(pressed: QKeyCombination) -> int:
    """The number of a pressed combination, for lookup in `combinations`. Qt calls Tab with Shift another key."""
    number = pressed.toCombined() & ~_KEYPAD
    return number & _MODIFIERS | _SHIFT_TAB if number & ~_MODIFIERS == _BACKTAB else number


def combinations(texts: Iterable[str]) -> frozenset[int]:
    """The numbers of several combinations."""
    return frozenset(combination(text) for text in texts)


def no_key(_action: str) -> QKeySequence:
    """A ``KeyOf`` without keys."""
    return QKeySequence()


def show_key(action: QAction, key: QKeySequence) -> None:
    """Show a key beside a context menu's action; the key itself works elsewhere."""
    action.setShortcut(key)
    action.setShortcutVisibleInContextMenu(True)
