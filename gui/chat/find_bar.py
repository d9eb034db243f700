"""The bar that finds a text in a chat."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from gui.theme.follow import Theme
from gui.theme.icons import Glyph, glyph_icon
from gui.wording import chat_texts


class FindBar(QFrame):
    """A field, the number of matches, and the ways between them.

    Signals:
        searched(str): the user looks for another text.
        moved(int): the user goes to the next match (1) or the one before (-1).
        closed: the user closed the bar.
    """

    searched = Signal(str)
    moved = Signal(int)
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("area", "banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.field = QLineEdit()
        self.field.setPlaceholderText(chat_texts.find())
        self.field.setAccessibleName(chat_texts.find())
        self.field.setMinimumWidth(200)
        self.count = QLabel()
        self.count.setProperty("kind", "secondary")
        self.count.setMinimumWidth(72)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(4)
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        self._buttons = [
            (self._button(chat_texts.previous_match(), lambda: self.moved.emit(-1)), Glyph.UP),
            (self._button(chat_texts.next_match(), lambda: self.moved.emit(1)), Glyph.EXPANDED),
            (self._button(chat_texts.close_find(), self.closed.emit), Glyph.CLOSE),
        ]
        for button, _ in self._buttons:
            row.addWidget(button)
        self._dress()
        theme.changed.connect(self._dress)
        self.field.textChanged.connect(self.searched)
        self.hide()

    @staticmethod
    def _button(name: str, on_click: Callable[[], object]) -> QToolButton:
        made = QToolButton()
        made.setToolTip(name)
        made.setAccessibleName(name)
        made.setIconSize(QSize(14, 14))
        made.clicked.connect(lambda _checked: on_click())
        return made

    def _dress(self) -> None:
        for button, glyph in self._buttons:
            button.setIcon(glyph_icon(glyph, self._theme.tokens))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.moved.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def show_count(self, place: int, count: int, *, more: bool) -> None:
        """Show which match of how many is shown; ``more`` while the search goes on."""
        if not self.field.text():
            self.count.setText("")
        elif not count:
            self.count.setText("…" if more else chat_texts.no_match())
        else:
            self.count.setText(chat_texts.matches(place, count))
