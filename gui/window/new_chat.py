"""The sheet that starts a chat: agent, directory, name; the rest under "More"."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gui.sessions import words
from gui.theme.follow import Theme
from gui.theme.icons import Glyph
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.agent_tiles import AgentTiles
from gui.window.directory_field import DirectoryField
from gui.window.parts import IconButton, button, label
from gui.window.sheet import Sheet
from session_host.agents import Agent

WIDTH_PX = 640


@dataclass(frozen=True)
class NewChat:
    """What the user wants started."""

    agent: str
    directory: str
    name: str
    arguments: list[str]
    overrides: dict[str, str] = field(default_factory=dict)


class NewChatSheet(Sheet):
    """The sheet.

    Signals:
        wanted: a ``NewChat`` is to be started; ``done`` or ``failed`` answers it.
    """

    wanted = Signal(NewChat)

    def __init__(self, theme: Theme, parent: QWidget, agents: Mapping[str, Agent]) -> None:
        super().__init__(theme, parent, "New chat", WIDTH_PX)
        self._agents = agents
        self._named_by_user = False
        self.tiles = AgentTiles(theme)
        self.tiles.chosen.connect(self._on_agent)

        self.directory = DirectoryField()
        self.directory.setAccessibleName("Directory")
        self.directory.textChanged.connect(self._on_directory)
        self.name = QLineEdit()
        self.name.setAccessibleName("Name")
        self.name.setMaxLength(80)
        self.name.textEdited.connect(self._on_name_edited)
        self.arguments = QLineEdit()
        self.arguments.setAccessibleName("Arguments")
        self.environment = QLineEdit()
        self.environment.setAccessibleName("Environment")
        self.environment.setPlaceholderText("NAME=value …")
        self._arguments_label = label("Arguments", "secondary")
        self._environment_label = label("Environment", "secondary")
        self.more = button("More", "link", self._toggle_more)
        self.more.setAccessibleName("More: arguments and environment")
        self._more_shown = False

        self.error = label("", "failed")
        self.error.setWordWrap(True)
        self.hint = label("", "secondary")
        self.hint.setWordWrap(True)
        self.install = label("", "code")
        self.install.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.install.setWordWrap(True)
        self.install.setAccessibleName("Command that installs it")
        self.copy_install = IconButton(theme, Glyph.COPY, "Copy the command", self._copy_install)
        self._install_row = QWidget()
        install_row = QHBoxLayout(self._install_row)
        install_row.setContentsMargins(0, 0, 0, 0)
        install_row.setSpacing(GAP_S_PX)
        install_row.addWidget(self.install, 1)
        install_row.addWidget(self.copy_install)

        self.cancel = button("Cancel", "", self.put_away)
        self.start = button("Start chat", "primary", self._submit)
        self._lay_out()
        self._set_error("")
        self._show_more(shown=False)

    def _lay_out(self) -> None:
        fields = QGridLayout()
        fields.setHorizontalSpacing(GAP_M_PX)
        fields.setVerticalSpacing(GAP_S_PX)
        fields.setColumnMinimumWidth(0, 80)
        fields.setColumnStretch(1, 1)
        rows: list[tuple[QWidget, QWidget]] = [
            (label("Directory", "secondary"), self.directory),
            (label("Name", "secondary"), self.name),
            (self._arguments_label, self.arguments),
            (self._environment_label, self.environment),
        ]
        for row, (words_, control) in enumerate(rows):
            fields.addWidget(words_, row, 0)
            fields.addWidget(control, row, 1)
        foot = QHBoxLayout()
        foot.setSpacing(GAP_S_PX)
        foot.addWidget(self.more)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.start)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(GAP_L_PX, GAP_L_PX, GAP_L_PX, GAP_L_PX)
        layout.setSpacing(GAP_M_PX)
        layout.addWidget(label("New chat", "title"))
        layout.addWidget(self.tiles)
        layout.addWidget(self.hint)
        layout.addWidget(self._install_row)
        layout.addLayout(fields)
        layout.addWidget(self.error)
        layout.addLayout(foot)
        order = [
            self.directory, self.name, self.arguments, self.environment,
            self.copy_install, self.more, self.cancel, self.start,
        ]  # fmt: skip
        for before, after in itertools.pairwise(order):
            QWidget.setTabOrder(before, after)

    # ------------------------------------------------------------ opening

    def set_agents(self, agents: Mapping[str, Agent]) -> None:
        """Another catalog."""
        self._agents = agents

    def ask(self, agent: str, directory: str, recent: list[str], arguments: list[str] | None = None) -> None:
        """Open the sheet with these suggestions; the keyboard goes to the agents."""
        self.tiles.set_agents(self._agents, os.environ.get("PATH", os.defpath))
        chosen = agent if agent in self._agents and self.tiles.is_installed(agent) else self.tiles.first_installed()
        self._named_by_user = False
        self.directory.set_recent(recent)
        self.directory.setText(words.short_directory(directory))
        self.arguments.setText(shlex.join(arguments) if arguments else "")
        self.environment.clear()
        self._set_error("")
        self.set_busy(busy=False)
        self._show_more(shown=bool(arguments))
        self.open()
        self.tiles.choose(chosen)
        self._on_agent(self.tiles.current())
        self.tiles.focus()
        self.place()

    def look_again(self) -> None:
        """There may be other agents: PATH has changed."""
        if self.is_open:
            had_focus = self.tiles.isAncestorOf(self.focusWidget())
            self.tiles.set_agents(self._agents, os.environ.get("PATH", os.defpath))
            self._on_agent(self.tiles.current())
            if had_focus:
                self.tiles.focus()

    def set_recent(self, recent: list[str]) -> None:
        """Directories to offer first."""
        self.directory.set_recent(recent)

    def failed(self, message: str) -> None:
        """The chat could not be started."""
        self.set_busy(busy=False)
        self.tiles.set_agents(self._agents, os.environ.get("PATH", os.defpath))
        self._on_agent(self.tiles.current())
        if self.tiles.is_installed(self.tiles.current()):
            self._set_error(message)

    def done(self) -> None:
        """The chat runs."""
        self.set_busy(busy=False)
        self.put_away()

    def set_busy(self, *, busy: bool) -> None:
        """Say whether a start is under way."""
        self.start.setEnabled(not busy)
        self.start.setText("Starting…" if busy else "Start chat")

    # ------------------------------------------------------------ fields

    def _on_agent(self, name: str) -> None:
        agent = self._agents.get(name)
        missing = agent is not None and not self.tiles.is_installed(name)
        self.hint.setVisible(missing)
        self._install_row.setVisible(missing and bool(agent and agent.install_hint))
        if agent is None:
            return
        if missing:
            how = "Install it with this command:" if agent.install_hint else f"See {agent.website}"
            self.hint.setText(f"{agent.title} is not installed: {agent.executable} is not on PATH. {how}")
            self.install.setText(agent.install_hint)
        needs_command = agent.arguments_replace and not _starts_alone(agent)
        self._arguments_label.setText("Command" if agent.arguments_replace else "Arguments")
        self.arguments.setAccessibleName(self._arguments_label.text())
        self.arguments.setPlaceholderText("program and its arguments" if needs_command else "none")
        self._show_more(shown=self._more_shown)
        self._set_error("")
        self.start.setEnabled(not missing)
        self._suggest_name()

    def _on_directory(self, _text: str) -> None:
        self._mark(self.directory, invalid=False)
        self._suggest_name()

    def _on_name_edited(self, text: str) -> None:
        self._named_by_user = bool(text.strip())

    def _suggest_name(self) -> None:
        if not self._named_by_user:
            place = words.last_part(self.directory.directory()).strip("/~")
            self.name.setText(place or self.tiles.current() or "chat")

    def _toggle_more(self) -> None:
        self._show_more(shown=not self._more_shown)

    def _show_more(self, *, shown: bool) -> None:
        self._more_shown = shown
        agent = self._agents.get(self.tiles.current())
        needs_command = agent is not None and agent.arguments_replace and not _starts_alone(agent)
        for part in (self._arguments_label, self.arguments):
            part.setVisible(shown or needs_command)
        for part in (self._environment_label, self.environment):
            part.setVisible(shown)
        self.more.setText("Less" if shown else "More")

    def _copy_install(self) -> None:
        QGuiApplication.clipboard().setText(self.install.text())

    def _set_error(self, text: str) -> None:
        self.error.setText(text)
        self.error.setVisible(bool(text))

    def _mark(self, control: QWidget, *, invalid: bool) -> None:
        if bool(control.property("invalid")) != invalid:
            control.setProperty("invalid", invalid)
            control.style().polish(control)

    # ------------------------------------------------------------ starting

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._submit()
        else:
            super().keyPressEvent(event)

    def _submit(self) -> None:
        if not self.start.isEnabled():
            return
        try:
            new_chat = self._read()
        except _Refused as refused:
            self._set_error(str(refused))
            self._mark(refused.control, invalid=True)
            refused.control.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._set_error("")
        self.set_busy(busy=True)
        self.wanted.emit(new_chat)

    def _read(self) -> NewChat:
        agent = self._agents.get(self.tiles.current())
        if agent is None:
            raise _Refused(self.tiles, "Choose an agent")
        if problem := self.directory.problem():
            raise _Refused(self.directory, problem)
        try:
            arguments = shlex.split(self.arguments.text())
        except ValueError as error:
            raise _Refused(self.arguments, f"{self._arguments_label.text()}: {error}".lower().capitalize()) from error
        if agent.arguments_replace and not _starts_alone(agent) and not arguments:
            raise _Refused(self.arguments, "Say which command to run")
        return NewChat(
            agent=agent.name,
            directory=self.directory.directory(),
            name=" ".join(self.name.text().split()),
            arguments=arguments,
            overrides=self._overrides(),
        )

    def _overrides(self) -> dict[str, str]:
        try:
            pairs = [word.partition("=") for word in shlex.split(self.environment.text())]
        except ValueError as error:
            raise _Refused(self.environment, f"Environment: {error}") from error
        for name, equals, _ in pairs:
            if not name or not equals:
                raise _Refused(self.environment, f"Environment: {name or '='} is not of the form NAME=value")
        return {name: value for name, _, value in pairs}


class _Refused(Exception):
    """A field's content makes no sense."""

    def __init__(self, control: QWidget, message: str) -> None:
        super().__init__(message)
        self.control = control


def _starts_alone(agent: Agent) -> bool:
    """It has something to run when the user names nothing."""
    return any(word != "{arguments}" for word in agent.start)
