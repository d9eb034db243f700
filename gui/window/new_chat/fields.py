"""Composite fields of the sheet that starts a chat."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from msgspec.structs import asdict, replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.bridge.git_status import Status
from gui.settings.layout import Start
from gui.theme.controls import FlowLayout
from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.sheets.chooser import Chooser
from gui.window.sheets.sheet import Sheet
from gui.window.widgets.parts import ChoiceBox, CopyButton, IconButton, button, label, monospace_font, show_text, stack
from gui.window.widgets.prompt_field import PromptField
from gui.wording import common_texts, machine_texts, new_chat_texts, phrases, sheet_texts
from session_host.agents.agent import Account, Agent
from session_host.client.chats.installed_agents import EndpointDefaults, endpoint_defaults
from session_host.client.chats.setup_entries import SetupEntry
from session_host.endpoint.server.addresses import base_url
from session_host.errors import UsageError
from session_host.protocol.untrusted_text import as_name, one_line
from session_host.protocol.values import Runtime

from .request import ENDPOINT, InvalidField, endpoint_arguments, known_words, needs_a_command, words_of

_EXAMPLE_URL = "http://127.0.0.1:8080/v1"


class PresetButtons(QWidget):
    """Buttons for named arguments, each of them on or off."""

    def __init__(self) -> None:
        super().__init__()
        self._presets: Mapping[str, tuple[str, ...]] = {}
        self._buttons: dict[str, QPushButton] = {}
        self._flow = FlowLayout(self)
        self.setAccessibleName(new_chat_texts.PRESETS())

    def set_presets(self, presets: Mapping[str, tuple[str, ...]], chosen: list[str]) -> None:
        """Set the named arguments, and which of them are on."""
        for old in self._buttons.values():
            self._flow.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._presets, self._buttons = presets, {}
        for name, arguments in presets.items():
            made = button(name, "chip")
            made.setCheckable(True)
            made.setChecked(name in chosen)
            set_tooltip(made, shlex.join(arguments))
            made.setAccessibleName(new_chat_texts.PRESET(name=name))
            self._flow.addWidget(made)
            self._buttons[name] = made

    def chosen(self) -> list[str]:
        """The names that are on."""
        return [name for name, one in self._buttons.items() if one.isChecked()]

    def arguments(self) -> list[str]:
        """The arguments for the names that are on."""
        return [word for name in self.chosen() for word in self._presets[name]]


class AccountField(QWidget):
    """The choice between the default account and the user's others; of an agent without others, nothing is shown."""

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._made: dict[str, QPushButton] = {}
        self._flow = FlowLayout(self)
        self.setAccessibleName(new_chat_texts.ACCOUNT())

    def set_accounts(self, accounts: Mapping[str, Account], chosen: str) -> None:
        """Set the accounts beside the default one, and which of all is chosen; the default one if it is not there."""
        for old in self._made.values():
            self._group.removeButton(old)
            self._flow.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._made = {}
        for name in ("", *accounts):
            made = button(name or new_chat_texts.DEFAULT_ACCOUNT(), "chip")
            made.setCheckable(True)
            made.setChecked(name == (chosen if chosen in accounts else ""))
            places = ", ".join(map(phrases.short_directory, accounts[name].env.values())) if name else ""
            set_tooltip(made, places)
            made.setAccessibleDescription(places)
            self._group.addButton(made)
            self._flow.addWidget(made)
            self._made[name] = made

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to choose."""
        return len(self._made) > 1

    def value(self) -> str:
        """The choice; "" for the default account."""
        return next((name for name, made in self._made.items() if made.isChecked()), "")


class RuntimeField(QWidget):
    """The choice between the agent's own terminal and a chat view.

    Attributes:
        buttons: one for each, in the order of the keyboard.

    Signals:
        changed: the user chose another one.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._buttons = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_S_PX)
        texts: dict[Runtime, tuple[str, str]] = {
            "terminal": (new_chat_texts.AS_TERMINAL(), new_chat_texts.AS_TERMINAL_HINT()),
            "structured": (new_chat_texts.AS_CHAT(), new_chat_texts.AS_CHAT_HINT()),
        }
        self._made: dict[Runtime, QPushButton] = {}
        for runtime, (text, hint) in texts.items():
            made = button(text, "chip", self.changed.emit)
            made.setCheckable(True)
            set_tooltip(made, hint)
            made.setAccessibleDescription(hint)
            self._buttons.addButton(made)
            row.addWidget(made)
            self._made[runtime] = made
        row.addStretch(1)
        self.buttons = list(self._made.values())
        self.set_value("terminal")

    def set_value(self, runtime: Runtime) -> None:
        """Suggest a choice."""
        self._made[runtime].setChecked(True)

    def value(self) -> Runtime:
        """The choice."""
        return "structured" if self._made["structured"].isChecked() else "terminal"


class WorktreeField(QWidget):
    """The choice of a git worktree for the chat, of its branch, and of the setup of the repository's worktrees.

    Attributes:
        stops: the controls, in the order of the keyboard.
    """

    def __init__(self) -> None:
        super().__init__()
        self._entry: SetupEntry | None = None
        self.checkbox = QCheckBox(new_chat_texts.USE_WORKTREE())
        self.checkbox.setAccessibleName(new_chat_texts.USE_WORKTREE())
        set_tooltip(self.checkbox, new_chat_texts.USE_WORKTREE_HINT())
        self.branch = QLineEdit()
        self.branch.setAccessibleName(new_chat_texts.BRANCH())
        self.branch.setPlaceholderText(new_chat_texts.NEW_BRANCH())
        self.setup = QLineEdit()
        self.setup.setAccessibleName(new_chat_texts.SETUP_COMMAND())
        self.setup.setPlaceholderText(new_chat_texts.SETUP_EXAMPLE())
        set_tooltip(self.setup, new_chat_texts.SETUP_HINT())
        self.stops = (self.checkbox, self.branch, self.setup)
        self.note = label("", "secondary")
        self.checkbox.toggled.connect(self._show_fields)
        self._show_fields()
        row = stack(QHBoxLayout(), self.checkbox, self.note, gap=GAP_M_PX, wide=self.note)
        stack(QVBoxLayout(self), row, self.branch, self.setup, gap=GAP_S_PX, margins=(0, 4, 0, 4))

    def _show_fields(self) -> None:
        is_wanted = self.checkbox.isChecked() and self.checkbox.isEnabled()
        self.branch.setVisible(is_wanted)
        self.setup.setVisible(is_wanted and self._entry is not None)

    def _set_setup(self, entry: SetupEntry | None) -> None:
        """Set the command of the directory's repository; None if it is unknown. An edited command stays."""
        if entry is not None and len(entry.command) > MAX_COMMAND:
            entry = None  # A start would write the part that is in the field into the settings.
        if entry is None or self.changed_setup() is None or entry.repository != (self._entry or entry).repository:
            self.setup.setText(entry.command if entry is not None else "")
        self._entry = entry

    def changed_setup(self) -> SetupEntry | None:
        """The repository's command if the user changed it, and wants a worktree."""
        command = self.setup.text().strip()
        if self._entry is None or self.value() is None or command == self._entry.command:
            return None
        return self._entry._replace(command=command)

    def set_value(self, *, enabled: bool) -> None:
        """Suggest a choice; the branch is empty again each time."""
        self.checkbox.setChecked(enabled)
        self.branch.clear()

    def value(self) -> str | None:
        """The choice, as in ``LaunchRequest.worktree``."""
        return self.branch.text().strip() if self.checkbox.isChecked() and self.checkbox.isEnabled() else None

    def forget_repository(self) -> None:
        """Enable the choice while it is unknown whether the directory is in a repository.

        If it were disabled during the check, Tab after the directory's name would skip it.
        """
        self.checkbox.setEnabled(True)
        self._entry = None
        self._show_fields()
        self.branch.setPlaceholderText(new_chat_texts.NEW_BRANCH())
        self.note.clear()

    def set_repository_status(self, status: Status | None, setup: SetupEntry | None) -> None:
        """Set the status of the directory's repository, None outside of one, and the setup of its worktrees."""
        self._set_setup(setup)
        self.checkbox.setEnabled(status is not None)
        self._show_fields()
        self.note.setText("" if status is not None else new_chat_texts.NO_REPOSITORY())
        start = one_line((status.branch or status.commit) if status is not None else "")[:MAX_CHARACTERS]
        self.branch.setPlaceholderText(
            new_chat_texts.NEW_BRANCH_FROM(start=start) if start else new_chat_texts.NEW_BRANCH()
        )


class EndpointFields:
    """The model and the server's address of a chat with a model server.

    Attributes:
        defaults: returns the values for empty fields.
    """

    def __init__(self) -> None:
        self.model, self.url = QLineEdit(), QLineEdit()
        self.defaults: Callable[[], EndpointDefaults] = endpoint_defaults

    def set_values(self, model: str, url: str) -> None:
        """Fill the fields in; empty ones show the defaults."""
        defaults = self.defaults()
        self.model.setText(model)
        self.url.setText(url)
        self.model.setPlaceholderText(defaults.model or new_chat_texts.MODEL_FROM_SERVER())
        self.url.setPlaceholderText(defaults.url or _EXAMPLE_URL)

    @property
    def lacks_address(self) -> bool:
        """Whether there is no address, also not in the settings."""
        return not (self.url.text().strip() or self.defaults().url)

    def arguments(self, others: list[str]) -> list[str]:
        """The chat's arguments: those of the fields, then the others.

        Raises:
            InvalidField: there is no address, or it is invalid.
        """
        model, url = self.model.text().strip(), self.url.text().strip()
        try:
            base_url(url or _EXAMPLE_URL)
        except UsageError:
            raise InvalidField(self.url, new_chat_texts.INVALID_ADDRESS(example=_EXAMPLE_URL)) from None
        if self.lacks_address and not any("url" in word for word in others):
            raise InvalidField(self.url, new_chat_texts.ENTER_ADDRESS())
        return [*endpoint_arguments(model, url), *others]


class InstallHint(QWidget):
    """A message that an agent is not installed, with the command that installs it, and buttons to copy and run it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.hint = label("", "secondary", wraps=True)
        self.command = label("", "code")
        self.command.setFont(monospace_font())
        self.command.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.command.setWordWrap(True)
        self.command.setAccessibleName(new_chat_texts.INSTALL_COMMAND())
        self.copy = CopyButton(theme, self.command.text)
        self.install = button(new_chat_texts.INSTALL())
        set_tooltip(self.install, new_chat_texts.INSTALL_HINT())
        row = stack(QHBoxLayout(), self.command, self.copy, self.install, gap=GAP_S_PX, wide=self.command)
        stack(QVBoxLayout(self), self.hint, row, gap=GAP_S_PX)
        self.hide()

    def show_agent(self, agent: Agent | None, machine: str) -> None:
        """Show the message for this agent of a machine; None for no message."""
        self.setVisible(agent is not None)
        if agent is not None:
            how = new_chat_texts.INSTALL_WITH() if agent.install_hint else new_chat_texts.SEE(address=agent.website)
            title = machine_texts.on_machine(agent.title, machine)
            self.hint.setText(new_chat_texts.HOW_TO_INSTALL(agent=title, executable=agent.executable, how=how))
            self.command.setText(agent.install_hint)
            for part in (self.command, self.copy, self.install):
                part.setVisible(bool(agent.install_hint))


class StartFields:
    """The fields, and the values that they have for each agent while the sheet is open.

    Attributes:
        arguments, presets, account, runtime, worktree, endpoint: the fields, for the sheet to lay out.
    """

    def __init__(self) -> None:
        self.arguments = QLineEdit()
        self.presets = PresetButtons()
        self.account = AccountField()
        self.runtime = RuntimeField()
        self.worktree = WorktreeField()
        self.endpoint = EndpointFields()
        self._last: dict[str, Start] = {}
        """The last start of each agent."""
        self._suggested: dict[str, Start] = {}
        """The values that a command set for this one time, with the last start's others."""
        self._starts: dict[str, Start] = {}
        """The values of the fields for each agent."""
        self._filled_for = ""
        """The agent for which the fields are filled in."""
        self._filled = Start()
        """The values with which the fields were filled in."""
        self._defaults: list[str] = []
        """The default arguments of that agent."""

    def begin(self, last: Mapping[str, Start], suggested: Mapping[str, Start]) -> None:
        """Use the last start of each agent, by name; or, this one time, a suggested one."""
        self._last, self._suggested = dict(last), dict(suggested)
        self._starts = {**last, **suggested}
        self._filled_for = ""

    def move(self, last: Mapping[str, Start]) -> None:
        """Use the last starts on another machine; what the user has changed in the fields stays."""
        filled_for = self._filled_for
        is_changed = filled_for and self._as_start(known_words(self.arguments.text())) != self._filled
        self.begin(last, self._suggested)
        if is_changed:
            self._filled_for = filled_for

    def suggest_worktree(self, agents: Iterable[str]) -> None:
        """Suggest a git worktree this one time, for all agents."""
        for name in agents:
            for values, others in ((self._suggested, self._last), (self._starts, self._starts)):
                values[name] = replace(values.get(name) or others.get(name, Start()), worktree=True)
        self.worktree.checkbox.setChecked(True)

    def fill_for(self, agent: Agent) -> bool:
        """Fill in the values of this agent's last start; input for another agent is kept until that is chosen again.

        Returns:
            Whether a value that is usually empty was filled in.
        """
        if self._filled_for == agent.name:
            return False
        if self._filled_for:
            self._starts[self._filled_for] = self._as_start(known_words(self.arguments.text()))
        self._filled_for = agent.name
        start = self._starts.get(agent.name, Start())
        self._defaults = list(agent.default_arguments)
        self.arguments.setText(shlex.join(start.arguments if start.defaults == self._defaults else self._defaults))
        self.presets.set_presets(agent.presets, start.presets)
        self.account.set_accounts(agent.accounts, start.account)
        self.worktree.set_value(enabled=start.worktree)
        self.runtime.set_value(agent.nearest_runtime(start.runtime))
        self.endpoint.set_values(start.model, start.url)
        self._filled = self._as_start(known_words(self.arguments.text()))
        return bool(start.worktree or start.presets or (start.arguments and not agent.arguments_replace))

    def needed(self, agent: Agent | None) -> QLineEdit | None:
        """The empty field that the user must fill in to start an agent; None for none."""
        if agent is not None and needs_a_command(agent) and not self.arguments.text().strip():
            return self.arguments
        is_endpoint = agent is not None and agent.name == ENDPOINT
        return self.endpoint.url if is_endpoint and self.endpoint.lacks_address else None

    def read(self, agent: Agent) -> tuple[Start, list[str]]:
        """The start to remember, and the agent's arguments.

        Raises:
            InvalidField: a field is invalid.
        """
        arguments = words_of(self.arguments.text(), self.arguments, self.arguments.accessibleName())
        start = self._as_start(arguments)
        arguments = [*self.presets.arguments(), *arguments]
        if needs_a_command(agent) and not arguments:
            raise InvalidField(self.arguments, new_chat_texts.ENTER_COMMAND())
        if agent.name == ENDPOINT:
            arguments = self.endpoint.arguments(arguments)
        return self._to_remember(agent.name, start), arguments

    def _to_remember(self, agent: str, start: Start) -> Start:
        """The user's own choices of a start, without what was suggested for this one time."""
        last = self._last.get(agent, Start())
        suggested = asdict(self._suggested.get(agent, last))
        own = {field: value for field, value in asdict(start).items() if value != suggested[field]}
        return replace(last, **own)

    def _as_start(self, arguments: list[str]) -> Start:
        model, url = self.endpoint.model.text().strip(), self.endpoint.url.text().strip()
        return Start(
            arguments=arguments,
            defaults=self._defaults,
            presets=self.presets.chosen(),
            worktree=self.worktree.value() is not None,
            model=model,
            url=url,
            runtime=self.runtime.value(),
            account=self.account.value(),
        )


FreeName = Callable[..., str]
"""Returns the name that a new chat gets for a wanted one; see ``Lifecycle.free_name``."""
MAX_CHARACTERS = 80
MAX_COMMAND = 4000
"""A longer setup command is not shown, and cannot be changed here."""


class NameField(QWidget):
    """The field with the name, and a note below it if the chat will get another one.

    Attributes:
        line: the field.
        machine: the machine on which the name has to be free.
        is_chosen: whether the user entered a name; then no other one is suggested.
        is_settled: whether the chat is being started; then its own name is no other chat's.
    """

    def __init__(self, free_name: FreeName) -> None:
        super().__init__()
        self._free_name = free_name
        self.machine = ""
        self._suggested = ""
        self.is_chosen = self.is_settled = False
        self.line = QLineEdit()
        self.line.setMaxLength(MAX_CHARACTERS)
        self.line.setAccessibleName(common_texts.NAME())
        self.line.textEdited.connect(self._on_edited)
        self.note = label("", "secondary", wraps=True)
        self.note.hide()
        stack(QVBoxLayout(self), self.line, self.note, gap=2)

    @property
    def name(self) -> str:
        """The entered name, or the suggested one."""
        return as_name(self.line.text()) or self.line.placeholderText()

    @property
    def problem(self) -> str:
        """Why the entered text is no name, one line; "" if it is one, or none is entered."""
        return common_texts.NO_DASH_FIRST() if self.line.text().lstrip().startswith("-") else ""

    def suggest(self, name: str) -> None:
        """Suggest a name, unless the user entered one."""
        self._suggested = name
        self.update_name()

    def update_name(self) -> None:
        """Show the name that the chat gets; call it again when chats start or end."""
        if self.is_settled:
            return
        suggestion = self._free_name(self._suggested, is_chosen=False, machine=self.machine)
        self.line.setPlaceholderText(suggestion)
        if not self.is_chosen and (self.line.text().strip() or not self.line.hasFocus()):
            self.line.setText(suggestion)
        name = self.name
        free = self._free_name(name, is_chosen=self.is_chosen, machine=self.machine)
        note = new_chat_texts.NAME_IS_TAKEN(name=name, free=free) if free != name else ""
        show_text(self.note, self.problem or note)
        self.line.setAccessibleDescription(self.problem or note)

    def _on_edited(self, text: str) -> None:
        self.is_chosen = bool(text.strip())
        self.update_name()


class MachineRow(QWidget):
    """The choice of the chat's machine, and a way to add one.

    Attributes:
        choice: the machines.
        add: the button.
        note: why the chosen one cannot be used yet.
    """

    def __init__(self, theme: Theme, on_add: Callable[[], object]) -> None:
        super().__init__()
        self.choice = ChoiceBox(theme)
        self.add = button(machine_texts.ADD(), "link", on_add)
        self.note = label("", "secondary", wraps=True)
        row = stack(QHBoxLayout(), self.choice, self.add, gap=GAP_M_PX, wide=self.choice)
        stack(QVBoxLayout(self), row, self.note, gap=2)

    def show_note(self, text: str) -> None:
        """Show a line below, "" for none."""
        show_text(self.note, text)
        self.choice.setAccessibleDescription(text)


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


def mark_invalid(fields: Iterable[QLineEdit], invalid: QWidget | None) -> None:
    """Mark the field with a problem, and unmark the others; None for no problem."""
    for field in fields:
        if bool(field.property("invalid")) != (field is invalid):
            field.setProperty("invalid", field is invalid)
            field.style().polish(field)
