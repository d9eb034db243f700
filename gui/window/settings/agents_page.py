"""The page Agents: each agent with its path, version and default arguments; and the user's own agents."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Container, Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout
from shiboken6 import Shiboken

from gui.settings.live import is_built_in
from gui.theme.icons import Glyph
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.sheets.sheet import button_row, field_grid
from gui.window.widgets.parts import IconButton, MonogramTile, button, label, sentence, stack
from gui.wording import common_texts, phrases, settings_texts
from session_host.agents.agent import ARGUMENTS, SHELL, Agent
from session_host.agents.catalog import is_agent_name, load_agent
from session_host.agents.probe import versions
from session_host.errors import ConfigError, OutliveError
from session_host.toml_writing import Key, Value, Values, write_values

from .context import SettingsContext
from .controls import TextControl
from .page import Card, Page, PlainRow, Section


class AgentForm(Card):
    """The form.

    Signals:
        closed: the agent was saved, or the form was left.
    """

    closed = Signal()

    def __init__(self, context: SettingsContext) -> None:
        super().__init__(self._leave, self._save)
        self._context = context
        self._agents = context.agents
        self._edited: Agent | None = None
        self._shown_command = "", ""
        """Program and arguments as the form showed them first."""
        self.title, self.name, self.program, self.words, self.monogram = (QLineEdit() for _ in range(5))
        self.monogram.setMaxLength(2)
        self.monogram.setFixedWidth(64)
        self.problem = label("", "problem", wraps=True)
        self.save = button(settings_texts.SAVE(), "primary", self._save)
        self.cancel = button(common_texts.CANCEL(), "", self._leave)
        grid = field_grid(
            (settings_texts.AGENT_TITLE(), self.title),
            (settings_texts.AGENT_NAME(), self.name),
            (settings_texts.AGENT_PROGRAM(), self.program),
            (settings_texts.AGENT_WORDS(), self.words),
            (settings_texts.AGENT_MONOGRAM(), self.monogram),
        )
        grid.setAlignment(self.monogram, Qt.AlignmentFlag.AlignLeft)
        stack(QVBoxLayout(self), grid, self.problem, button_row(self.cancel, self.save), gap=GAP_S_PX, margins=GAP_M_PX)
        self.title.textEdited.connect(self._suggest)

    def ask(self, agent: Agent | None) -> None:
        """Show the form for one of the user's own agents, or for a new one (None)."""
        self._edited = agent
        start = [word for word in agent.start if isinstance(word, str) and word != ARGUMENTS] if agent else []
        self.title.setText(agent.title if agent else "")
        self.name.setText(agent.name if agent else "")
        self.name.setEnabled(agent is None)
        self.program.setText(start[0] if start else "")
        self.words.setText(shlex.join(start[1:]))
        self._shown_command = self.program.text(), self.words.text()
        self.monogram.setText(agent.monogram if agent else "")
        self._show_problem("")
        self.show()
        self.title.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self) -> None:
        self.closed.emit()

    def _suggest(self, title: str) -> None:
        if self._edited is None:
            self.name.setText(re.sub(r"[^a-z0-9_-]+", "-", title.casefold()).strip("-")[:32])
            self.monogram.setText(_monogram(title, {agent.monogram.casefold() for agent in self._agents.values()}))

    def _show_problem(self, problem: str) -> None:
        self.problem.setText(sentence(problem))
        self.problem.setVisible(bool(problem))

    def _save(self) -> None:
        # An agent that runs only in a chat view has no program of its own.
        required = (self.title, self.name, *(() if self._edited and not self._edited.start else (self.program,)))
        for field in required:
            if not field.text().strip():
                self._show_problem(settings_texts.ENTER_A_VALUE(field=field.accessibleName()))
                field.setFocus(Qt.FocusReason.OtherFocusReason)
                return
        name = self.name.text().strip()
        is_taken = self._edited is None and name in self._agents
        if is_taken or not is_agent_name(name):
            self._show_problem(settings_texts.NAME_TAKEN(name=name) if is_taken else settings_texts.INVALID_NAME())
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        try:
            values = self._values()
            _check(name, self._agents.file_of(name), values)
            self._context.settings.write(values, f"agents/{name}")
        except (ValueError, OutliveError) as error:
            self._show_problem(str(error))
            return
        self.closed.emit()

    def _values(self) -> dict[Key, Value]:
        """The values to write into the file.

        Raises:
            ValueError: they do not fit; the message is for the user.
        """
        title = self.title.text().strip()
        values: dict[Key, Value] = {("title",): title, ("monogram",): self.monogram.text().strip() or title[:2]}
        if self._edited is None:
            values["signals", "ends_all"] = True  # It is an agent, not a shell.
        elif self._shown_command == (self.program.text(), self.words.text()):
            return values  # The file may have more than the form shows.
        elif not self._edited.start or any(not isinstance(part, str) for part in self._edited.start):
            raise ValueError(settings_texts.HAS_MORE(file=f"agents/{self._edited.name}.toml"))
        program, *first = shlex.split(self.program.text())
        values["executable",] = program
        values["start",] = [program, *first, *shlex.split(self.words.text()), ARGUMENTS]
        return values


def _monogram(title: str, taken: Container[str]) -> str:
    """Two letters of a title that are not taken: of its first two words, else the first letter and a later one."""
    words = title.split()
    seconds = [*(word[0] for word in words[1:2]), *"".join(words)[1:]]
    found = [f"{words[0][0]}{second}".capitalize() for second in seconds]
    return next((each for each in found if each.casefold() not in taken), "".join(words)[:2].capitalize())


def _check(name: str, file: Path, values: Values) -> None:
    """Check the values: write them into a copy of the agent's file, and read it as the catalog does.

    Raises:
        OutliveError: the catalog refuses them; the message is without the copy's directory.
    """
    with tempfile.TemporaryDirectory(prefix="outlive-agent-") as directory:
        path = Path(directory, "agents", f"{name}.toml")
        path.parent.mkdir()
        if file.exists():
            shutil.copyfile(file, path)
        write_values(path, values)
        try:
            load_agent(Path(directory), name)
        except OutliveError as error:
            raise OutliveError(str(error).replace(f"{path.parent}/", "")) from error


class AgentRow(PlainRow):
    """An agent: where it is, its version, and the arguments of a new chat."""

    def __init__(self, context: SettingsContext, agent: Agent, index: int, path: str | None) -> None:
        """Create the row; ``path`` is that of the agent's program, "" if it needs none, None if it isn't installed."""
        control = TextControl()
        control.field.setPlaceholderText(settings_texts.NO_ARGUMENTS())
        self.path = path
        tile = MonogramTile(context.theme, agent.monogram, index, muted=path is None)
        super().__init__(agent.title, "", control, tile)
        control.set_name(settings_texts.DEFAULT_ARGUMENTS(agent=agent.title))
        self.agent = agent
        self._context = context
        self._agents = context.agents
        if agent.arguments_replace or path is None:
            control.hide()  # The arguments of a command are what it runs.
        control.chosen.connect(self._choose)
        self.version = ""
        self.show_agent(agent)

        self.has_button = False

    def add_button(self, edit: IconButton) -> None:
        """Add the button that changes the user's file of the agent."""
        self._grid.addWidget(edit, 0, 2, 2, 1)
        self.has_button = True

    def show_agent(self, agent: Agent) -> None:
        """Show the agent's current values."""
        self.agent = agent
        self.show_help(self._about())
        if not self.control.is_edited:
            self.control.show_value(shlex.join(agent.default_arguments))
            self.show_problem("")

    def set_version(self, version: str) -> None:
        """Show the version of the installed program."""
        tested = self.agent.tested
        self.version = (
            version if not version or not tested or version in tested else settings_texts.UNTESTED(version=version)
        )
        self.show_help(self._about())

    def _about(self) -> str:
        agent = self.agent
        if self.path is None:
            install = agent.install_hint or agent.website
            if not install:
                return settings_texts.AGENT_MISSING()
            return settings_texts.AGENT_INSTALL(command=phrases.in_whole_words(install))
        path = phrases.short_directory(self.path) if self.path else settings_texts.COMES_WITH_OUTLIVE()
        parts = [self.version, path]
        if agent.accounts:
            parts.append(settings_texts.ACCOUNTS(names=", ".join(agent.accounts)))
        if self._agents.has_user_file(agent.name):
            parts.append(settings_texts.CHANGED_BY_YOU() if is_built_in(agent.name) else settings_texts.OWN_AGENT())
        return " · ".join(part for part in parts if part)

    def _choose(self, text: object) -> None:
        control = self.control
        assert isinstance(control, TextControl)
        try:
            words = shlex.split(str(text))
            file = f"agents/{self.agent.name}"
            self._context.settings.write({"default_arguments": words or None}, file)
        except (ValueError, ConfigError) as error:
            control.set_invalid(invalid=True)
            self.show_problem(str(error))
            return
        control.set_invalid(invalid=False)
        self.show_problem("")
        control.show_value(shlex.join(words))


class AgentsPage(Page):
    """The page; it looks for the agents whenever it is shown."""

    def __init__(self, context: SettingsContext, title: str) -> None:
        super().__init__(title)
        self._context = context
        self._agents = context.agents
        hint = label(settings_texts.ARGUMENTS_HINT(), "secondary", wraps=True)
        hint.setContentsMargins(0, 0, 0, GAP_S_PX)
        self.add_unfiltered(hint)
        self._versions: dict[str, str] = {}
        self._rows: list[AgentRow] = []
        self._is_looking = False
        self.problem = label("", "problem", wraps=True)
        self.column.addWidget(self.problem)
        self._installed, self._missing = Section(context.theme, "", ()), Section(context.theme, "", ())
        self.add_section(self._installed)
        self.add_section(self._missing)
        self._show_agents(_paths_of(self._agents))
        self.form = AgentForm(context)
        self.form.closed.connect(self._on_form_closed)
        self.add = button(settings_texts.ADD_AGENT(), "", self._add)
        self.add_unfiltered(self.add)
        self.add_unfiltered(self.form)
        self.form.hide()
        self.column.addSpacing(GAP_M_PX)
        self._agents.changed.connect(self._on_changed)
        self._on_changed()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_looking:
            self._is_looking = True
            self._context.tasks.start(self._look_for_agents(), "agents")

    def _show_agents(self, paths: Mapping[str, str | None]) -> None:
        """Make the rows; ``paths``: those of the agents' programs, by the agents' names."""
        theme = self._context.theme
        self._rows = [
            AgentRow(self._context, agent, index, paths.get(agent.name))
            for index, agent in enumerate(self._agents.values())
        ]
        for row in self._rows:
            row.set_version(self._versions.get(row.path or "", ""))
            if self._agents.has_user_file(row.agent.name):
                row.add_button(self._edit_button(row.agent))
        missing = [row for row in self._rows if row.path is None]
        fold = settings_texts.SHOW_MISSING(count=len(missing)), settings_texts.HIDE_MISSING()
        installed = Section(theme, "", [row for row in self._rows if row.path is not None])
        self.replace_section(self._installed, installed)
        folded = Section(theme, "", missing, fold=fold)
        self.replace_section(self._missing, folded)
        self._installed, self._missing = installed, folded

    def _edit_button(self, agent: Agent) -> IconButton:
        name = settings_texts.EDIT_AGENT(agent=agent.title)
        edit = IconButton(self._context.theme, Glyph.PENCIL, name, lambda: self._edit(agent.name))
        edit.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return edit

    def _on_changed(self, paths: Mapping[str, str | None] | None = None) -> None:
        """Show the current agents; rows are made again only if agents came, went or were installed elsewhere.

        ``paths``: those of the agents' programs, None to look for them.
        """
        paths = _paths_of(self._agents) if paths is None else paths
        known = {row.agent.name: row.path for row in self._rows}
        buttons = [row.has_button for row in self._rows]
        if (
            list(known) != list(self._agents)
            or known != {name: paths.get(name) for name in known}
            or buttons != [self._agents.has_user_file(name) for name in known]
        ):
            self._show_agents(paths)
        for row in self._rows:
            row.show_agent(self._agents[row.agent.name])
        directory = f"{self._context.settings.directory}/"
        self.problem.setText(sentence(self._agents.problem.replace(directory, "")))
        self.problem.setVisible(bool(self._agents.problem))

    async def _look_for_agents(self) -> None:
        """Look for the agents, and ask those found for their versions."""
        live, known = self._agents, self._versions
        await self._context.update_path()
        agents = dict(live)
        paths = await asyncio.to_thread(_paths_of, agents)
        wanted = {path: agents[name] for name, path in paths.items() if path and agents[name].version}
        asked = {path: agent for path, agent in wanted.items() if path not in known}
        found = await asyncio.to_thread(versions, asked, dict(os.environ))
        if not Shiboken.isValid(self):
            return  # The window was closed meanwhile.
        self._is_looking = False
        self._versions |= found
        if list(agents) == list(self._agents):
            self._on_changed(paths)
        for row in self._rows:
            row.set_version(self._versions.get(row.path or "", ""))

    def _add(self) -> None:
        self.add.hide()
        self.form.ask(None)

    def _edit(self, name: str) -> None:
        if is_built_in(name):
            self._context.open_file(str(self._agents.file_of(name)))
            return
        self.add.hide()
        self.form.ask(self._agents[name])

    def _on_form_closed(self) -> None:
        self.form.hide()
        self.add.show()
        self.add.setFocus()


def _paths_of(agents: Mapping[str, Agent]) -> dict[str, str | None]:
    """The paths of the agents' programs: "" for an agent that needs none, None for one that is not installed."""
    path = os.environ.get("PATH", os.defpath)
    return {
        name: agent.find(path) if agent.executable or SHELL in agent.start else "" for name, agent in agents.items()
    }
