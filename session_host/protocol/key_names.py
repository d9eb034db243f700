"""Key names as people write them: ``Ctrl+c``, ``Shift+Tab``, ``Up``, ``enter``."""

from __future__ import annotations

from .values import NAMED_KEYS, Modifiers

_MODIFIERS = {
    "shift": Modifiers.SHIFT,
    "alt": Modifiers.ALT,
    "ctrl": Modifiers.CTRL,
    "control": Modifiers.CTRL,
    "super": Modifiers.SUPER,
    "meta": Modifiers.ALT,
}
_ALIASES = {
    "up": "ArrowUp",
    "down": "ArrowDown",
    "left": "ArrowLeft",
    "right": "ArrowRight",
    "esc": "Escape",
    "return": "Enter",
    "del": "Delete",
    "ins": "Insert",
    "pgup": "PageUp",
    "pgdn": "PageDown",
    "pgdown": "PageDown",
    "bspace": "Backspace",
    "bs": "Backspace",
    "plus": "+",
}
_NAMES = {name.lower(): name for name in NAMED_KEYS} | _ALIASES


def parse_key(text: str) -> tuple[str, str, Modifiers]:
    """Parse a key's name.

    Returns:
        The key as in ``messages.Key``, the text that it types ("" for none), and the modifiers.

    Raises:
        ValueError: there is no such key; the message is one line for the user.
    """
    *prefixes, name = text.replace("++", "+plus").split("+") if text != "+" else [text]
    modifiers = Modifiers.NONE
    for prefix in prefixes:
        if prefix.lower() not in _MODIFIERS:
            raise ValueError(f"invalid key {text!r}: {prefix!r} is not Ctrl, Alt, Shift or Super")
        modifiers |= _MODIFIERS[prefix.lower()]
    named = _NAMES.get(name.lower()) if len(name) > 1 else None
    if named == "Space":
        return named, " ", modifiers
    if named is not None and len(named) > 1:
        return named, "", modifiers
    character = named or name
    if len(character) != 1 or not character.isprintable():
        raise ValueError(f"invalid key {text!r}; use a character, or a name such as Enter, Up, F5, Ctrl+c")
    key = character.lower()
    if character != key:
        modifiers |= Modifiers.SHIFT
    types_text = not modifiers & (Modifiers.CTRL | Modifiers.ALT | Modifiers.SUPER)
    typed = key.upper() if modifiers & Modifiers.SHIFT else character
    return key, typed if types_text else "", modifiers
