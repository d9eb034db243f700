"""The export sheet: destination and format."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QWidget

from gui.bridge.chat_files import file_name
from gui.theme.controls import flow, set_look
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row
from gui.window.widgets.directory_field import DirectoryField
from gui.window.widgets.parts import Scrolled, button, label, show_text
from gui.wording import common_texts, new_chat_texts, sheet_texts
from gui.wording.phrases import short_directory
from session_host.client.chats.directories import LOOK_TIMEOUT_S
from session_host.patience import within
from session_host.protocol.values import Runtime
from session_host.standing.traits import TRAITS

MAX_PX = 1000


class ExportSheet(Sheet):
    """Asks for a file and a format; Enter saves. Replacing an existing file needs a second confirmation."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, sheet_texts.EXPORT_CHAT(), ASK_PX, self._submit)
        self._on_submit: Callable[[Path], object] = lambda _path: None
        self._may_replace: Path | None = None
        self.file = DirectoryField()
        self.file.setAccessibleName(sheet_texts.FILE())
        self.formats: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._forms: tuple[str, ...] = ()
        for suffix in sheet_texts.FORMS:
            what = sheet_texts.FORMS[suffix]()
            made = button(f"{what} ({suffix})", "chip")
            made.setCheckable(True)
            made.setAutoExclusive(True)  # For screen readers, which then announce one of several.
            made.setAccessibleName(sheet_texts.FORMAT(kind=what))
            made.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            made.clicked.connect(lambda _checked, suffix=suffix: self._use_format(suffix))
            made.toggled.connect(partial(_set_tab_stop, made))
            self._group.addButton(made)
            self.formats[suffix] = made
        set_tooltip(self.formats[".cast"], sheet_texts.PLAYS_IN_ASCIINEMA())
        self.problem = label("", "failed", wraps=True)
        self.cancel = button(common_texts.CANCEL(), "", self.dismiss)
        self.save = button(sheet_texts.EXPORT(), "primary", self._submit)
        inner = QWidget()
        fields = QGridLayout(inner)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setHorizontalSpacing(GAP_M_PX)
        fields.setVerticalSpacing(GAP_S_PX)
        fields.addWidget(label(sheet_texts.FILE(), "secondary"), 0, 0)
        fields.addWidget(self.file, 0, 1)
        fields.addWidget(label(sheet_texts.FORMAT_LABEL(), "secondary"), 1, 0)
        fields.addWidget(flow(*self.formats.values()), 1, 1)
        fields.addWidget(self.problem, 2, 0, 1, 2)
        middle = Scrolled(inner, MAX_PX, sheet_texts.EXPORT_CHAT())
        self.lay_out(label(sheet_texts.EXPORT_CHAT(), "title"), middle, button_row(self.cancel, self.save), wide=middle)
        self.file.textChanged.connect(self._on_file)

    def ask(
        self, name: str, directory: Path, on_submit: Callable[[Path], object], runtime: Runtime = "terminal"
    ) -> None:
        """Open the sheet for a chat.

        Args:
            name: the chat's name, which suggests the file's name.
            directory: the suggested directory.
            on_submit: called with the file.
            runtime: the chat's, which decides about the formats.
        """
        self._on_submit = on_submit
        self._forms = TRAITS[runtime].formats
        for suffix, one in self.formats.items():
            one.setVisible(suffix in self._forms)
        self.file.setText(short_directory(str(directory / (file_name(name) + self._forms[0]))))
        self._on_file()
        self.open()
        self.file.setFocus(Qt.FocusReason.OtherFocusReason)

    def path(self) -> Path:
        """The file, with the suffix of the chosen format unless the user typed a known suffix."""
        path = Path(self.file.directory())
        return path if path.suffix in self._forms else path.with_name(path.name + self._format())

    def _format(self) -> str:
        return next(
            (suffix for suffix, one in self.formats.items() if one.isChecked() and suffix in self._forms),
            self._forms[0],
        )

    def _on_file(self) -> None:
        """Handle a changed file name."""
        suffix = Path(self.file.text().strip()).suffix
        if suffix in self._forms:
            self.formats[suffix].setChecked(True)
        self._show_error("")

    def _use_format(self, suffix: str) -> None:
        typed = self.file.text().strip()
        known = Path(typed).suffix
        self.file.setText((typed.removesuffix(known) if known in self._forms else typed) + suffix)

    def _show_error(self, problem: str, *, may_replace: Path | None = None) -> None:
        self._may_replace = may_replace
        show_text(self.problem, problem)
        self.save.setText(sheet_texts.EXPORT() if may_replace is None else sheet_texts.REPLACE())
        set_look(self.save, "kind", "primary" if may_replace is None else "danger")
        if may_replace is not None:
            self.cancel.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        path = self.path()
        shown = short_directory(str(path))
        typed = self.file.text().strip()
        whole = Path(self.file.directory())
        try:
            is_directory, has_folder, exists = within(
                LOOK_TIMEOUT_S, lambda: (whole.is_dir() or path.is_dir(), path.parent.is_dir(), path.exists())
            )
        except TimeoutError:
            self._show_error(new_chat_texts.DISK_DOES_NOT_ANSWER(path=short_directory(str(path.parent))))
            return
        if not typed or typed.endswith("/") or is_directory:
            self._show_error(sheet_texts.ENTER_FILE_NAME())
        elif not has_folder:
            self._show_error(sheet_texts.NO_SUCH_FOLDER(folder=short_directory(str(path.parent))))
        elif exists and path != self._may_replace:
            self._show_error(sheet_texts.REPLACE_FILE(path=shown), may_replace=path)
        else:
            self.dismiss()
            self._on_submit(path)


def _set_tab_stop(format_button: QPushButton, chosen: bool) -> None:
    """Let Tab stop only at the chosen format; the arrow keys reach the others."""
    format_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus if chosen else Qt.FocusPolicy.ClickFocus)
