"""The name of a new chat: suggested from its directory, or chosen by the user."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from gui.window.widgets.parts import label
from gui.wording import common_texts, new_chat_texts
from session_host.protocol.untrusted_text import as_name


class FreeName(Protocol):
    """Returns the name that a new chat gets for a wanted one; see ``Sessions.free_name``."""

    def __call__(self, wanted: str, *, is_chosen: bool) -> str: ...


def wanted_name(wanted: str, *, is_chosen: bool) -> str:
    """The wanted name: there are no other chats."""
    del is_chosen
    return wanted


MAX_CHARACTERS = 80


class NameField(QWidget):
    """The field with the name, and a note below it if the chat will get another one.

    Attributes:
        line: the field.
        is_chosen: whether the user entered a name; then no other one is suggested.
        is_settled: whether the chat is being started; then its own name is no other chat's.
    """

    def __init__(self, free_name: FreeName) -> None:
        super().__init__()
        self._free_name = free_name
        self._suggested = ""
        self.is_chosen = self.is_settled = False
        self.line = QLineEdit()
        self.line.setMaxLength(MAX_CHARACTERS)
        self.line.setAccessibleName(common_texts.NAME())
        self.line.textEdited.connect(self._on_edited)
        self.note = label("", "secondary")
        self.note.setWordWrap(True)
        self.note.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.line)
        layout.addWidget(self.note)

    @property
    def name(self) -> str:
        """The entered name, or the suggested one."""
        return as_name(self.line.text()) or self.line.placeholderText()

    def suggest(self, name: str) -> None:
        """Suggest a name, unless the user entered one."""
        self._suggested = name
        self.update_name()

    def update_name(self) -> None:
        """Show the name that the chat gets; call it again when chats start or end."""
        if self.is_settled:
            return
        suggestion = self._free_name(self._suggested, is_chosen=False)
        self.line.setPlaceholderText(suggestion)
        if not self.is_chosen and (self.line.text().strip() or not self.line.hasFocus()):
            self.line.setText(suggestion)
        name = self.name
        free = self._free_name(name, is_chosen=self.is_chosen)
        note = new_chat_texts.NAME_IS_TAKEN(name=name, free=free) if free != name else ""
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.line.setAccessibleDescription(note)

    def _on_edited(self, text: str) -> None:
        self.is_chosen = bool(text.strip())
        self.update_name()
