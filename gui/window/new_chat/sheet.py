"""The sheet that starts a chat: agent, directory, name and first prompt; the rest under "More"."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from gui.bridge.directories import Directories
from gui.bridge.earlier_conversations import can_list
from gui.bridge.git_status import Status
from gui.bridge.new_chat import NewChatRequest
from gui.settings.layout import Start
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX
from gui.timers import single_shot
from gui.window.new_chat.agent_tiles import AgentTiles
from gui.window.new_chat.conversation_picker import ConversationPicker
from gui.window.new_chat.directory_browser import DirectoryRow
from gui.window.new_chat.fields import (
    FreeName,
    InstallHint,
    MachineRow,
    NameField,
    PromptRow,
    StartFields,
    mark_invalid,
)
from gui.window.new_chat.request import (
    ENDPOINT,
    InvalidField,
    known_words,
    needs_a_command,
    suggested_name,
    variables_of,
)
from gui.window.sheets.sheet import LIST_PX, Sheet, button_row
from gui.window.widgets.directory_field import DirectoryField
from gui.window.widgets.field_grid import FieldGrid
from gui.window.widgets.parts import Scrolled, button, label, show_text, stack
from gui.wording import common_texts, new_chat_texts
from session_host.agents.agent import Agent
from session_host.client.chats.installed_agents import EndpointDefaults
from session_host.client.chats.setup_entries import SetupEntry

MAX_PX = 1000
PROGRESS_MS = 500
"""After this time, the sheet says what a start waits for."""


def _is_on_path(agent: Agent) -> bool:
    return agent.find(os.environ.get("PATH", os.defpath)) is not None


class Place(NamedTuple):
    """The machine of a new chat.

    Attributes:
        machine: its name; "" for this one.
        agents, is_installed: its catalog, and which of the agents are installed there.
        directories: looks into its directories.
        endpoint_defaults: the defaults of the chat with a model server there.
        starts: the last start of each agent there, by name.
        problem: why it cannot be reached, one line; "" if it can.
    """

    machine: str
    agents: Mapping[str, Agent]
    is_installed: Callable[[Agent], bool]
    directories: Directories
    endpoint_defaults: Callable[[], EndpointDefaults]
    starts: Mapping[str, Start]
    problem: str = ""


class NewChatSheet(Sheet):
    """The sheet for a new chat.

    Signals:
        start_requested: the user starts a chat (a NewChatRequest); the receiver then calls ``done`` or ``failed``.
        start_cancelled: the user closes the sheet while the chat is being started.
        conversation_requested: show earlier conversations in ``conversations``, for a NewChatRequest.
        install_requested: the user runs the command that installs an agent; by the agent's name.
        machine_chosen: the user chose another machine, by its name; ``set_place`` answers.
        machine_wanted: the user adds a machine; the sheet keeps its input.
        directory_settled: look up this directory; ``set_repository_status`` answers.
    """

    start_requested = Signal(NewChatRequest)
    start_cancelled = Signal()
    conversation_requested = Signal(NewChatRequest)
    install_requested = Signal(str)
    machine_chosen = Signal(str)
    machine_wanted = Signal()
    directory_settled = Signal(str)

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        agents: Mapping[str, Agent],
        free_name: FreeName = lambda wanted, *, is_chosen, machine: wanted,  # noqa: ARG005 - there are no other chats
    ) -> None:
        super().__init__(theme, parent, common_texts.NEW_CHAT(), LIST_PX, self._submit)
        self._agents = agents
        self._is_installed: Callable[[Agent], bool] = _is_on_path
        self.machine = ""
        self._has_machines = False
        """Whether there are other machines; else their field is one of the rarely used ones."""
        self._directory_typed = False
        """Whether the user has typed the directory."""
        self._is_draft = False
        """Whether the sheet has input that was not started yet."""
        self.tiles = AgentTiles(theme)
        self.tiles.chosen.connect(self._on_agent)
        self.tiles.clicked.connect(self._focus_first)
        self.missing = InstallHint(theme)
        self.missing.install.clicked.connect(lambda: self.install_requested.emit(self.tiles.current()))
        self.machine_row = MachineRow(theme, self._want_machine)
        self.machines = self.machine_row.choice
        self.machines.activated.connect(self._on_machine)
        self.directory = DirectoryField()
        self.directory_row = DirectoryRow(theme, self, self.directory)
        self.directory.setAccessibleName(new_chat_texts.DIRECTORY())
        self.directory.textChanged.connect(self._on_directory)
        self.directory.textEdited.connect(self._on_directory_edited)
        self.directory_row.settled.connect(self.directory_settled)
        self.conversations = ConversationPicker(theme, self.around)
        self.conversation = self.conversations.opening_button(self, self.choose_conversation)
        self.naming = NameField(free_name)
        self.name = self.naming.line
        self.prompt_row = PromptRow(theme, self)
        self.prompt = self.prompt_row.field
        self.prompt.submitted.connect(self._submit)
        self.prompt.on_files = self._on_files
        self._start_fields = fields = StartFields()
        self.arguments, self.presets = fields.arguments, fields.presets
        self.account, self.runtime, self.worktree = fields.account, fields.runtime, fields.worktree
        self.model, self.url = fields.endpoint.model, fields.endpoint.url
        self.runtime.changed.connect(self._show_fields)
        self.arguments.textChanged.connect(self._suggest_name)
        self.environment = QLineEdit()
        self.environment.setPlaceholderText(new_chat_texts.VARIABLE_EXAMPLE())
        self.more = button(new_chat_texts.MORE_OPTIONS(), "link", self._toggle_more)
        self.more.setAccessibleName(new_chat_texts.MORE_OPTIONS_HINT())
        self._more_shown = self._started_by_button = False
        self.error = label("", "failed", wraps=True)
        self.create_button = button(new_chat_texts.CREATE_DIRECTORY(), "link", self._make_directory)
        self.progress = label(new_chat_texts.MAKING_WORKTREE(), "secondary", wraps=True)
        self.progress.hide()
        self._progress_timer = single_shot(self, PROGRESS_MS)
        self._progress_timer.timeout.connect(self.progress.show)
        self.is_starting = False
        """Whether a start is in progress."""
        self.cancel = button(common_texts.CANCEL(), "", self.discard)
        self.start = button(new_chat_texts.START(), "primary", self._submit)
        self._lines = (self.directory, self.name, self.model, self.url, self.arguments, self.environment)
        for field in self._lines:
            field.textEdited.connect(self._on_typed)
        self.prompt.textChanged.connect(self._on_typed)
        self._lay_out()
        self.set_machines([])
        self._set_error("")
        self._show_fields()

    def _lay_out(self) -> None:
        inner = QWidget()
        rows: list[tuple[str, QWidget]] = [
            (new_chat_texts.MACHINE(), self.machine_row),
            (new_chat_texts.ACCOUNT(), self.account),
            (new_chat_texts.DIRECTORY(), self.directory_row),
            (new_chat_texts.CONVERSATION(), self.conversation),
            (common_texts.NAME(), self.naming),
            (new_chat_texts.FIRST_PROMPT(), self.prompt_row),
            (new_chat_texts.SHOW_AS(), self.runtime),
            (new_chat_texts.MODEL(), self.model),
            (new_chat_texts.SERVER(), self.url),
            (new_chat_texts.ARGUMENTS(), self.arguments),
            (new_chat_texts.PRESETS(), self.presets),
            (new_chat_texts.WORKTREE(), self.worktree),
            (new_chat_texts.ENVIRONMENT(), self.environment),
        ]
        self._fields = FieldGrid(rows, (self.machine_row, self.prompt_row, self.naming, self.worktree))
        stack(
            QVBoxLayout(inner),
            self.tiles,
            self.missing,
            self._fields,
            self.progress,
            self.error,
            self.create_button,
            None,
            gap=GAP_M_PX,
        )
        self.scrolled = Scrolled(inner, MAX_PX, common_texts.NEW_CHAT())
        last = button_row(self.cancel, self.start)
        last.insertWidget(0, self.more)
        self.lay_out(label(common_texts.NEW_CHAT(), "title"), self.scrolled, last, wide=self.scrolled)
        # fmt: off
        order = [
            self.machines, self.account, self.directory, self.directory_row.browse, self.conversation,
            self.name, self.prompt, self.prompt_row.saved, *self.runtime.buttons, self.model, self.url,
            self.arguments, self.presets, *self.worktree.stops, self.environment, self.missing.copy,
            self.missing.install, self.machine_row.add, self.more, self.cancel, self.start,
        ]
        # fmt: on
        for before, after in itertools.pairwise(order):
            QWidget.setTabOrder(before, after)

    def center(self) -> None:
        """See ``Sheet``; in a narrow window the labels stand above their fields."""
        self._fields.fit(self.around.width())
        super().center()

    # ------------------------------------------------------------ opening

    def set_machines(self, names: Sequence[str]) -> None:
        """Offer these other machines."""
        shown = [new_chat_texts.THIS_MACHINE(), *names]
        if shown != [self.machines.itemText(index) for index in range(self.machines.count())]:
            self.machines.clear()
            self.machines.addItems(shown)
        self.machines.setCurrentIndex(shown.index(self.machine, 1) if self.machine in names else 0)
        self._has_machines = bool(names)
        self._fields.set_shown(self.machine_row, is_shown=self._has_machines or self._more_shown)

    def set_place(self, place: Place) -> None:
        """Show the agents of a machine, and look there; typed input stays, but a suggested directory is replaced."""
        is_other = place.machine != self.machine
        if is_other:
            self.machine = self.naming.machine = place.machine
            self.directory.set_directories(place.directories)
            self.worktree.forget_repository()
            if self.is_open and not self._directory_typed:
                self.directory.setText("~")
        if is_other or not self._agents:
            self._start_fields.move(place.starts)
        self._agents, self._is_installed = place.agents, place.is_installed
        self._start_fields.endpoint.defaults = place.endpoint_defaults
        self.show_state(place)
        if not self.is_open:
            return
        kept = self.tiles.current()
        self.refresh_agents()
        self.directory_row.settle()
        if not self.tiles.is_installed(kept or self.tiles.current()):
            self.tiles.choose(self.tiles.first_installed())
        self._on_agent(self.tiles.current())
        self.naming.update_name()
        self.center()

    def show_state(self, place: Place) -> None:
        """Say why the machine cannot be reached, or that its agents are not known yet."""
        looking = new_chat_texts.LOOKING_FOR_AGENTS(machine=place.machine) if not place.agents else ""
        self.machine_row.show_note(new_chat_texts.CANNOT_BE_REACHED(reason=place.problem) if place.problem else looking)

    def suggest_directory(self, machine: str, recent: list[str]) -> None:
        """Offer a machine's recent directories; the latest is suggested there, unless the user has typed one."""
        if machine != self.machine:
            return
        self.directory.set_recent(recent)
        if recent and not self._directory_typed and self.directory.text() == "~" and machine:
            self.directory.setText(self.directory.directories.short(recent[0]))

    def _on_machine(self, index: int) -> None:
        name = self.machines.itemText(index) if index else ""
        if name != self.machine:
            self._is_draft = True
            self._set_error("")
            self.machine_chosen.emit(name)

    def _want_machine(self) -> None:
        self.dismiss()
        self.machine_wanted.emit()

    def _on_directory_edited(self, _text: str) -> None:
        self._directory_typed = True

    def ask(
        self,
        agent: str,
        directory: str,
        starts: Mapping[str, Start],
        overrides: Mapping[str, str],
        suggested: Mapping[str, Start],
    ) -> None:
        """Open the sheet with these suggestions; the agents get the keyboard focus, or an empty field that is needed.

        Input from before the sheet was closed is restored, see ``reopen_draft``.

        Args:
            agent: the suggested agent, if it is in the catalog.
            directory: the suggested directory.
            starts: the last start of each agent, by name.
            overrides: environment variables.
            suggested: values for this one time, by agent; what the user does not change of them is not remembered.
        """
        self.tiles.set_agents(self._agents, self._is_installed)
        chosen = agent if agent in self._agents and self.tiles.is_installed(agent) else self.tiles.first_installed()
        self.naming.is_chosen = self._is_draft = False
        self._start_fields.begin(starts, suggested)
        self._more_shown = bool(overrides)
        self.directory.setText(self.directory.directories.short(directory))
        self._directory_typed = False
        self.prompt.clear()
        self._is_draft = False
        self.environment.setText(shlex.join(f"{name}={value}" for name, value in overrides.items()))
        self._set_error("")
        self.set_busy(busy=False)
        self.open()
        self.tiles.choose(chosen)
        self._on_agent(self.tiles.current())
        self._focus_first()
        self.center()

    def reopen_draft(self) -> bool:
        """Open the sheet with the input that it had when it was closed; False if there was none."""
        return self._is_draft and self.reopen()

    def reopen(self) -> bool:
        """Open the sheet with the input that it had when it was closed; True."""
        self.set_busy(busy=False)
        self.open()
        self.refresh_agents()
        self.tiles.focus()
        self.center()
        return True

    def dismiss(self) -> None:
        """Close the sheet; a start in progress is cancelled."""
        if self.is_starting:
            self.set_busy(busy=False)
            self.start_cancelled.emit()
        super().dismiss()

    def discard(self) -> None:
        """Close the sheet, and forget the input; Escape and a click beside the sheet keep it."""
        self._is_draft = False
        self.dismiss()

    def suggest_worktree(self) -> None:
        """Suggest a git worktree in the open sheet, also for the agents that the user chooses later."""
        self._start_fields.suggest_worktree(self._agents)
        self._more_shown = True
        self._show_fields()

    def _on_files(self, files: list[str]) -> None:
        """Insert the names of files into the prompt; another machine does not have them before there is a chat."""
        if self.machine:
            self._set_error(new_chat_texts.FILES_ARE_HERE(machine=self.machine))
        else:
            self.prompt.insert_names(files)

    def _on_typed(self) -> None:
        self._is_draft = True
        self._set_error("")

    def event(self, event: QEvent) -> bool:
        """Update the agents if the user comes back to the window after installing one."""
        is_back = self.is_open and event.type() == QEvent.Type.WindowActivate
        if is_back and self.tiles.are_outdated(self._is_installed):
            self.refresh_agents()
        return super().event(event)

    def refresh_agents(self) -> None:
        """Update the agents: PATH has changed, or an agent was installed."""
        if self.is_open:
            had_focus = self.tiles.isAncestorOf(self.window().focusWidget())
            self.tiles.set_agents(self._agents, self._is_installed)
            self._on_agent(self.tiles.current())
            if had_focus:
                self.tiles.focus()

    def set_repository_status(self, directory: str, status: Status | None, setup: SetupEntry | None) -> None:
        """Set git's status of a directory, None outside of a repository, and the setup of its worktrees."""
        if directory == self.directory.directory():
            self.worktree.set_repository_status(status, setup)

    def failed(self, message: str) -> None:
        """The chat could not be started."""
        self.set_busy(busy=False)
        self.refresh_agents()
        if self.tiles.is_installed(self.tiles.current()):
            self._set_error(message, self._named_field(message))
            self.directory.ask_whether_missing(lambda is_missing: self._offer_directory(message, is_missing))
        if self._started_by_button:
            self.start.setFocus(Qt.FocusReason.OtherFocusReason)

    def _offer_directory(self, message: str, is_missing: bool) -> None:
        if is_missing and self.error.text() == message:
            mark_invalid(self._lines, self.directory)
            self.create_button.show()

    def _named_field(self, message: str) -> QWidget | None:
        """The command's field, if a message names the command's program."""
        agent, words = self._agents.get(self.tiles.current()), known_words(self.arguments.text())
        is_named = agent is not None and agent.arguments_replace and words[:1] and words[0] in message
        return self.arguments if is_named else None

    def done(self) -> None:
        """The chat was started."""
        self._is_draft = False
        self.set_busy(busy=False)
        self.dismiss()

    def set_busy(self, *, busy: bool) -> None:
        """Show whether a start is in progress."""
        self.naming.is_settled = self.is_starting = busy
        if busy and self.worktree.value() is not None:
            self._progress_timer.start()
        else:
            self._progress_timer.stop()
            self.progress.hide()
        if busy:
            self._started_by_button = self.start.hasFocus()  # A disabled button loses the focus.
        self.start.setEnabled(not busy)
        self.start.setText(common_texts.STARTING() if busy else new_chat_texts.START())

    # ------------------------------------------------------------ fields

    def _on_agent(self, name: str) -> None:
        agent = self._agents.get(name)
        missing = agent is not None and not self.tiles.is_installed(name)
        self.missing.show_agent(agent if missing else None, self.machine)
        self.start.setEnabled(agent is not None and not missing and not self.is_starting)
        if agent is None:
            return
        self._more_shown = self._start_fields.fill_for(agent) or self._more_shown
        self._show_fields()
        self._set_error("")
        self._suggest_name()
        # The tiles and the fields below them get their places first.
        QTimer.singleShot(0, self, self._scroll_to_agent)

    def _scroll_to_agent(self) -> None:
        focused = self.window().focusWidget()
        is_field = self.scrolled.isAncestorOf(focused) and not self.tiles.isAncestorOf(focused)
        if (widget := focused if is_field else self.tiles.current_tile()) is not None:
            self.scrolled.ensureWidgetVisible(widget, 0, GAP_M_PX)

    def _on_directory(self, _text: str) -> None:
        self._set_error("")
        self._suggest_name()
        self.worktree.forget_repository()

    def _suggest_name(self) -> None:
        name = self.tiles.current()
        if (agent := self._agents.get(name)) is not None and agent.arguments_replace:
            name = next((Path(word).name for word in known_words(self.arguments.text())), name)
        self.naming.suggest(suggested_name(self.directory.directories.short(self.directory.directory()), name))

    def _focus_first(self) -> None:
        """Give the keyboard to the field without which the chosen agent cannot start, else to the agent's tile."""
        if (needed := self._start_fields.needed(self._agents.get(self.tiles.current()))) is not None:
            needed.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.tiles.focus()

    def _toggle_more(self) -> None:
        self._more_shown = not self._more_shown
        self._show_fields()

    def _show_fields(self) -> None:
        """Show the fields of this agent; rarely used ones only under "More"."""
        agent = self._agents.get(self.tiles.current())
        replaces = agent is not None and agent.arguments_replace
        needs_command = agent is not None and needs_a_command(agent)
        name = new_chat_texts.COMMAND() if replaces else new_chat_texts.ARGUMENTS()
        self._fields.rename(self.arguments, name)
        self.arguments.setPlaceholderText(new_chat_texts.COMMAND_EXAMPLE() if needs_command else new_chat_texts.NONE())
        is_endpoint = agent is not None and agent.name == ENDPOINT
        shown = self._more_shown
        for control, is_shown in (
            (self.machine_row, shown or self._has_machines),
            (self.account, self.account.is_needed),
            (self.conversation, agent is not None and can_list(agent)),
            (self.runtime, agent is not None and len(agent.runtimes) > 1 and (shown or not replaces)),
            (self.prompt_row, agent is not None and (agent.accepts_prompt or self._is_structured)),
            (self.model, is_endpoint),
            (self.url, is_endpoint),
            (self.arguments, shown or needs_command),
            (self.presets, shown and agent is not None and bool(agent.presets)),
            (self.worktree, shown),
            (self.environment, shown),
        ):
            self._fields.set_shown(control, is_shown=is_shown)
        self.more.setText(new_chat_texts.FEWER_OPTIONS() if shown else new_chat_texts.MORE_OPTIONS())

    @property
    def _is_structured(self) -> bool:
        return self.runtime.value() == "structured"

    def _set_error(self, text: str, control: QWidget | None = None) -> None:
        """Show a problem and mark the field that has it; "" for no problem."""
        show_text(self.error, text)
        self.create_button.hide()
        mark_invalid(self._lines, control)

    # ------------------------------------------------------------ starting

    def _submit(self) -> None:
        if (new_chat := self._checked()) is not None:
            self.set_busy(busy=True)
            self.start_requested.emit(new_chat)

    def choose_conversation(self) -> None:
        """Let the user choose an earlier conversation of the agent, if the fields are valid."""
        if (new_chat := self._checked()) is not None:
            self.conversation_requested.emit(new_chat)

    def _checked(self) -> NewChatRequest | None:
        """The request, or None after the invalid field is marked."""
        if not self.start.isEnabled():
            return None
        try:
            new_chat = self._read()
        except InvalidField as invalid:
            self._set_error(str(invalid), invalid.control)
            self.create_button.setVisible(invalid.control is self.directory and self.directory.is_missing())
            invalid.control.setFocus(Qt.FocusReason.OtherFocusReason)
            self.scrolled.ensureWidgetVisible(invalid.control)
            return None
        self._set_error("")
        return new_chat

    def _make_directory(self) -> None:
        """Create the missing directory, and start."""

        def made(problem: str) -> None:
            if problem:
                self._set_error(problem)
            elif self.is_open:
                self._submit()

        self.directory.make(made)

    def _read(self) -> NewChatRequest:
        agent = self._agents.get(self.tiles.current())
        if agent is None:
            raise InvalidField(self.tiles, new_chat_texts.CHOOSE_AGENT())
        if problem := self.directory.problem():
            raise InvalidField(self.directory, problem)
        if self.naming.problem:
            raise InvalidField(self.naming.line, self.naming.problem)
        start, arguments = self._start_fields.read(agent)
        return NewChatRequest(
            agent=agent.name,
            directory=self.directory.directory(),
            name=self.naming.name,
            is_named=self.naming.is_chosen,
            arguments=arguments,
            overrides=variables_of(self.environment.text(), self.environment),
            prompt=self.prompt.toPlainText().strip() if agent.accepts_prompt or self._is_structured else "",
            worktree=self.worktree.value(),
            runtime=self.runtime.value(),
            remembered=start,
            setup=self.worktree.changed_setup(),
            machine=self.machine,
            account=self.account.value(),
        )
