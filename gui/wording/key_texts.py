"""Texts of the page Keys of the settings window, and of problems in ``keys.toml``."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate


def hint() -> str:
    return translate(
        "keys", "Enter changes an action’s key, Insert adds one, Delete removes its keys, Backspace resets them."
    )


def press_a_key() -> str:
    return translate("keys", "Press the new key…  Esc cancels")


def no_key() -> str:
    return translate("keys", "No key")


def change() -> str:
    return translate("keys", "Change…")


def add() -> str:
    return translate("keys", "Add a key…")


def remove() -> str:
    return translate("keys", "Remove")


def reset() -> str:
    return translate("keys", "Reset")


def reset_all() -> str:
    return translate("keys", "Reset all keys…")


def reset_all_question() -> str:
    return translate("keys", "Reset all keys?")


def texts() -> str:
    return translate("keys", "Keys that type text")


def types(text: str) -> str:
    """The title of a key that types a text."""
    return translate("keys", "Type “{text}”").format(text=text)


def add_text() -> str:
    return translate("keys", "Add a key that types text…")


def edit_text() -> str:
    return translate("keys", "Edit the text…")


def text() -> str:
    return translate("keys", "Text")


def text_hint() -> str:
    return translate(
        "keys",
        "\\r is Enter, \\e Escape, \\t Tab, \\x03 Ctrl+C and \\\\ a backslash. A line that ends with \\r runs at once.",
    )


def save_text() -> str:
    return translate("keys", "Save")


def remove_text_question(text: str) -> str:
    return translate("keys", "Remove the key that types “{text}”?").format(text=text)


def row(title: str, keys: str) -> str:
    """A row for screen readers."""
    return translate("keys", "{title}: {keys}").format(title=title, keys=keys)


def changed_row(title: str, keys: str) -> str:
    return translate("keys", "{title}: {keys}, changed by you").format(title=title, keys=keys)


def used_by(key: str, title: str) -> str:
    return translate("keys", "{key} is already the key of “{title}”.").format(key=key, title=title)


def also_by_programs(key: str, use: str) -> str:
    return translate("keys", "Programs in terminals use {key} ({use}). They would no longer receive it.").format(
        key=key, use=use
    )


def types_text(key: str) -> str:
    return translate("keys", "{key} types a character. Add Ctrl, Alt or both.").format(key=key)


def use_anyway() -> str:
    return translate("keys", "Use it anyway")


def take_it() -> str:
    return translate("keys", "Use it here instead")


USES = {
    "interrupt": QT_TRANSLATE_NOOP("keys", "interrupt"),
    "end of input": QT_TRANSLATE_NOOP("keys", "end of input"),
    "suspend": QT_TRANSLATE_NOOP("keys", "suspend"),
    "search the history": QT_TRANSLATE_NOOP("keys", "search the history"),
    "clear the screen": QT_TRANSLATE_NOOP("keys", "clear the screen"),
    "agents' permission modes": QT_TRANSLATE_NOOP("keys", "permission modes of Claude Code and others"),
    "agents' transcript": QT_TRANSLATE_NOOP("keys", "transcript of Claude Code"),
    "agents' tasks": QT_TRANSLATE_NOOP("keys", "tasks of Claude Code"),
    "agents' editor": QT_TRANSLATE_NOOP("keys", "the prompt in an editor"),
    "move and edit": QT_TRANSLATE_NOOP("keys", "to move and edit"),
    "control keys": QT_TRANSLATE_NOOP("keys", "as a control key"),
    "meta keys": QT_TRANSLATE_NOOP("keys", "as a Meta key"),
    "function keys": QT_TRANSLATE_NOOP("keys", "as a function key"),
}


def use(name: str) -> str:
    return translate("keys", str(USES[name]))


def unknown_action(location: str, action: str) -> str:
    """``location`` is the file and the line."""
    return translate("keys", "{location}: unknown action '{action}'").format(location=location, action=action)


def invalid_key(location: str, keys: str, action: str) -> str:
    return translate("keys", "{location}: invalid key '{keys}' for '{action}'").format(
        location=location, keys=keys, action=action
    )


def key_is_taken(location: str, key: str, action: str) -> str:
    return translate("keys", "{location}: '{key}' is already the key of '{action}'").format(
        location=location, key=key, action=action
    )
