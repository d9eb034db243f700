"""The form for a text that a key types, on the page Keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gui.settings.text_keys import MAX_CHARACTERS, typed, without_controls
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.widgets.accessibility import announce
from gui.window.widgets.parts import Area, button, label
from gui.wording import common_texts, phrases, settings_texts


class TextForm(Area):
    """Asks for a text with escapes; Enter accepts it, Escape closes the form."""

    def __init__(self) -> None:
        super().__init__("card")
        self._on_text: Callable[[str], object] = lambda _text: None
        self._back_to: QWidget | None = None
        self.field = QLineEdit()
        self.field.setAccessibleName(settings_texts.TEXT_OF_KEY())
        self.field.setMaxLength(MAX_CHARACTERS)
        self.field.returnPressed.connect(self._submit)
        hint = label(settings_texts.TEXT_OF_KEY_HINT(), "secondary")
        hint.setWordWrap(True)
        self.field.setAccessibleDescription(settings_texts.TEXT_OF_KEY_HINT())
        self.problem = label("", "problem")
        self.problem.setWordWrap(True)
        self.problem.hide()
        row = QHBoxLayout()
        row.setSpacing(GAP_S_PX)
        row.addStretch(1)
        row.addWidget(button(common_texts.CANCEL(), "", self.leave))
        row.addWidget(button(settings_texts.SAVE_TEXT(), "primary", self._submit))
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        column.setSpacing(GAP_S_PX)
        column.addWidget(label(settings_texts.TEXT_OF_KEY(), "secondary"))
        column.addWidget(self.field)
        column.addWidget(hint)
        column.addWidget(self.problem)
        column.addLayout(row)
        self.hide()

    def ask(self, text: str, back_to: QWidget, on_text: Callable[[str], object]) -> None:
        """Show the form with a text; ``back_to`` gets the keyboard focus afterwards."""
        self._on_text = on_text
        self._back_to = back_to
        self.field.setText(text)
        self.problem.hide()
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Close the form without a text."""
        self.hide()
        if self._back_to is not None:
            self._back_to.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        text = without_controls(self.field.text())
        try:
            typed(text)
        except ValueError as error:
            self.problem.setText(f"{phrases.first_upper(str(error))}.")
            self.problem.show()
            announce(self.problem, self.problem.text())
            return
        self.leave()
        self._on_text(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)
