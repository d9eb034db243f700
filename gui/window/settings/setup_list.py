"""The repositories with a setup of their worktrees (``worktree_setup`` in ``chats.toml``), on the page General."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Qt

from gui.theme.icons import Glyph
from gui.window.settings.context import SettingsContext
from gui.window.settings.controls import Control
from gui.window.settings.page import Page, Section
from gui.window.settings.row import PlainRow
from gui.window.settings.setup_form import SetupForm
from gui.window.settings.values import Values
from gui.window.widgets.parts import IconButton, button
from gui.wording import phrases, settings_texts


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
