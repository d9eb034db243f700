"""The few words of Qt's own that users see: keys as keyboards name them, and the words of its menus without letters."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QTranslator

_KEYS: Final = {
    "Return": "Enter",
    "Enter": "Keypad Enter",
    "PgUp": "PageUp",
    "PgDown": "PageDown",
    "Ins": "Insert",
    "Del": "Delete",
    "Meta": "Super",
}

_EDITING: Final = {
    "&Undo": "Undo",
    "&Redo": "Redo",
    "Cu&t": "Cut",
    "&Copy": "Copy",
    "&Paste": "Paste",
    "Select All": "Select all",
    "Copy &Link Location": "Copy link",
}

_WORDS: Final = {"QShortcut": _KEYS, "QLineEdit": _EDITING, "QWidgetTextControl": _EDITING}
"""By the class that shows them (Qt's "context")."""


class _QtWords(QTranslator):
    """Answers Qt, which asks for each text that it shows."""

    def isEmpty(self) -> bool:
        return False  # an empty one is not installed

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        """Our word; without one, what Qt takes for "none": its own text stays."""
        return _WORDS.get(context, {}).get(source)  # type: ignore[return-value]


def install_qt_words(application: QCoreApplication) -> None:
    """Show Qt's words as ours, as long as the application lives."""
    application.installTranslator(_QtWords(application))
