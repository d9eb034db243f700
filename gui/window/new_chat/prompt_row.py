"""The first prompt of a new chat: a field, and a button that inserts a saved prompt."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.window.sheets.chooser import Chooser
from gui.window.sheets.sheet import Sheet
from gui.window.widgets.parts import IconButton
from gui.window.widgets.prompt_field import PromptField
from gui.wording import new_chat_texts, sheet_texts


class PromptRow(QWidget):
    """The field and the button.

    Attributes:
        field: the prompt.
        saved: the button.

    Signals:
        saved_requested: list the saved prompts in ``chooser``.
    """

    saved_requested = Signal()

    def __init__(self, theme: Theme, below: Sheet) -> None:
        """Create the row of the sheet ``below``."""
        super().__init__()
        self._theme = theme
        self._below = below
        self.field = PromptField(new_chat_texts.FIRST_PROMPT())
        self.field.setPlaceholderText(new_chat_texts.OPTIONAL())
        self.saved = IconButton(theme, Glyph.SAVED_PROMPT, sheet_texts.INSERT_PROMPT_MENU(), self.saved_requested.emit)
        self.saved.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_S_PX)
        row.addWidget(self.field, 1)
        row.addWidget(self.saved, 0, Qt.AlignmentFlag.AlignTop)
        self.setFocusProxy(self.field)

    @cached_property
    def chooser(self) -> Chooser:
        """A list over the sheet."""
        made = Chooser(self._theme, self._below.around)
        made.set_below(self._below, self)
        return made

    def insert(self, text: str) -> None:
        """Insert a text where the cursor is, instead of the selection."""
        self.field.insertPlainText(text)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
