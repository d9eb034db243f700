"""Texts of the colours for marking chats."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate

_NAMES = {
    "": QT_TRANSLATE_NOOP("color", "None"),
    "red": QT_TRANSLATE_NOOP("color", "Red"),
    "orange": QT_TRANSLATE_NOOP("color", "Orange"),
    "yellow": QT_TRANSLATE_NOOP("color", "Yellow"),
    "green": QT_TRANSLATE_NOOP("color", "Green"),
    "cyan": QT_TRANSLATE_NOOP("color", "Cyan"),
    "blue": QT_TRANSLATE_NOOP("color", "Blue"),
    "purple": QT_TRANSLATE_NOOP("color", "Purple"),
    "pink": QT_TRANSLATE_NOOP("color", "Pink"),
}


def color() -> str:
    """The menu of colours."""
    return translate("color", "Colour")


def name_of(label: str) -> str:
    """The name of a colour of ``LABEL_COLORS``; "" is none."""
    return translate("color", str(_NAMES[label]))


def labelled(label: str) -> str:
    """A screen reader's text for a chat's colour; "" for none."""
    return translate("color", "colour {name}").format(name=name_of(label).lower()) if label else ""
