"""The sheet that asks for the file of another terminal's theme."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QDir, Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from gui.theme.controls import FileDialog
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row
from gui.window.widgets.directory_field import DirectoryField
from gui.window.widgets.parts import button, label, show_text, stack
from gui.wording import action_texts, common_texts, new_chat_texts, phrases, sheet_texts
from session_host.client.chats.directories import list_directory


class ImportThemeSheet(Sheet):
    """Asks for a file; a file that is no theme is reported below the field."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, action_texts.IMPORT_A_THEME(), ASK_PX, self._submit)
        self._on_submit: Callable[[Path], str] = lambda _path: ""
        self.file = DirectoryField(offers_files=True)
        self.file.setAccessibleName(sheet_texts.FILE())
        self.browse = button(new_chat_texts.BROWSE(), "", self._browse)
        self.browse.setAccessibleName(sheet_texts.CHOOSE_FILE())
        row = stack(QHBoxLayout(), self.file, self.browse, gap=GAP_S_PX, wide=self.file)
        self.problem = label("", "failed", wraps=True)
        self.cancel = button(common_texts.CANCEL(), "", self.dismiss)
        self.accept = button(sheet_texts.IMPORT(), "primary", self._submit)
        kinds = label(sheet_texts.KINDS_OF_THEMES(), "secondary", wraps=True)
        self.lay_out(
            label(action_texts.IMPORT_A_THEME(), "title"),
            kinds,
            row,
            self.problem,
            button_row(self.cancel, self.accept),
        )
        self.file.textChanged.connect(lambda _text: self._show_problem(""))

    def ask(self, path: str, on_submit: Callable[[Path], str], problem: str = "") -> None:
        """Open the sheet.

        Args:
            path: the suggested path.
            on_submit: imports the file; returns the problem, "" for none.
            problem: why the suggested file cannot be imported; "" if it was not tried.
        """
        self._on_submit = on_submit
        self.file.setText(path)
        self._show_problem(problem)
        self.open()
        self.file.setFocus(Qt.FocusReason.OtherFocusReason)

    def _browse(self) -> None:
        """Choose the file in the desktop's dialog, which opens at the field's directory."""
        dialog = FileDialog(
            self._theme, self, sheet_texts.CHOOSE_FILE(), list_directory(self.file.directory(), nearest=True).path
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setFilter(dialog.filter() | QDir.Filter.Hidden)  # Terminals keep their themes below ~/.config.
        dialog.fileSelected.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, path: str) -> None:
        self.file.setText(phrases.short_directory(path))
        self.file.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_problem(self, problem: str) -> None:
        show_text(self.problem, problem)
        self.accept.setEnabled(bool(self.file.text().strip()))

    def _submit(self) -> None:
        if not self.file.text().strip():
            return
        problem = self._on_submit(Path(self.file.directory()))
        if problem:
            self._show_problem(problem)
        else:
            self.dismiss()
