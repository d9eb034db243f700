"""The repositories with a setup of their worktrees (``worktree_setup`` in ``chats.toml``), on the page General."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout
from shiboken6 import Shiboken

from gui.screen_readers import announce
from gui.theme.icons import Glyph
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.sheets.sheet import field_grid
from gui.window.widgets.directory_field import DirectoryField
from gui.window.widgets.parts import IconButton, button, label, sentence, stack
from gui.wording import common_texts, new_chat_texts, phrases, settings_texts
from session_host.client.chats.setup_entries import entry_of
from session_host.errors import OutliveError

from .context import SettingsContext, Values
from .controls import Control
from .page import Card, Page, PlainRow, Section


class SetupForm(Card):
    """The form; Enter saves, Escape closes it.

    Signals:
        closed(str): the form was left; the repository's directory as the file has it, "" for a new one.
    """

    closed = Signal(str)

    def __init__(self, context: SettingsContext, values: Values) -> None:
        super().__init__(lambda: self._leave(self._edited), self._save)
        self._context, self._values = context, values
        self._edited = ""
        """The edited entry's directory as the file has it; "" for a new entry."""
        self.directory = DirectoryField()
        self.directory.setPlaceholderText(settings_texts.REPOSITORY_EXAMPLE())
        self.command = QLineEdit()
        self.command.setPlaceholderText(new_chat_texts.SETUP_EXAMPLE())
        self.problem = label("", "problem", wraps=True)
        self.remove = button(settings_texts.REMOVE_SETUP(), "", lambda: self._write(self._edited, ""))
        self.cancel = button(common_texts.CANCEL(), "", lambda: self._leave(self._edited))
        self.save = button(settings_texts.SAVE(), "primary", self._save)
        grid = field_grid((settings_texts.REPOSITORY(), self.directory), (settings_texts.SETUP_COMMAND(), self.command))
        buttons = stack(QHBoxLayout(), self.remove, None, self.cancel, self.save, gap=GAP_S_PX)
        stack(QVBoxLayout(self), grid, self.problem, buttons, gap=GAP_S_PX, margins=GAP_M_PX)

    def ask(self, repository: str, command: str) -> None:
        """Show the form for a repository of the file, or for a new one ("")."""
        self._edited = repository
        self.directory.setText(phrases.short_directory(repository))
        self.directory.setEnabled(not repository)
        self.command.setText(command)
        self.remove.setVisible(bool(repository))
        self.save.setEnabled(True)
        self._show_problem("")
        self.show()
        (self.command if repository else self.directory).setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self, repository: str) -> None:
        self.hide()
        self.closed.emit(repository)

    def _show_problem(self, problem: str) -> None:
        self.problem.setText(sentence(problem))
        self.problem.setVisible(bool(problem))
        if problem:
            announce(self.problem, self.problem.text())

    def _save(self) -> None:
        if not self.save.isEnabled():
            return  # The directory is being looked at.
        for field in (self.directory, self.command):
            if not field.text().strip():
                self._refuse(field, settings_texts.ENTER_A_VALUE(field=field.accessibleName()))
                return
        command = self.command.text().strip()
        if self._edited:
            self._write(self._edited, command)
        elif problem := self.directory.problem():
            self._refuse(self.directory, problem)
        else:
            self.save.setEnabled(False)
            self._context.tasks.start(self._add(self.directory.directory(), command), "the repository of a setup")

    async def _add(self, directory: str, command: str) -> None:
        """Write the command for the repository that a directory is in."""
        entry, problem = None, ""
        try:
            entry = await asyncio.to_thread(entry_of, directory)
        except OutliveError as error:
            problem = str(error)
        if not Shiboken.isValid(self) or self.isHidden():
            return  # The window or the form was closed meanwhile.
        if entry is None:
            self._refuse(self.directory, self._values.shortened(problem))
        elif entry.command:
            self._refuse(self.directory, settings_texts.IS_LISTED(repository=phrases.short_directory(entry.repository)))
        else:
            self._write(entry.repository, command)

    def _write(self, repository: str, command: str) -> None:
        """Write an entry; an empty command removes it."""
        try:
            self._context.settings.write({("worktree_setup", repository): command or None}, "chats")
        except OutliveError as error:
            self._refuse(self.command, self._values.shortened(str(error)))
            return
        self._leave(repository)

    def _refuse(self, field: QLineEdit, problem: str) -> None:
        self.save.setEnabled(True)
        self._show_problem(problem)
        field.setFocus(Qt.FocusReason.OtherFocusReason)


class _ButtonControl(Control):
    """A button in the place of a control."""

    def __init__(self, inner: IconButton | None = None) -> None:
        super().__init__()
        self.button = inner or button(settings_texts.ADD_SETUP())
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.row.addWidget(self.button)
        self.set_input_widget(self.button)

    def set_name(self, name: str) -> None:
        """The button has a name."""


class SetupList(QObject):
    """Adds the list to a page, and keeps it equal to the file.

    Attributes:
        rows: the row of each repository, by its directory as the file has it.
        add: the button that adds a repository.
        form: the form for a repository and its command.
    """

    def __init__(self, page: Page, context: SettingsContext, values: Values) -> None:
        super().__init__(page)
        self._page, self._context, self._values = page, context, values
        self._entries: Mapping[str, str] = {}
        self.rows: dict[str, PlainRow] = {}
        control = _ButtonControl()
        self.add = control.button
        self.add.clicked.connect(self._add)
        self._heading = PlainRow(settings_texts.SETUPS(), settings_texts.SETUPS_HELP(), control)
        self._section = Section(context.theme, settings_texts.WORKTREES(), [self._heading])
        page.add_section(self._section)
        self.form = SetupForm(context, values)
        self.form.hide()
        page.add_unfiltered(self.form)
        self.form.closed.connect(self._on_form_closed)
        values.changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        entries, problem = self._values.setups()
        self._heading.show_problem(problem)
        self.add.setEnabled(not self._values.problem_of_file("chats"))
        if list(entries.items()) == list(self._entries.items()):
            return
        self._entries = entries
        self.rows = {repository: self._row(repository, command) for repository, command in entries.items()}
        section = Section(self._context.theme, settings_texts.WORKTREES(), [self._heading, *self.rows.values()])
        self._page.replace_section(self._section, section)
        self._section = section

    def _row(self, repository: str, command: str) -> PlainRow:
        short = phrases.short_directory(repository)
        name = settings_texts.EDIT_SETUP(repository=short)
        edit = IconButton(self._context.theme, Glyph.PENCIL, name, lambda: self.form.ask(repository, command))
        return PlainRow(phrases.last_part(repository), f"{short}\n{command}", _ButtonControl(edit))

    def _add(self) -> None:
        self.form.ask("", "")

    def _on_form_closed(self, repository: str) -> None:
        row = self.rows.get(repository)
        (self.add if row is None else row.control).setFocus(Qt.FocusReason.OtherFocusReason)
