"""The rename sheet: one field with the chat's name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from gui.theme.theme import Theme
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row
from gui.window.widgets.parts import button, label, show_text
from gui.wording import common_texts, sheet_texts
from session_host.protocol.untrusted_text import as_name


class NameSheet(Sheet):
    """Asks for a name; Enter accepts it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, sheet_texts.RENAME_CHAT(), ASK_PX, self._submit)
        self._on_submit: Callable[[str], object] = lambda _name: None
        self.field = QLineEdit()
        self.field.setAccessibleName(common_texts.NAME())
        self.field.setMaxLength(80)
        self.rename = button(sheet_texts.RENAME(), "primary", self._submit)
        cancel = button(common_texts.CANCEL(), "", self.dismiss)
        self.note = label("", "secondary", wraps=True)
        self.note.hide()
        self.lay_out(label(sheet_texts.RENAME_CHAT(), "title"), self.field, self.note, button_row(cancel, self.rename))
        self.field.textChanged.connect(self._on_text)

    def ask(self, name: str, on_submit: Callable[[str], object]) -> None:
        """Open the sheet with this name; ``on_submit`` gets the new one."""
        self._on_submit = on_submit
        self.field.setText(name)
        self.open()
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_text(self, text: str) -> None:
        note = common_texts.NO_DASH_FIRST() if text.lstrip().startswith("-") else ""
        show_text(self.note, note)
        self.field.setAccessibleDescription(note)
        self.rename.setEnabled(bool(as_name(text)))

    def _submit(self) -> None:
        name = as_name(self.field.text())
        if name:
            self.dismiss()
            self._on_submit(name)
