"""The page Agents: each agent with its path, version and default arguments; and the user's own agents."""

from __future__ import annotations

import asyncio
import os
import shlex

from PySide6.QtCore import Qt
from shiboken6 import Shiboken

from gui.settings.live_agents import LiveAgents, is_built_in
from gui.theme.icons import Glyph
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.settings.agent_form import AgentForm
from gui.window.settings.context import SettingsContext
from gui.window.settings.controls import TextControl
from gui.window.settings.page import Page, Section
from gui.window.settings.row import PlainRow
from gui.window.widgets.parts import IconButton, MonogramTile, button, label, sentence
from gui.wording import agent_settings_texts, phrases
from session_host.agents.agent import SHELL, Agent
from session_host.agents.probe import versions
from session_host.errors import ConfigError


class AgentRow(PlainRow):
    """An agent: where it is, its version, and the arguments of a new chat."""

    def __init__(self, context: SettingsContext, agents: LiveAgents, agent: Agent, index: int) -> None:
        control = TextControl()
        control.field.setPlaceholderText(agent_settings_texts.no_arguments())
        self.path = agent.find(os.environ.get("PATH", os.defpath)) if agent.executable or SHELL in agent.start else ""
        tile = MonogramTile(context.theme, agent.monogram, index, muted=self.path is None)
        super().__init__(agent.title, "", control, tile)
        control.set_name(agent_settings_texts.default_arguments(agent.title))
        self.agent = agent
        self._context = context
        self._agents = agents
        if agent.arguments_replace:
            control.hide()  # Its arguments are the command that it runs.
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
        self.help.setText(self._about())
        if not self.control.is_edited:
            self.control.show_value(shlex.join(agent.default_arguments))
            self.show_problem("")

    def set_version(self, version: str) -> None:
        """Show the version of the installed program."""
        tested = self.agent.tested
        self.version = (
            version if not version or not tested or version in tested else agent_settings_texts.untested(version)
        )
        self.help.setText(self._about())

    def _about(self) -> str:
        agent = self.agent
        if self.path is None:
            install = agent.install_hint or agent.website
            if not install:
                return agent_settings_texts.agent_missing()
            return agent_settings_texts.agent_install(phrases.in_whole_words(install))
        path = phrases.short_directory(self.path) if self.path else agent_settings_texts.comes_with_outlive()
        parts = [self.version, path]
        if self._agents.has_user_file(agent.name):
            parts.append(
                agent_settings_texts.changed_by_you() if is_built_in(agent.name) else agent_settings_texts.own_agent()
            )
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
    """The page."""

    def __init__(self, context: SettingsContext, title: str) -> None:
        super().__init__(title)
        self._context = context
        self._agents = context.agents
        hint = label(agent_settings_texts.arguments_hint(), "secondary")
        hint.setWordWrap(True)
        hint.setContentsMargins(0, 0, 0, GAP_S_PX)
        self.add_unfiltered(hint)
        self._versions: dict[str, str] = {}
        self._rows: list[AgentRow] = []
        self.problem = label("", "problem")
        self.problem.setWordWrap(True)
        self.column.addWidget(self.problem)
        self._section: Section | None = None
        self._show_agents()
        self.form = AgentForm(context, self._agents)
        self.form.closed.connect(self._on_form_closed)
        self.add = button(agent_settings_texts.add_agent(), "", self._add)
        self.add_unfiltered(self.add)
        self.add_unfiltered(self.form)
        self.form.hide()
        self.column.addSpacing(GAP_M_PX)
        self._agents.changed.connect(self._on_changed)
        self._on_changed()
        context.tasks.start(self._ask_versions(), "versions of agents")

    def _show_agents(self) -> None:
        self._rows = [
            AgentRow(self._context, self._agents, agent, index) for index, agent in enumerate(self._agents.values())
        ]
        for row in self._rows:
            row.set_version(self._versions.get(row.path or "", ""))
            if self._agents.has_user_file(row.agent.name):
                row.add_button(self._edit_button(row.agent))
        section = Section(self._context.theme, "", self._rows)
        if self._section is not None:
            self.replace_section(self._section, section)
        else:
            self.add_section(section)
        self._section = section

    def _edit_button(self, agent: Agent) -> IconButton:
        name = agent_settings_texts.edit_agent(agent.title)
        edit = IconButton(self._context.theme, Glyph.PENCIL, name, lambda: self._edit(agent.name))
        edit.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return edit

    def _on_changed(self) -> None:
        """Show the current agents; rows are created again only if the list of agents changed."""
        known = {row.agent.name: (row, self._agents.has_user_file(row.agent.name)) for row in self._rows}
        if list(known) != list(self._agents) or any(row.has_button != had_file for row, had_file in known.values()):
            self._show_agents()
        for row in self._rows:
            row.show_agent(self._agents[row.agent.name])
        directory = f"{self._context.settings.directory}/"
        self.problem.setText(sentence(self._agents.problem.replace(directory, "")))
        self.problem.setVisible(bool(self._agents.problem))

    async def _ask_versions(self) -> None:
        found = {row.path: row.agent for row in self._rows if row.path and row.agent.version}
        self._versions = await asyncio.to_thread(versions, found, dict(os.environ))
        if not Shiboken.isValid(self):
            return  # The window was closed meanwhile.
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
