"""Keys by their names, as a keyboard of the United States has them, with the codes of Linux's input-event-codes.h."""

from __future__ import annotations

MODIFIERS = {"shift": 42, "ctrl": 29, "alt": 56, "super": 125}
MASKS = {"shift": 1, "ctrl": 4, "alt": 8, "super": 64}
"""The bits of X and xkb for each modifier."""

_ROWS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'`", 43: "\\zxcvbnm,./", 57: " "}
_SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))

CODES = (
    {letter: first + number for first, row in _ROWS.items() for number, letter in enumerate(row)}
    | {
        "Escape": 1,
        "BackSpace": 14,
        "Tab": 15,
        "Return": 28,
        "space": 57,
        "Home": 102,
        "Up": 103,
        "Page_Up": 104,
        "Left": 105,
        "Right": 106,
        "End": 107,
        "Down": 108,
        "Page_Down": 109,
        "Delete": 111,
    }
    | {f"F{number}": 58 + number for number in range(1, 11)}
    | {"F11": 87, "F12": 88}
)


def combination(keys: str) -> tuple[list[str], int]:
    """The modifiers and the code of a combination such as ``ctrl+shift+c``."""
    *modifiers, key = keys.split("+") if len(keys) > 1 else [keys]
    return modifiers, CODES[key]


def of_letter(letter: str) -> str:
    """The combination that types a letter: ``shift+a`` for A."""
    if letter == "\n":
        return "Return"
    if letter in _SHIFTED:
        return f"shift+{_SHIFTED[letter]}"
    return f"shift+{letter.lower()}" if letter.isupper() else "space" if letter == " " else letter
