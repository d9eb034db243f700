"""The user's keys that type a text into the shown page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from gui.settings.text_keys import TextKey, name_of, typed


class TextKeys:
    """The keys, which work while a page has the keyboard focus."""

    def __init__(self, pages: QWidget, type_text: Callable[[str], object]) -> None:
        """Set up without keys.

        Args:
            pages: the widget with all pages.
            type_text: types a text into the shown page.
        """
        self._pages = pages
        self._type_text = type_text
        self._actions: list[QAction] = []

    def set_keys(self, texts: Sequence[TextKey], sequences: Mapping[str, list[QKeySequence]]) -> None:
        """Set all keys; ``sequences`` has those that no other action has, by ``name_of``."""
        for action in self._actions:
            self._pages.removeAction(action)
            action.deleteLater()
        self._actions = []
        for at, entry in enumerate(texts):
            action = QAction(entry.text, self._pages)
            action.setShortcuts(sequences.get(name_of(at), []))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setAutoRepeat(False)  # A text may be a command.
            text = typed(entry.text)
            action.triggered.connect(lambda _checked, text=text: self._type_text(text))
            self._pages.addAction(action)
            self._actions.append(action)
